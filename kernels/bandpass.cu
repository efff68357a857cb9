// Bandpass: a Gaussian minus a boxcar, cut at a threshold. The axes go z, y, x: the boxcar is
// rounded to the type of the pixels after each.

constexpr bool FLOATING = (PIXEL)0.5 != 0;
constexpr int WIDTH = TILE_X + 2 * HALO;  // of a tile with what its windows reach
constexpr int ROWS = THREADS / TILE_X;    // that a block writes at once

// The weights of a Gaussian from its outermost pixel to its centre.
__constant__ const float64 OF_Z[] = GAUSS_Z, OF_Y[] = GAUSS_Y, OF_X[] = GAUSS_X;

// The pixels before and after one, along an axis; those from `low` to `high` are in the image.
template <typename Element, typename Stride>
struct Line {
  const Element* here;
  Stride stride;
  int low, high;
  bool known;
  __device__ int inside(int i) const { return min(max(i, low), high); }
  __device__ Element nearest(int i) const { return here[inside(i) * stride]; }
  __device__ float64 or_zero(int i) const
  {
    const float64 value = nearest(i);
    return known & (i == inside(i)) ? value : 0.0;
  }
};

// The sum of SIZE pixels by doubling: 11 is (8 + 2) + 1, and 8 is 4 + 4.
template <int SIZE, typename Pixel>
__device__ SUM total(Pixel pixel, int first)
{
  if constexpr (SIZE == 1) {
    return pixel(first);
  } else {
    constexpr int lowest = SIZE & -SIZE, tail = SIZE == lowest ? SIZE / 2 : lowest;
    return total<SIZE - tail>(pixel, first) + total<tail>(pixel, first + SIZE - tail);
  }
}

// Both filters at RUN neighbours along an axis.
template <int RUN, int UNROLL, int BOX, int N, typename Pixel, typename Value, typename Result>
__device__ void filter(const float64 (&weights)[N], Pixel pixel, Value value, Result result)
{
  constexpr int radius = N - 1, half = BOX / 2;
  SUM sum = 0;
#pragma unroll UNROLL
  for (int i = 0; i < RUN; ++i) {
    float64 smooth = value(i) * weights[radius];
#pragma unroll
    for (int k = 0; k < radius; ++k)
      smooth += (value(i + k - radius) + value(i - k + radius)) * weights[k];
    if (FLOATING || i == 0)
      sum = total<BOX>(pixel, i - half);
    else
      sum += (SUM)pixel(i + half) - (SUM)pixel(i - 1 - half);
    result(i, smooth, (PIXEL)(sum / BOX));
  }
}

// The z axis of volumes.
extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT)
    filter_z(const PIXEL* __restrict__ frames,  // [F, Z, N]
             int32 depth,
             int64 plane,
             float64* __restrict__ smoothed,   // [F, Z, N]
             PIXEL* __restrict__ background)  // [F, Z, N]
{
  const int64 at = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (at >= plane) return;
  const int z = blockIdx.y * RUN_Z;
  const int64 here = (blockIdx.z * (int64)depth + z) * plane + at;
  const Line<PIXEL, int64> line{frames + here, plane, -z, depth - 1 - z, true};
  filter<RUN_Z, UNROLL_Z, BOX_Z>(
      OF_Z, [&](int i) { return line.nearest(i); }, [&](int i) { return line.or_zero(i); },
      [&](int i, float64 smooth, PIXEL mean) {
        if (z + i >= depth) return;
        smoothed[here + i * plane] = smooth;
        background[here + i * plane] = mean;
      });
}

// The y and x axes of planes, `depth` of them to a frame, and the bits of each frame's maximum.
extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT)
    filter_planes(const VALUE* __restrict__ values,  // [P, Y, X]
                  const PIXEL* __restrict__ pixels,  // [P, Y, X]
                  int32 height,
                  int32 width,
                  int32 depth,
                  float64 threshold,
                  float64* __restrict__ difference,  // [P, Y, X]
                  int64* __restrict__ peak)          // [F]
{
  extern __shared__ float64 smoothed[];
  __shared__ float64 of_thread[THREADS];
  PIXEL* const means = (PIXEL*)(smoothed + TILE_Y * VALUE_PITCH);
  const int left = blockIdx.x * TILE_X, top = blockIdx.y * TILE_Y;
  const int64 plane = (int64)blockIdx.z * height * width;
  for (int item = threadIdx.x; item < WIDTH * (TILE_Y / RUN_Y); item += THREADS) {
    const int column = item % WIDTH, row = item / WIDTH * RUN_Y, y = top + row;
    const int x = left - HALO + column, inside = min(max(x, 0), width - 1);
    const int64 here = plane + (int64)y * width + inside;
    const Line<PIXEL, int> pixel{pixels + here, width, -y, height - 1 - y, true};
    const Line<VALUE, int> value{(const VALUE*)(VOLUME ? (const void*)values : pixels) + here,
                                 width, -y, height - 1 - y, x == inside};
    filter<RUN_Y, UNROLL_Y, BOX_Y>(
        OF_Y, [&](int i) { return pixel.nearest(i); }, [&](int i) { return value.or_zero(i); },
        [&](int i, float64 smooth, PIXEL mean) {
          smoothed[(row + i) * VALUE_PITCH + column] = smooth;
          means[(row + i) * PIXEL_PITCH + column] = mean;
        });
  }
  __syncthreads();
  const int own = threadIdx.x % TILE_Y, start = threadIdx.x / TILE_Y * RUN_X;
  float64* const value = smoothed + own * VALUE_PITCH + start;
  const PIXEL* const pixel = means + own * PIXEL_PITCH + start;
  float64 above[RUN_X];
  filter<RUN_X, RUN_X, BOX_X>(
      OF_X, [&](int i) { return pixel[HALO + i]; }, [&](int i) { return value[HALO + i]; },
      [&](int i, float64 smooth, PIXEL mean) {
        const float64 rest = smooth - (float64)mean;
        above[i] = rest >= threshold ? rest : 0.0;
      });
  __syncthreads();
  for (int i = 0; i < RUN_X; ++i) value[i] = above[i];
  __syncthreads();
  const int column = threadIdx.x % TILE_X, row = threadIdx.x / TILE_X, y = top + row;
  const int end = left + column < width ? height : 0;
  const float64* source = smoothed + row * VALUE_PITCH + column;
  float64* target = difference + plane + (int64)y * width + left + column;
  float64 most = 0;
#pragma unroll
  for (int lower = 0; lower < TILE_Y; lower += ROWS) {
    const float64 rest = *source;
    const bool inside = y + lower < end;
    if (inside) *target = rest;
    most = inside && rest > most ? rest : most;
    source += ROWS * VALUE_PITCH;
    target += ROWS * width;
  }
  of_thread[threadIdx.x] = most;
  __syncthreads();
  if (threadIdx.x >= WARP) return;
  for (int i = threadIdx.x + WARP; i < THREADS; i += WARP)
    most = of_thread[i] > most ? of_thread[i] : most;
  for (int lanes = 1; lanes < WARP; lanes *= 2) {
    const float64 other = __shfl_xor_sync(ALL_LANES, most, lanes);
    most = other > most ? other : most;
  }
  if (threadIdx.x == 0) atomicMax(peak + blockIdx.z / depth, __double_as_longlong(most));
}
