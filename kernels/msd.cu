// Mean squared displacements: of each track at each lag, then of all tracks together.

#define LAGS (2 * THREADS)
#define WIDTH (TILE + LAGS + WARP)

// Frames of a track. Even and odd ones lie apart, so that lanes two lags apart read neighbours.
struct Piece {
  float64 x[2][WIDTH / 2];
  uint32 valid[WIDTH / WARP];
};

__device__ void load(Piece& piece, const float64* x, const bool* valid, int64 from, int64 span)
{
#pragma unroll 1
  for (int i = threadIdx.x; i < WIDTH; i += THREADS) {
    const int64 at = min(from + i, span - 1);
    const uint32 votes = __ballot_sync(ALL_LANES, from + i < span && valid[at]);
    if (i % WARP == 0) piece.valid[i / WARP] = votes;
    piece.x[i % 2][i / 2] = x[at];
  }
}

// Sums over the pairs of a thread's lag, and over those of the next lag.
struct Sums {
  float64 shift[2], square[2];
  int pairs[2];
};

// Adds the pairs of the first frames of `now` with those of `later`, where lag 0 is the same frame.
__device__ void add_pairs(Sums& sums, const Piece& now, const Piece& later, int64 frames)
{
  for (int t = 0; t < min((int64)TILE, frames); t += WARP) {
    uint32 both[2];
    for (int r = 0; r < 2; ++r) {
      const int ahead = t + 2 * threadIdx.x + 1 + r;
      const uint32* votes = later.valid + ahead / WARP;
      both[r] = now.valid[t / WARP] & __funnelshift_r(votes[0], votes[1], ahead % WARP);
      sums.pairs[r] += __popc(both[r]);
    }
#pragma unroll
    for (int b = 0; b < WARP; ++b) {
      const float64 x = now.x[b % 2][(t + b) / 2];
      for (int r = 0; r < 2; ++r) {
        const int ahead = b + 1 + r;
        const float64 end = later.x[ahead % 2][(t + ahead) / 2 + threadIdx.x];
        const float64 step = both[r] >> b & 1 ? end - x : 0;
        sums.shift[r] += step;
        sums.square[r] += step * step;
      }
    }
  }
}

// A block owns a track and LAGS lags of it.
extern "C" __global__ void __launch_bounds__(THREADS)
    track_means(const float64* __restrict__ positions,  // [A, N]
                const bool* __restrict__ valid,         // [N]
                const int64* __restrict__ starts,       // [S]
                int64 axes, int64 n, int64 lags,
                float64* __restrict__ means,  // [C, K, L]
                int64* __restrict__ pairs)    // [K, L]
{
  __shared__ Piece pieces[PIECES];
  const int64 first = starts[blockIdx.x], span = starts[blockIdx.x + 1] - first;
  const int64 base = (int64)blockIdx.y * LAGS, lag = base + 2 * threadIdx.x;
  const int64 own = blockIdx.x * lags + lag, column = gridDim.x * lags;
  Piece& later = pieces[PIECES - 1];
  Sums sums;
  float64 total[2] = {0, 0};
  for (int64 axis = 0; axis < axes; ++axis) {
    const float64* x = positions + axis * n + first;
    sums = {};
    for (int64 t = 0; t < span - base; t += TILE) {
      __syncthreads();
      load(pieces[0], x, valid + first, t, span);
      if (PIECES > 1) load(later, x, valid + first, t + base, span);
      __syncthreads();
      add_pairs(sums, pieces[0], later, span - base - t);
    }
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      total[r] += sums.square[r];
      if (DETAIL && lag + r < lags) {
        means[axis * column + own + r] = sums.shift[r] / sums.pairs[r];
        means[(axes + axis) * column + own + r] = sums.square[r] / sums.pairs[r];
      }
    }
  }
  for (int r = 0; r < 2 && lag + r < lags; ++r) {
    means[DETAIL * 2 * axes * column + own + r] = total[r] / sums.pairs[r];
    pairs[own + r] = sums.pairs[r];
  }
}

// How many independent displacements over m frames a track of n has.
__device__ float64 independent(float64 n, float64 m)
{
  if (m >= n) return 0;
  const float64 k = n - m;
  if (m > n / 2) return 1 / (1 + (k * k * k + 5 * m - 4 * k * k * m - n) / (6 * k * m * m));
  return 6 * k * k * m / (2 * n - m + 4 * n * m * m - 5 * m * m * m);
}

// A warp owns a track.
extern "C" __global__ void __launch_bounds__(THREADS)
    weigh_tracks(const int64* __restrict__ pairs,   // [K, L]
                 const int64* __restrict__ spans,   // [K]
                 const int64* __restrict__ counts,  // [K]
                 int64 tracks, int64 lags,
                 float64* __restrict__ weights)  // [K, L]
{
  const int64 k = ((int64)blockIdx.x * THREADS + threadIdx.x) / WARP;
  if (k >= tracks) return;
  const float64 n = spans[k], share = counts[k] / n;
  float64 all = 0, kept = 0;
#pragma unroll 1
  for (int64 m = threadIdx.x % WARP; m < lags; m += WARP) {
    const float64 weight = independent(n, m + 1) * share;
    all += weight;
    if (pairs[k * lags + m] > 0) kept += weight;
    weights[k * lags + m] = weight;
  }
  for (int step = WARP / 2; step > 0; step /= 2) {
    all += __shfl_xor_sync(ALL_LANES, all, step);
    kept += __shfl_xor_sync(ALL_LANES, kept, step);
  }
  const float64 growth = all / kept;
  for (int64 m = threadIdx.x % WARP; m < lags; m += WARP)
    weights[k * lags + m] *= pairs[k * lags + m] > 0 ? growth : 0;
}

// A block owns a run of tracks and a column of the means; for the last the means stand for 1.
extern "C" __global__ void __launch_bounds__(THREADS)
    add_tracks(const float64* __restrict__ means,    // [C, K, L]
               const float64* __restrict__ weights,  // [K, L]
               int64 columns, int64 tracks, int64 lags,
               float64* __restrict__ totals)  // [D, R, L]
{
  const int64 first = (int64)blockIdx.x * RUN, past = min(first + RUN, tracks);
  const int64 column = blockIdx.y, run = column * gridDim.x + blockIdx.x;
  for (int64 m = threadIdx.x; m < lags; m += THREADS) {
    float64 total = 0;
    for (int64 k = first; k < past; ++k) {
      const int64 at = k * lags + m;
      if (weights[at] != 0)
        total += weights[at] * (column < columns ? means[column * tracks * lags + at] : 1);
    }
    totals[run * lags + m] = total;
  }
}
