// Pixels that are the maximum of the window around them. A word holds LANES pixels of a row, the
// first one lowest; a mask has one bit a pixel, in words of 32 pixels.

#define SIZE_Y (LOW_Y + 1 + HIGH_Y)
#define SIZE_X (LOW_X + 1 + HIGH_X)
#define LANE_BITS (32 / LANES)
#define LARGEST (ALL_LANES >> (32 - LANE_BITS))
#define IN_EACH_LANE (ALL_LANES / LARGEST)
// Words of a tile, RUNS runs of RUN: a run is what a thread finds, by SEEN words, LEFT before it.
#define INNER (RUNS * RUN)
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

__device__ __forceinline__ void load_quads(uint32* words, const uint32* from, int n) {
#pragma unroll
  for (int i = 0; i < n; i += 4) *(uint4*)(words + i) = *(const uint4*)(from + i);
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
extern "C" __global__ void __launch_bounds__(THREADS, 1024 / THREADS)
    mark_peaks(const uint32* __restrict__ frames,      // [F, Z, Y, W]
               const uint32* __restrict__ source,      // [F, Z, Y, W]
               const float64* __restrict__ threshold,  // [F]
               int32 depth, int32 height, int32 width, int32 tiles_y, int32 tiles_x, int32 rows,
               int32 first_z, int32 last_z, int32 first_y, int32 last_y,
               int32 first_x, int32 last_x,
               BITS* __restrict__ mask,  // [F, Z, Y, M]
               int32 runs)
{
  __align__(16) __shared__ uint32 tall[CHUNK][TALL_PITCH], pixels[CHUNK][PIXEL_PITCH];
  __shared__ BITS found[CHUNK][RUNS | 1];
  const int column = threadIdx.x, inner = column - LEFT;
  const int tile = blockIdx.x / tiles_x, plane = tile / tiles_y, z = plane % depth;
  const int run = blockIdx.x % tiles_x * RUNS, x = run * RUN + inner;
  const int top = tile % tiles_y * rows, bottom = min(top + rows, height);
  const float64 level = threshold[plane / depth];
  const uint32 least = ((uint32)(level < LARGEST ? level : 0) + 1) * IN_EACH_LANE;
  const bool has_column = 0 <= x && x < width && column < COLUMNS;
  const bool is_inner = 0 <= inner && inner < INNER;
  // A window that reaches beyond the frame has its first or last row in it: that stands for those
  // beyond.
  const int64 origin = (int64)plane * height * width;
  const int last = (height - 1) * width + x;
  const bool has_peaks = level < LARGEST && first_z <= z && z <= last_z;

  uint32 ahead[SIZE_Y], centre[HIGH_Y + 1];
  int next = x;
  if (has_column) {
#pragma unroll
    for (int i = 0; i < SIZE_Y; ++i) {
      next = min(max(top - LOW_Y + i, 0) * width + x, last);
      ahead[i] = source[origin + next];
    }
  } else if (column < COLUMNS) {
    for (int at = 0; at < CHUNK; ++at) {
      tall[at][column] = 0;
      if (is_inner) pixels[at][inner] = 0;
    }
  }
  for (int start = top; start < bottom; start += CHUNK) {
    if (has_column) {
      if (SEPARATE && is_inner)
        for (int at = 0; at < CHUNK; ++at)
          pixels[at][inner] = frames[origin + min((start + at) * width + x, last)];
#pragma unroll
      for (int k = 0; k < REPEATS; ++k) {
#pragma unroll
        for (int i = 0; i <= HIGH_Y; ++i) centre[i] = ahead[i + LOW_Y];
#pragma unroll
        for (int i = SIZE_Y - 1; i > 0; --i) ahead[i - 1] = maximum(ahead[i - 1], ahead[i]);
        uint32 since = least;
#pragma unroll
        for (int i = 0; i < SIZE_Y; ++i) {
          const int at = k * SIZE_Y + i;
          if (!SEPARATE && is_inner)
            pixels[at][inner] = i <= HIGH_Y ? centre[i] : ahead[i - HIGH_Y - 1];
          tall[at][column] = maximum(ahead[i], since);
          next = min(next + width, last);
          ahead[i] = source[origin + next];
          since = maximum(since, ahead[i]);
        }
      }
    }
    __syncthreads();
    if (threadIdx.x < CHUNK * RUNS) {
      const int at = threadIdx.x % CHUNK, first = threadIdx.x / CHUNK * RUN;
      __align__(16) uint32 words[SEEN], middle[RUN];
      uint32 bits = 0;
      load_quads(words, &tall[at][first], SEEN);
      load_quads(middle, &pixels[at][first], RUN);
#pragma unroll
      for (int size = 1, more = 1; size < SIZE_X; size += more) {
        more = min(size, SIZE_X - size);
#pragma unroll
        for (int i = 0; i < SEEN; ++i) words[i] = maximum(words[i], later(words, i, more));
      }
#pragma unroll
      for (int i = 0; i < RUN; ++i) {
        const uint32 widest = later(words, i, LEFT * LANES - LOW_X);
        bits |= equal_lanes(widest, middle[i]) << i * LANES;
      }
      found[at][first / RUN] = bits;
    }
    __syncthreads();
    const int line = threadIdx.x / RUNS, own = run + threadIdx.x % RUNS, row = start + line;
    if (line < CHUNK && row < bottom && own < runs) {
      const int pixel = own * RUN * LANES;
      const int from = min(max(first_x - pixel, 0), RUN * LANES);
      const int to = min(max(last_x + 1 - pixel, from), RUN * LANES);
      const uint32 inside = (1ull << to) - (1ull << from);
      const bool is_in = has_peaks && first_y <= row && row <= last_y;
      const uint32 bits = is_in ? found[line][threadIdx.x % RUNS] & inside : 0;
      mask[((int64)plane * height + row) * runs + own] = bits;
    }
  }
}
