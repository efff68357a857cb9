// Maxima over windows of frames, or minima. A word holds LANES pixels side by side.

template <typename Word>
__device__ __forceinline__ Word farther(Word a, Word b) {
  if constexpr (LANES == 4)
    return LEAST ? ~__vmaxu4(~a, ~b) : __vmaxu4(a, b);
  else if constexpr (LANES == 2)
    return LEAST ? ~__vmaxu2(~a, ~b) : __vmaxu2(a, b);
  else
    return LEAST ? (b < a ? b : a) : (b > a ? b : a);
}

// A window is the end of one block of `size` frames and the beginning of the next. A thread writes
// the windows of a word that begin in one block: how far the pixels go until the block ends, and
// then how far with those of the next block. All these windows have the last frame of the block.
extern "C" __global__ void __launch_bounds__(THREADS)
    find_extremes(const WORD* __restrict__ frames,  // [T, N]
                  int64 words,
                  uint32 parts,  // blocks of threads for the words of a frame
                  int64 windows,
                  int64 size,
                  WORD* __restrict__ extremes)  // [W, N]
{
  const int64 first = blockIdx.x / parts * size;
  const int64 word = (int64)(blockIdx.x % parts) * THREADS + threadIdx.x;
  if (word >= words) return;
  const int64 stop = min(first + size, windows), last = first + size - 1;
  WORD ahead = frames[last * words + word], since = ahead;
#pragma unroll 4
  for (int64 t = last; t >= first; --t) {
    ahead = farther(ahead, frames[t * words + word]);
    // A sum with 0 makes 0.0 of -0.0.
    if (t < stop) extremes[t * words + word] = ahead + (WORD)0;
  }
#pragma unroll 4
  for (int64 t = first + 1; t < stop; ++t) {
    since = farther(since, frames[(t + size - 1) * words + word]);
    extremes[t * words + word] = farther(extremes[t * words + word], since) + (WORD)0;
  }
}
