// The centre of mass of a window that moves towards it, then what characterises the last window.

constexpr int32 RADIUS[NDIM] = RADII;

// A coordinate of a pixel of the mask from the corner of the window: 16 bits, the first lowest.
__device__ uint32 coordinate(uint64 place, int axis) { return place >> 16 * axis & 0xffff; }

// Where a pixel of the mask is from the corner of the window in memory.
__device__ int64 from_corner(uint64 place, int32 height, int32 width)
{
  const int32 row = NDIM == 2 ? 0 : coordinate(place, 0) * height;
  return (int64)(row + (int32)coordinate(place, NDIM - 2)) * width + coordinate(place, NDIM - 1);
}

// The sum over LANES neighbours, in all of them; added by halving.
template <int LANES, typename T>
__device__ T sum_of(T value)
{
  for (int step = LANES / 2; step > 0; step /= 2) value += __shfl_xor_sync(ALL_LANES, value, step);
  return value;
}

// Moves the windows of a warp, GROUP lanes each, until all rest; lane i decides on axis i. A window
// that rests is evaluated again with the others.
extern "C" __global__ void __launch_bounds__(THREADS, 1024 / THREADS)
    refine(const PIXEL* __restrict__ frames,  // [F, Z, Y, X]
           int32 depth, int32 height, int32 width,
           const int64* __restrict__ peaks,  // [N, C]
           int64 n,
           const uint64* __restrict__ places,  // [PIXELS]
           int32 max_iterations,
           float64* __restrict__ offsets,  // [N, NDIM]
           int64* __restrict__ windows,    // [N, C]
           float64* __restrict__ mass)     // [N]
{
  const int64 spot = ((int64)blockIdx.x * THREADS + threadIdx.x) / GROUP;
  const int lane = threadIdx.x % GROUP, axis = min(lane, NDIM - 1);
  const int64* const peak = peaks + min(spot, n - 1) * (1 + NDIM);
  const int32 sides[] = {depth, height, width};
  const int32 side = axis == NDIM - 1 ? width : axis == NDIM - 2 ? height : depth;
  const int32 low = RADIUS[axis], high = side - 1 - low;
  int32 centre = peak[1 + axis];
  float64 offset;
  SUM sums[1 + NDIM];
  for (int left = max_iterations;; --left) {
    int64 corner = peak[0];
    for (int i = 0; i < NDIM; ++i)
      corner = corner * sides[3 - NDIM + i] + __shfl_sync(ALL_LANES, centre - low, i, GROUP);
    for (SUM& sum : sums) sum = 0;
    for (int i = lane; i < PIXELS; i += GROUP) {
      const uint64 place = places[i];
      const SUM pixel = frames[corner + from_corner(place, height, width)];
      for (int k = 0; k < NDIM; ++k) sums[k] += pixel * coordinate(place, k);
      sums[NDIM] += pixel;
    }
    for (SUM& sum : sums) sum = sum_of<GROUP>(sum);
    const SUM moment = axis == 0 ? sums[0] : axis == 1 ? sums[1] : sums[NDIM - 1];
    offset = (float64)moment / (float64)sums[NDIM] - low;
    const int32 to = centre + (offset > 0.6) - (offset < -0.6), moved = max(low, min(to, high));
    if (left == 1 || !__any_sync(ALL_LANES, moved != centre)) break;
    centre = moved;
  }
  if (spot >= n || lane > NDIM) return;
  // The lane after those of the axes has the rest.
  windows[spot * (1 + NDIM) + (lane + 1) % (1 + NDIM)] = lane < NDIM ? centre : peak[0];
  (lane < NDIM ? offsets + spot * NDIM + lane : mass + spot)[0] = lane < NDIM ? offset : sums[NDIM];
}

// Measures the windows, a warp each.
extern "C" __global__ void __launch_bounds__(THREADS, 1024 / THREADS)
    measure(const PIXEL* __restrict__ frames,  // [F, Z, Y, X]
            const RAW* __restrict__ raw,       // [F, Z, Y, X]
            int32 depth, int32 height, int32 width,
            const int64* __restrict__ windows,  // [N, C]
            int64 n,
            const uint64* __restrict__ places,   // [PIXELS]
            const float64* __restrict__ cosine,  // [A]
            const float64* __restrict__ sine,    // [A]
            float64* __restrict__ size,          // [N, SIZES]
            float64* __restrict__ ecc,           // [N]
            float64* __restrict__ signal,        // [N]
            float64* __restrict__ raw_mass)      // [N]
{
  const int64 spot = ((int64)blockIdx.x * THREADS + threadIdx.x) / WARP;
  const int lane = threadIdx.x % WARP;
  if (spot >= n) return;
  const int64* const window = windows + spot * (1 + NDIM);
  const int32 sides[] = {depth, height, width};
  int64 corner = window[0];
  for (int i = 0; i < NDIM; ++i)
    corner = corner * sides[3 - NDIM + i] + window[1 + i] - RADIUS[i];
  SUM mass = 0, squares[SIZES] = {};
  TOTAL before = 0;
  float64 along = 0, across = 0;
  uint32 most = 0, middle = 0;
  for (int i = lane; i < PIXELS; i += WARP) {
    const uint64 place = places[i];
    const int64 at = corner + from_corner(place, height, width);
    const uint32 pixel = frames[at];
    mass += pixel;
    for (int k = 0; k < NDIM; ++k) {
      const int32 from_centre = coordinate(place, k) - RADIUS[k];
      squares[k % SIZES] += (SUM)pixel * (uint32)(from_centre * from_centre);
    }
    most = max(most, pixel);
    if (i == PIXELS / 2) middle = pixel;
    before += raw[at];
    if (NDIM == 2) along += pixel * cosine[i], across += pixel * sine[i];
  }
  const float64 total = sum_of<WARP>(mass);
  for (int k = 0; k < SIZES; ++k) {
    const float64 sum = sum_of<WARP>(squares[k]);
    if (lane == 0) size[spot * SIZES + k] = sqrt((SIZES == 1 ? 1 : NDIM) * sum / total);
  }
  if (NDIM == 2) {
    along = sum_of<WARP>(along), across = sum_of<WARP>(across);
    // Only the lane of the central pixel has one.
    const float64 rim = total - sum_of<WARP>(middle);
    if (lane == 0) ecc[spot] = sqrt(along * along + across * across) / (rim + 1e-6);
  }
  for (int step = WARP / 2; step > 0; step /= 2)
    most = max(most, __shfl_xor_sync(ALL_LANES, most, step));
  before = sum_of<WARP>(before);
  if (lane == 0) signal[spot] = most, raw_mass[spot] = before;
}
