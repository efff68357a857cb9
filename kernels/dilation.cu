// Maxima over windows along one axis. A word holds LANES pixels side by side.

#define SIZE (BEFORE + 1 + BEHIND)

__device__ __forceinline__ uint32 maximum(uint32 a, uint32 b) {
  return LANES == 4 ? __vmaxu4(a, b) : LANES == 2 ? __vmaxu2(a, b) : max(a, b);
}

// A thread goes along a line of words in blocks of SIZE. A window is the end of one block and the
// beginning of the next: `ahead` has the maxima from each word of the first to its end, and takes
// in the words of the second; `since` has the maximum of what is in of these.
extern "C" __global__ void __launch_bounds__(THREADS)
    dilate(const uint32* __restrict__ source,  // [A, L, B]
           uint32 lines,
           int64 length,
           uint32 inner,
           uint32* __restrict__ dilated)  // [A, L, B]
{
  const uint32 line = blockIdx.x * THREADS + threadIdx.x;
  if (line >= lines) return;
  const int64 first = line / inner * length * inner + line % inner;
  // A window that reaches beyond the line has its first or last word in it: that stands for those
  // beyond.
  const int64 last = first + (length - 1) * inner;
  uint32 ahead[SIZE];
  int64 next = first;
#pragma unroll
  for (int i = 0; i < SIZE; ++i) {
    ahead[i] = source[next];
    if (i >= BEFORE) next = min(next + inner, last);
  }
  for (int64 at = first; at <= last;) {
#pragma unroll
    for (int i = SIZE - 1; i > 0; --i) ahead[i - 1] = maximum(ahead[i - 1], ahead[i]);
    uint32 since = 0;
#pragma unroll
    for (int i = 0; i < SIZE; ++i, at += inner) {
      if (at <= last) dilated[at] = maximum(ahead[i], since);
      ahead[i] = source[next];
      next = min(next + inner, last);
      since = maximum(since, ahead[i]);
    }
  }
}
