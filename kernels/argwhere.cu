// Where the bits of a mask are set: counted by blocks, then listed in order.

// Sums of the numbers of the threads before each in its block, and of the block.
__device__ __forceinline__ int2 before_and_all(int own) {
  __shared__ int of_warp[WARPS];
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  int through = own;
  for (int step = 1; step < WARP; step *= 2) {
    const int lower = __shfl_up_sync(ALL_LANES, through, step);
    if (lane >= step) through += lower;
  }
  if (lane == WARP - 1) of_warp[warp] = through;
  __syncthreads();
  int2 sums = make_int2(through - own, 0);
  for (int w = 0; w < WARPS; ++w) {
    if (w < warp) sums.x += of_warp[w];
    sums.y += of_warp[w];
  }
  return sums;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    count_bits(const uint32* __restrict__ words,  // [N]
               uint32 n,
               int64* __restrict__ counts)  // [C]
{
  const uint32 at = blockIdx.x * THREADS + threadIdx.x;
  const int2 sums = before_and_all(at < n ? __popc(words[at]) : 0);
  if (threadIdx.x == 0) counts[blockIdx.x] = sums.y;
}

// Lists the indices of the bits in an array of AXES axes, whose last one is padded to whole words.
extern "C" __global__ void __launch_bounds__(THREADS)
    list_bits(const uint32* __restrict__ words,  // [N]
              uint32 n,
              const int64* __restrict__ start,  // [S]
              uint32 third,
              uint32 second,
              uint32 pitch,
              int64* __restrict__ indices)  // [M, AXES]
{
  const uint32 at = blockIdx.x * THREADS + threadIdx.x;
  uint32 bits = at < n ? words[at] : 0;
  int64 place = start[blockIdx.x] + before_and_all(__popc(bits)).x;
  const uint32 row = at / pitch, plane = row / second;
  for (; bits; bits &= bits - 1, ++place) {
    int64* index = indices + place * AXES;
    index[0] = plane / third;
    if (AXES == 4) index[1] = plane % third;
    index[AXES - 2] = row % second;
    index[AXES - 1] = (int64)(at % pitch) * 32 + __ffs(bits) - 1;
  }
}
