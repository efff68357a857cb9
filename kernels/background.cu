// Mean and standard deviation of the pixels that no spot can reach. Pixels are packed in columns: a
// word is 32 of them below each other, the highest is bit 0.

constexpr bool FLOATING = (RAW)0.5 != 0;
constexpr int SUMS = FLOATING ? 2 : 4;
// The columns of a spot's mask, the highest first: z and x, and how far to grow before each.
__constant__ const int16 MASK[][3] = COLUMNS;

// A bit for each pixel that is not 0, in a rim of RADIUS_Z planes, HALO rows and RADIUS_X columns.
extern "C" __global__ void __launch_bounds__(THREADS, 1024 / THREADS)
    pack(const PIXEL* __restrict__ frames,  // [F, Z, Y, X]
         int64 n_frames, int32 depth, int32 height, int32 width,
         uint32* __restrict__ words)  // [F, D, H, W]
{
  const uint32 columns = width + 2 * RADIUS_X, rows = (height + 31) / 32 + 2 * HALO;
  const uint32 size = (depth + 2 * RADIUS_Z) * rows * columns;
  const uint32 at = blockIdx.x * THREADS + threadIdx.x;
  if (at >= size) return;
  const int x = (int)(at % columns) - RADIUS_X;
  const int y = 32 * ((int)(at / columns % rows) - HALO);
  const int z = (int)(at / columns / rows) - RADIUS_Z;
  const bool inside = x >= 0 && x < width && y >= 0 && z >= 0 && z < depth;
  const int filled = inside ? min(32, height - y) : 0;
  for (int64 frame = blockIdx.z; frame < n_frames; frame += gridDim.z) {
    const PIXEL* pixel = frames + ((frame * depth + z) * height + y + filled) * width + x;
    uint32 word = 0;
#pragma unroll 8
    for (int i = 0; i < filled; ++i) word = 2 * word + (*(pixel -= width) != 0);
    words[frame * size + at] = word;
  }
}

// Dilates a column of words by `step` < 32 pixels; what enters at its ends stays out of its middle.
__device__ void widen(uint32 (&column)[2 * HALO + 1], int step)
{
  uint32 above = 0;
  for (int k = 0; k <= 2 * HALO; ++k) {
    const uint32 own = column[k], below = k < 2 * HALO ? column[k + 1] : 0;
    column[k] = own | __funnelshift_l(above, own, step) | __funnelshift_r(own, below, step);
    above = own;
  }
}

// A bit for each pixel that no spot reaches.
extern "C" __global__ void __launch_bounds__(THREADS, 1024 / THREADS)
    find_outside(const uint32* __restrict__ words,  // [F, D, H, W]
                 int64 n_frames, int32 depth, int32 height, int32 width,
                 uint32* __restrict__ outside)  // [F, Z, R, X]
{
  const uint32 columns = width + 2 * RADIUS_X, inner = (height + 31) / 32, rows = inner + 2 * HALO;
  const uint32 size = depth * inner * width, plane = rows * columns;
  const uint32 at = blockIdx.x * THREADS + threadIdx.x;
  if (at >= size) return;
  const uint32 x = at % width, row = at / width % inner, z = at / width / inner;
  const uint32 top = (z + RADIUS_Z) * plane + row * columns + x + RADIUS_X;
  const uint32 filled = 0xffffffff >> max(0, (int)(32 * (row + 1)) - height);
  for (int64 frame = blockIdx.z; frame < n_frames; frame += gridDim.z) {
    const uint32* word = words + frame * (depth + 2 * RADIUS_Z) * plane + top;
    uint32 column[2 * HALO + 1] = {};
    for (const auto& [of_z, of_x, step] : MASK) {
      if (step > 0) widen(column, step);
      for (int k = 0; k <= 2 * HALO; ++k)
        column[k] |= word[of_z * (int)plane + k * (int)columns + of_x];
    }
    outside[frame * size + at] = ~column[HALO] & filled;
  }
}

// The sum over a warp, in all lanes.
template <typename T>
__device__ T warp_sum(T value)
{
  for (int step = WARP / 2; step > 0; step /= 2) value += __shfl_xor_sync(ALL_LANES, value, step);
  return value;
}

// Number and sum of the pixels outside, over ITEMS words a lane and then over the warp. Of integers
// also the sums of the halves of their squares; floats less `level`, and squared if `squares`.
extern "C" __global__ void __launch_bounds__(THREADS, 1024 / THREADS)
    sum_pixels(const RAW* __restrict__ raw,  // [F, Z, Y, X]
               int64 n_frames, int32 depth, int32 height, int32 width,
               const uint32* __restrict__ outside,  // [F, Z, R, X]
               const float64* __restrict__ level,   // [F]
               bool squares, int64 n_parts,
               TOTAL* __restrict__ parts)  // [F, SUMS, P]
{
  const uint32 rows = (height + 31) / 32, size = depth * rows * width;
  const uint32 part = (blockIdx.x * THREADS + threadIdx.x) / WARP, lane = threadIdx.x % WARP;
  if (part >= n_parts) return;
  for (int64 frame = blockIdx.z; frame < n_frames; frame += gridDim.z) {
    const float64 centre = FLOATING ? level[frame] : 0;
    TOTAL total[4] = {};
    for (uint32 i = 0, at = part * ITEMS * WARP + lane; i < ITEMS && at < size; ++i, at += WARP) {
      const uint32 word = outside[frame * size + at], row = at / width;
      const int64 y = (frame * depth + row / rows) * height + 32 * (row % rows);
      const RAW* pixel = raw + y * width + at % width;
      TOTAL column[4] = {(TOTAL)__popc(word)};
      for (uint32 rest = word; rest > 0; rest >>= 8) {
        for (int i = 0; i < 8; ++i, pixel += width) {
          if (!(rest >> i & 1)) continue;
          if constexpr (FLOATING) {
            const float64 value = *pixel - centre;
            column[1] += squares ? value * value : value;
          } else {
            const int64 value = *pixel;
            const uint64 square = (uint64)value * value;
            column[1] += value, column[2] += (uint32)square, column[3] += square >> 32;
          }
        }
      }
      for (int k = 0; k < SUMS; ++k) total[k] += column[k];
    }
    for (int k = 0; k < SUMS; ++k) {
      const TOTAL sum = warp_sum(total[k]);
      if (lane == 0) parts[(frame * SUMS + k) * n_parts + part] = sum;
    }
  }
}

// Level and noise, a warp a frame: of floats the one that `squares` tells. The variance of integers
// is (count * squares - total^2) / count^2, its numerator exact in two words of 64 bits.
extern "C" __global__ void __launch_bounds__(THREADS, 1024 / THREADS)
    finish(const TOTAL* __restrict__ parts,  // [F, SUMS, P]
           int64 n_frames, int64 n_parts, bool squares,
           float64* __restrict__ level,  // [F]
           float64* __restrict__ noise)  // [F]
{
  const int64 frame = ((int64)blockIdx.x * THREADS + threadIdx.x) / WARP;
  if (frame >= n_frames) return;
  TOTAL total[4] = {};
  for (int k = 0; k < SUMS; ++k) {
    for (int64 i = threadIdx.x % WARP; i < n_parts; i += WARP)
      total[k] += parts[(frame * SUMS + k) * n_parts + i];
    total[k] = warp_sum(total[k]);
  }
  if (threadIdx.x % WARP > 0) return;
  const float64 n = total[0], mean = (FLOATING ? total[1] : (float64)(int64)total[1]) / n;
  float64 variance = mean;
  if (!FLOATING) {
    const uint64 count = total[0], sum = (int64)total[1] < 0 ? -total[1] : total[1];
    const uint64 halves[2] = {(uint64)total[2], (uint64)total[3]};
    const uint64 square = halves[0] + (halves[1] << 32), low = count * square - sum * sum;
    const uint64 high = __umul64hi(count, square) - __umul64hi(sum, sum) -
                        (count * square < sum * sum) +
                        count * ((halves[1] >> 32) + (square < halves[0]));
    variance = ((float64)high * 0x1p64 + (float64)low) / (n * n);
  }
  if (!squares) level[frame] = mean;
  if (squares || !FLOATING) noise[frame] = n > 1 ? sqrt(variance) : 0 / (n - n);
}
