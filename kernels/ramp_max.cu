// Maxima over windows of frames, or minima, each frame of a window times a weight of its own.

__device__ __forceinline__ float64 farther(float64 a, float64 b) {
  return (LEAST ? b < a : b > a) ? b : a;
}

// A thread goes along `span` windows of a channel of a pixel; a block of threads has a row a pixel.
extern "C" __global__ void __launch_bounds__(THREADS)
    find_extremes(const PIXEL* __restrict__ frames,  // [T, N]
                  int64 pixels,
                  uint32 parts,  // blocks of threads for the pixels of a frame
                  int64 windows,
                  int64 size,
                  int64 span,
                  const float64* __restrict__ ramp,  // [R, C]
                  const BASE* __restrict__ base,    // [B, N]
                  const FIRST* __restrict__ first,  // [F, N]
                  float64* __restrict__ extremes)   // [W, N, C]
{
  const int64 start = blockIdx.x / parts * span;
  const int64 pixel = (int64)(blockIdx.x % parts) * blockDim.y + threadIdx.y;
  if (pixel >= pixels) return;
  const int64 stop = min(start + span, windows), channels = blockDim.x;
  const float64* const weights = ramp + threadIdx.x;
  for (int64 t = start; t < stop; ++t) {
    const float64 level = WITH_BASE ? (float64)base[t * pixels + pixel] * 0.5 : 0.0;
    float64 most = (frames[t * pixels + pixel] - level) * weights[0];
#pragma unroll 4
    for (int64 k = 1; k < size; ++k) {
      const float64 value = frames[(t + k) * pixels + pixel] - level;
      most = farther(most, value * weights[k * channels]);
    }
    if (WITH_FIRST) most = farther(most, first[t * pixels + pixel] * weights[size * channels]);
    // The sum with 0 makes 0.0 of -0.0.
    extremes[(t * pixels + pixel) * channels + threadIdx.x] = most + 0.0;
  }
}
