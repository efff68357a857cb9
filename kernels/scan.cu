// Exclusive prefix sums: within blocks of THREADS * ITEMS elements, then of the blocks' totals.

// Sums of the elements before each in its block; the one past the end counts as 0. A warp owns
// WARP * ITEMS neighbours.
extern "C" __global__ void __launch_bounds__(THREADS)
    scan_blocks(const int64* __restrict__ counts,  // [N]
                int64 n,
                int64* __restrict__ start,   // [S]
                int64* __restrict__ totals)  // [B]
{
  __shared__ int64 of_warp[WARPS];
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  const int64 first = ((int64)blockIdx.x * WARPS + warp) * WARP * ITEMS + lane;
  int64 before[ITEMS], sum = 0;
  for (int i = 0; i < ITEMS; ++i) {
    const int64 at = first + i * WARP;
    const int64 own = at < n ? counts[at] : 0;
    int64 through = own;
    for (int step = 1; step < WARP; step *= 2) {
      const int64 lower = __shfl_up_sync(ALL_LANES, through, step);
      if (lane >= step) through += lower;
    }
    before[i] = sum + through - own;
    sum += __shfl_sync(ALL_LANES, through, WARP - 1);
  }
  if (lane == 0) of_warp[warp] = sum;
  __syncthreads();
  int64 lead = 0, total = 0;
  for (int w = 0; w < WARPS; ++w) {
    if (w == warp) lead = total;
    total += of_warp[w];
  }
  for (int i = 0; i < ITEMS; ++i) {
    const int64 at = first + i * WARP;
    if (at <= n) start[at] = lead + before[i];
  }
  if (threadIdx.x == 0) totals[blockIdx.x] = total;
}

// Adds to each block what all blocks before it have in sum.
extern "C" __global__ void __launch_bounds__(THREADS)
    add_totals(int64* __restrict__ start,  // [S]
               int64 n,
               const int64* __restrict__ before)  // [T]
{
  const int64 first = (int64)blockIdx.x * THREADS * ITEMS + threadIdx.x;
  for (int i = 0; i < ITEMS; ++i) {
    const int64 at = first + i * THREADS;
    if (at <= n) start[at] += before[blockIdx.x];
  }
}
