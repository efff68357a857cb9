// Bandpass: a Gaussian minus a boxcar, cut at a threshold. The axes go z, y, x: the boxcar is
// rounded to the type of the pixels after each.

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
  constexpr int lowest = SIZE & -SIZE, tail = SIZE == lowest ? SIZE / 2 : lowest;
  if constexpr (SIZE == 1) return pixel(first);
  else return total<SIZE - tail>(pixel, first) + total<tail>(pixel, first + SIZE - tail);
}

// Means of the windows around RUN neighbours along an axis, TOGETHER at once.
template <int BOX, int TOGETHER, typename Pixel, typename Result>
__device__ void average(Pixel pixel, Result result)
{
  SUM sum = FLOATING ? 0 : total<BOX>(pixel, -(BOX / 2));
#pragma unroll TOGETHER
  for (int i = 0; i < RUN; ++i) {
    if (FLOATING) sum = total<BOX>(pixel, i - BOX / 2);
    result(i, (PIXEL)(sum / BOX));
    if (!FLOATING && i < RUN - 1) sum += (SUM)pixel(i + 1 + BOX / 2) - (SUM)pixel(i - BOX / 2);
  }
}

// Weighted sums of the windows around RUN neighbours along an axis, TOGETHER at once.
template <int TOGETHER, int N, typename Value, typename Result>
__device__ void smooth(const float64 (&weights)[N], Value value, Result result)
{
#pragma unroll TOGETHER
  for (int i = 0; i < RUN; ++i) {
    float64 sum = value(i) * weights[N - 1];
#pragma unroll
    for (int k = 0; k < N - 1; ++k)
      sum += (value(i + k - (N - 1)) + value(i - k + (N - 1))) * weights[k];
    result(i, sum);
  }
}

// The z axis of volumes.
extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT)
    filter_z(const PIXEL* __restrict__ frames,  // [F, Z, N]
             int32 depth, int64 plane, float64* __restrict__ smoothed,  // [F, Z, N]
             PIXEL* __restrict__ background)                           // [F, Z, N]
{
  const int64 at = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (at >= plane) return;
  const int z = blockIdx.y * RUN;
  const int64 here = (blockIdx.z * (int64)depth + z) * plane + at;
  const Line<PIXEL, int64> line{frames + here, plane, -z, depth - 1 - z, true};
  average<BOX_Z, MEANS_Z>(
      [&](int i) { return line.nearest(i); },
      [&](int i, PIXEL mean) { if (z + i < depth) background[here + i * plane] = mean; });
  smooth<SUMS_Z>(
      OF_Z, [&](int i) { return line.or_zero(i); },
      [&](int i, float64 sum) { if (z + i < depth) smoothed[here + i * plane] = sum; });
}

// The y and x axes of planes, `depth` of them to a frame, and the bits of each frame's maximum.
extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT)
    filter_planes(const VALUE* __restrict__ values,  // [P, Y, X]
                  const PIXEL* __restrict__ pixels,  // [P, Y, X]
                  int32 height, int32 width, int32 depth, int32 tiles_y, int32 tiles_x,
                  float64 threshold, float64* __restrict__ difference,  // [P, Y, X]
                  int64* __restrict__ peak)          // [F]
{
  extern __shared__ float64 smoothed[];
  PIXEL* const means = (PIXEL*)(smoothed + TILE_Y * VALUE_PITCH);
  const int tile = blockIdx.x / tiles_x, left = blockIdx.x % tiles_x * TILE_X;
  const int number = tile / tiles_y, top = tile % tiles_y * TILE_Y;
  const int64 plane = (int64)number * height * width;
  const auto each_run = [&](auto filter) {
    for (int item = threadIdx.x; item < WIDTH * (TILE_Y / RUN); item += THREADS) {
      const int column = item % WIDTH, row = item / WIDTH * RUN, y = top + row;
      const int x = left - HALO + column, inside = min(max(x, 0), width - 1);
      filter(column, row, y, y * width + inside, x == inside);
    }
  };
  each_run([&](int column, int row, int y, int at, bool known) {
    const Line<PIXEL, int> line{pixels + plane + at, width, -y, height - 1 - y, known};
    average<BOX_Y, MEANS_Y>(
        [&](int i) { return line.nearest(i); },
        [&](int i, PIXEL mean) { means[(row + i) * PIXEL_PITCH + column] = mean; });
  });
  each_run([&](int column, int row, int y, int at, bool known) {
    const Line<VALUE, int> line{values + plane + at, width, -y, height - 1 - y, known};
    smooth<SUMS_Y>(
        OF_Y, [&](int i) { return line.or_zero(i); },
        [&](int i, float64 sum) { smoothed[(row + i) * VALUE_PITCH + column] = sum; });
  });
  __syncthreads();
  const int own = threadIdx.x % TILE_Y, start = threadIdx.x / TILE_Y * RUN;
  float64* const value = smoothed + own * VALUE_PITCH + start;
  float64 above[RUN];
  PIXEL mean[RUN];
  const auto find_means = [&] {
    const PIXEL* const pixel = means + own * PIXEL_PITCH + start + HALO;
    average<BOX_X, RUN>([&](int i) { return pixel[i]; }, [&](int i, PIXEL m) { mean[i] = m; });
  };
  if (FLOATING) find_means();  // first what takes more registers
  smooth<RUN>(OF_X, [&](int i) { return value[HALO + i]; },
              [&](int i, float64 sum) { above[i] = sum; });
  if (!FLOATING) find_means();
  __syncthreads();
  for (int i = 0; i < RUN; ++i) {
    const float64 rest = above[i] - (float64)mean[i];
    value[i] = rest >= threshold ? rest : 0.0;
  }
  __syncthreads();
  const int column = threadIdx.x % TILE_X, row = threadIdx.x / TILE_X, y = top + row;
  const int end = left + column < width ? height : 0;
  float64* target = difference + plane + (int64)y * width + left + column;
  float64 most = 0;
#pragma unroll
  for (int lower = 0; lower < TILE_Y; lower += ROWS, target += ROWS * width) {
    const float64 rest = smoothed[(row + lower) * VALUE_PITCH + column];
    if (y + lower >= end) continue;
    *target = rest;
    most = rest > most ? rest : most;
  }
  for (int lanes = WARP / 2; lanes > 0; lanes /= 2) {
    const float64 other = __shfl_down_sync(ALL_LANES, most, lanes);
    most = other > most ? other : most;
  }
  if (threadIdx.x % WARP == 0) atomicMax(peak + number / depth, __double_as_longlong(most));
}
