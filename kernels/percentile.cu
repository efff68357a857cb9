// Percentiles of the non-zero pixels, by counting bytes, the highest first. Two order statistics
// are sought at once: those of the ranks before and after the percentile.

constexpr int HIGHEST = 8 * (sizeof(PIXEL) - 1);  // shift of the first byte

// Counts, by one byte, the pixels whose higher bytes are those found; the second row has those of
// the upper rank, if they are others.
extern "C" __global__ void __launch_bounds__(THREADS)
    count_bytes(const PIXEL* __restrict__ frames,  // [F, N]
                int64 n,
                int32 shift,
                const uint32* __restrict__ found,  // [F, 2]
                uint64* __restrict__ counts)       // [F, 2, BINS]
{
  __shared__ uint32 bins[2 * BINS];
  for (int bin = threadIdx.x; bin < 2 * BINS; bin += THREADS) bins[bin] = 0;
  __syncthreads();
  const uint32 lower = found[blockIdx.z * 2], upper = found[blockIdx.z * 2 + 1];
  const int64 first = (int64)blockIdx.x * THREADS * ITEMS + threadIdx.x;
#pragma unroll 8
  for (int i = 0; i < ITEMS; ++i) {
    const int64 at = first + i * THREADS;
    const uint32 pixel = at < n ? frames[blockIdx.z * n + at] : 0;
    const uint32 high = (uint64)pixel >> (shift + 8), bin = pixel >> shift & (BINS - 1);
    if (pixel == 0) continue;
    if (high == lower)
      atomicAdd(bins + bin, 1u);
    else if (high == upper)
      atomicAdd(bins + BINS + bin, 1u);
  }
  __syncthreads();
  for (int bin = threadIdx.x; bin < 2 * BINS; bin += THREADS)
    if (bins[bin] != 0) atomicAdd(counts + blockIdx.z * 2 * BINS + bin, (uint64)bins[bin]);
}

// Finds the next byte of both order statistics, a warp each, and the percentile if it was the last.
extern "C" __global__ void __launch_bounds__(2 * WARP)
    find_bytes(const uint64* __restrict__ counts,  // [F, 2, BINS]
               float64 part,
               int32 shift,
               uint32* __restrict__ found,    // [F, 2]
               int64* __restrict__ rank,      // [F, 2]
               float64* __restrict__ weight,  // [F]
               float64* __restrict__ level)   // [F]
{
  __shared__ uint32 known[2];
  const int lane = threadIdx.x % WARP, own = threadIdx.x / WARP;
  const int64 frame = blockIdx.x, mine = frame * 2 + own;
  const uint32 high = found[mine];
  const int64 row = high == found[frame * 2] ? frame * 2 : mine;
  const uint64* const bins = counts + row * BINS + lane * (BINS / WARP);
  int64 held = 0;
  for (int i = 0; i < BINS / WARP; ++i) held += bins[i];
  int64 through = held;
  for (int step = 1; step < WARP; step *= 2) {
    const int64 lower = __shfl_up_sync(ALL_LANES, through, step);
    if (lane >= step) through += lower;
  }
  int64 sought = rank[mine];
  if (shift == HIGHEST) {
    const int64 bright = __shfl_sync(ALL_LANES, through, WARP - 1);
    const float64 position = (float64)(bright - 1) * part;
    const int64 floor = (int64)position;
    sought = min(floor + own, bright - 1);
    if (threadIdx.x == 0) weight[frame] = bright > 0 ? position - floor : nan("");
  }
  __syncwarp();
  const int holder = __popc(__ballot_sync(ALL_LANES, through <= sought));
  if (lane == holder) {
    int64 before = through - held;
    int bin = 0;
    while (before + (int64)bins[bin] <= sought) before += bins[bin++];
    known[own] = high << 8 | (lane * (BINS / WARP) + bin);
    rank[mine] = sought - before;
  }
  __syncthreads();
  if (lane == 0) found[mine] = known[own];
  if (threadIdx.x > 0) return;
  // The two forms are numpy's, so that the bits are.
  const float64 low = known[0], up = known[1], between = weight[frame];
  level[frame] = between < 0.5 ? low + (up - low) * between : up - (up - low) * (1 - between);
}
