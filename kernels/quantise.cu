// Frames stretched over an integer type. Numbers from 0 are in the order of their bits.

// The bits of each frame's maximum, if it is not negative.
extern "C" __global__ void __launch_bounds__(THREADS)
    find_peak(const float64* __restrict__ frames,  // [F, N]
              int64 n,
              int64* __restrict__ peak)  // [F]
{
  const int64 first = (int64)blockIdx.x * THREADS * ITEMS + threadIdx.x;
  float64 most = 0;
#pragma unroll
  for (int i = 0; i < ITEMS; ++i) {
    const int64 at = first + i * THREADS;
    const float64 value = at < n ? frames[blockIdx.z * n + at] : 0.0;
    most = value > most ? value : most;
  }
  for (int lanes = WARP / 2; lanes > 0; lanes /= 2) {
    const float64 other = __shfl_down_sync(ALL_LANES, most, lanes);
    most = other > most ? other : most;
  }
  if (threadIdx.x % WARP == 0) atomicMax(peak + blockIdx.z, __double_as_longlong(most));
}

// Stretches each frame until its maximum is `top`.
extern "C" __global__ void __launch_bounds__(THREADS)
    stretch(const float64* __restrict__ frames,  // [F, N]
            int64 n,
            float64 top,
            const int64* __restrict__ peak,  // [F]
            RESULT* __restrict__ quantised,  // [F, N]
            float64* __restrict__ scale)     // [F]
{
  __shared__ float64 factor;
  if (threadIdx.x == 0) {
    const float64 most = __longlong_as_double(peak[blockIdx.z]);
    factor = most > 0 ? top / most : 1.0;
    if (blockIdx.x == 0) scale[blockIdx.z] = factor;
  }
  __syncthreads();
  const int64 first = (int64)blockIdx.x * THREADS * ITEMS + threadIdx.x;
#pragma unroll
  for (int i = 0; i < ITEMS; ++i) {
    const int64 at = first + i * THREADS;
    if (at < n) {
      const float64 value = frames[blockIdx.z * n + at];
      quantised[blockIdx.z * n + at] = (RESULT)(value > 0 ? value * factor : 0.0);
    }
  }
}
