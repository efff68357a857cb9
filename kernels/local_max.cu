// Pixels that are the maximum of the window around them. A word holds LANES pixels of a row, the
// first one lowest; a mask has one bit a pixel, in words of 32 pixels.

#define SIZE_Y (LOW_Y + 1 + HIGH_Y)
#define SIZE_X (LOW_X + 1 + HIGH_X)
#define LANE_BITS (32 / LANES)
#define LARGEST (ALL_LANES >> (32 - LANE_BITS))
#define IN_EACH_LANE (ALL_LANES / LARGEST)
#define LEFT ((LOW_X + LANES - 1) / LANES)
#define RIGHT ((HIGH_X + LANES - 1) / LANES)
// Words of a run of pixels, whose bits are what one thread finds, and those that it looks at.
#define RUN 8
#define SEEN (LEFT + RUN + RIGHT)
// Words of a tile, and of its rows in shared memory: odd, so that rows begin in different banks.
#define INNER (RUNS * RUN)
#define COLUMNS (LEFT + INNER + RIGHT)
#define CHUNK (SIZE_Y * REPEATS)

__device__ __forceinline__ uint32 maximum(uint32 a, uint32 b) {
  return LANES == 4 ? __vmaxu4(a, b) : LANES == 2 ? __vmaxu2(a, b) : max(a, b);
}

// One bit for each lane in which the words are equal.
__device__ __forceinline__ uint32 equal_lanes(uint32 a, uint32 b) {
  if (LANES == 1) return a == b;
  const uint32 same = LANES == 4 ? __vcmpeq4(a, b) & 0x08040201 : __vcmpeq2(a, b) & 0x00020001;
  return same * IN_EACH_LANE >> (32 - LANE_BITS);
}

// The word that begins `pixels` after a word.
__device__ __forceinline__ uint32 later(const uint32* words, int at, int pixels) {
  const int low = min(at + pixels / LANES, SEEN - 1), high = min(low + 1, SEEN - 1);
  return __funnelshift_r(words[low], words[high], pixels % LANES * LANE_BITS);
}

// Marks the maxima. A block goes down `rows` rows of a tile, CHUNK at a time: a thread a column of
// words takes maxima over y; then a thread a run of pixels takes those over x and compares.
//
// Over y, a window is the end of a block of SIZE_Y rows and the beginning of the next: `ahead` has
// the maxima from each row of the first to its end, and takes in the rows of the second; `since`
// has the maximum of what is in of these, and the least that a peak can be.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    mark_peaks(const uint32* __restrict__ frames,      // [F, Z, Y, W]
               const uint32* __restrict__ source,      // [F, Z, Y, W]
               const float64* __restrict__ threshold,  // [F]
               int32 depth,
               int32 height,
               int32 width,
               int32 tiles_y,
               int32 tiles_x,
               int32 rows,
               int32 first_z,
               int32 last_z,
               int32 first_y,
               int32 last_y,
               int32 first_x,
               int32 last_x,
               BITS* __restrict__ mask,  // [F, Z, Y, M]
               int32 runs)
{
  __shared__ uint32 tall[CHUNK][COLUMNS | 1], pixels[CHUNK][INNER + 1];
  __shared__ BITS found[CHUNK * RUNS];
  const int column = threadIdx.x, inner = column - LEFT;
  const int tile = blockIdx.x / tiles_x, plane = tile / tiles_y, z = plane % depth;
  const int run = blockIdx.x % tiles_x * RUNS, x = run * RUN + inner;
  const int top = tile % tiles_y * rows, bottom = min(top + rows, height);
  const float64 level = threshold[plane / depth];
  const uint32 least = ((uint32)(level < LARGEST ? level : 0) + 1) * IN_EACH_LANE;
  const bool has_column = 0 <= x && x < width && column < COLUMNS;
  const int64 first = (int64)plane * height * width + x;
  uint32 inside = 0;
  for (int i = 0; i < LANES; ++i)
    if (first_x <= x * LANES + i && x * LANES + i <= last_x) inside |= LARGEST << i * LANE_BITS;
  if (!(level < LARGEST && first_z <= z && z <= last_z)) inside = 0;

  uint32 ahead[SIZE_Y], centre[HIGH_Y + 1];
#pragma unroll
  for (int i = 0; i < SIZE_Y; ++i) {
    const int row = top - LOW_Y + i;
    ahead[i] = has_column && 0 <= row && row < height ? source[first + (int64)row * width] : 0;
  }
  for (int start = top; start < bottom; start += CHUNK) {
    if (column < COLUMNS) {
#pragma unroll
      for (int k = 0; k < REPEATS; ++k) {
#pragma unroll
        for (int i = 0; i <= HIGH_Y; ++i) centre[i] = ahead[i + LOW_Y];
#pragma unroll
        for (int i = SIZE_Y - 1; i > 0; --i) ahead[i - 1] = maximum(ahead[i - 1], ahead[i]);
        uint32 since = least;
#pragma unroll
        for (int i = 0; i < SIZE_Y; ++i) {
          const int at = k * SIZE_Y + i, row = start + at, next = row + HIGH_Y + 1;
          uint32 own = i <= HIGH_Y ? centre[i] : ahead[i - HIGH_Y - 1];
          if (SEPARATE) own = has_column && row < height ? frames[first + (int64)row * width] : 0;
          tall[at][column] = maximum(ahead[i], since);
          if (0 <= inner && inner < INNER)
            pixels[at][inner] = first_y <= row && row <= last_y ? own & inside : 0;
          ahead[i] = has_column && next < height ? source[first + (int64)next * width] : 0;
          since = maximum(since, ahead[i]);
        }
      }
    }
    __syncthreads();
    if (threadIdx.x < CHUNK * RUNS) {
      const int at = threadIdx.x % CHUNK, own = threadIdx.x / CHUNK;
      uint32 words[SEEN], bits = 0;
#pragma unroll
      for (int i = 0; i < SEEN; ++i) words[i] = tall[at][own * RUN + i];
#pragma unroll
      for (int size = 1, more = 1; size < SIZE_X; size += more) {
        more = min(size, SIZE_X - size);
#pragma unroll
        for (int i = 0; i < SEEN; ++i) words[i] = maximum(words[i], later(words, i, more));
      }
#pragma unroll
      for (int i = 0; i < RUN; ++i) {
        const uint32 widest = later(words, i, LEFT * LANES - LOW_X);
        bits |= equal_lanes(widest, pixels[at][own * RUN + i]) << i * LANES;
      }
      found[at * RUNS + own] = bits;
    }
    __syncthreads();
    const int row = start + threadIdx.x / RUNS, own = run + threadIdx.x % RUNS;
    if (threadIdx.x < CHUNK * RUNS && row < bottom && own < runs)
      mask[((int64)plane * height + row) * runs + own] = found[threadIdx.x];
  }
}
