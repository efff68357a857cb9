// Images stretched from 0 to 255 by their largest value.

constexpr float64 LARGEST = 1.7976931348623157e308;

// None is NaN.
__device__ __forceinline__ float64 larger(float64 a, float64 b) { return b > a ? b : a; }

// What is stretched, of one pixel.
__device__ __forceinline__ float64 value_of(
    EXTREME extreme, const BASE* base, const FIRST* first, int64 at, float64 white) {
  float64 value = extreme;
  if (WITH_BASE) value -= (float64)base[at] * 0.5;
  if (WITH_FIRST) {
    const float64 other = first[at];
    value = WHITENED ? min(value, other) : max(value, other);
  }
  return WHITENED ? white - value : value;
}

// The largest value of each part of an image.
extern "C" __global__ void __launch_bounds__(THREADS)
    find_peaks(const EXTREME* __restrict__ extremes,  // [T, N]
               int64 pixels,
               uint32 parts,  // blocks of threads of an image
               const BASE* __restrict__ base,    // [B, N]
               const FIRST* __restrict__ first,  // [F, N]
               float64 white,
               float64* __restrict__ peaks)  // [T, P]
{
  __shared__ float64 largest[THREADS / WARP];
  const int64 image = blockIdx.x / parts * pixels;
  const int64 start = (int64)(blockIdx.x % parts) * (THREADS * ITEMS) + threadIdx.x;
  float64 most = 0;
#pragma unroll
  for (int i = 0; i < ITEMS; ++i) {
    // The last pixel stands for those beyond.
    const int64 at = image + min(start + i * THREADS, pixels - 1);
    const float64 value = value_of(extremes[at], base, first, at, white);
    most = i == 0 ? value : larger(most, value);
  }
  for (int lanes = 16; lanes > 0; lanes /= 2)  // half of a warp
    most = larger(most, __shfl_down_sync(ALL_LANES, most, lanes));
  if (threadIdx.x % WARP == 0) largest[threadIdx.x / WARP] = most;
  __syncthreads();
  if (threadIdx.x > 0) return;
  for (int i = 1; i < THREADS / WARP; ++i) most = larger(most, largest[i]);
  // The sum with 0 makes 0.0 of -0.0.
  peaks[blockIdx.x] = most + 0.0;
}

// Stretches each image until its peak is 255.
extern "C" __global__ void __launch_bounds__(THREADS)
    stretch(const EXTREME* __restrict__ extremes,  // [T, N]
            int64 pixels,
            uint32 parts,  // blocks of threads of an image
            const float64* __restrict__ peaks,  // [T]
            const BASE* __restrict__ base,      // [B, N]
            const FIRST* __restrict__ first,    // [F, N]
            float64 white,
            uint8* __restrict__ images)  // [T, N]
{
  __shared__ float64 factor;
  const uint32 image = blockIdx.x / parts;
  if (threadIdx.x == 0) {
    const float64 peak = peaks[image];
    factor = peak > 0 ? min(255.0 / peak, LARGEST) : 0.0;
  }
  __syncthreads();
  const int64 start = (int64)(blockIdx.x % parts) * (THREADS * ITEMS) + threadIdx.x;
#pragma unroll
  for (int i = 0; i < ITEMS; ++i) {
    const int64 own = start + i * THREADS, at = image * pixels + own;
    if (own >= pixels) break;
    const float64 value = value_of(extremes[at], base, first, at, white) * factor;
    images[at] = (uint8)(min(max(value, 0.0), 255.0) + 0.5);
  }
}
