// Neighbours in other frames, from points sorted by frame and cell: counted, then filled.

// Walks through the neighbours of a point in the order of the grid.
struct Near {
  const float64* positions;
  const int64 *start, *offsets;
  int64 n, base;
  float64 limit, at[NDIM], cost;
  int range;
  int64 found, past;

  __device__ Near(const float64* positions, const int64* start, const int64* offsets, int64 n,
                  float64 limit, int64 point, int64 base)
      : positions(positions), start(start), offsets(offsets), n(n), base(base), limit(limit)
  {
    for (int axis = 0; axis < NDIM; ++axis) at[axis] = positions[axis * n + point];
    rewind();
  }

  __device__ void rewind()
  {
    range = -1;
    found = past = 0;
  }

  // Goes on to the next neighbour: `found`, at the squared distance `cost`.
  __device__ bool next()
  {
    for (;;) {
      while (++found >= past) {
        if (++range == RANGES) return false;
        const int64 cell = base + offsets[range];
        found = start[cell] - 1;
        past = start[cell + 3];
      }
      cost = 0;
      for (int axis = 0; axis < NDIM; ++axis) {
        const float64 delta = positions[axis * n + found] - at[axis];
        cost += delta * delta;
      }
      if (cost < limit) return true;
    }
  }

  // Whether the neighbour comes after another one, by distance, position and order.
  __device__ bool after(int64 other, float64 other_cost) const
  {
    if (cost != other_cost) return cost > other_cost;
    for (int axis = 0; axis < NDIM; ++axis) {
      const float64 own = positions[axis * n + found], its = positions[axis * n + other];
      if (own != its) return own > its;
    }
    return found > other;
  }
};

// Counts the neighbours of each point, `most` at most; where there are more, `last` is the
// farthest that is kept, -1 elsewhere.
extern "C" __global__ void __launch_bounds__(THREADS, 1024 / THREADS)
    count_near(const float64* __restrict__ positions,  // [NDIM, N]
               const int64* __restrict__ key,          // [N]
               const int64* __restrict__ start,        // [C]
               int64 n,
               const int64* __restrict__ offsets,  // [RANGES]
               float64 limit,
               int64 frame_stride,
               const int64* __restrict__ points,  // [Q]
               const int64* __restrict__ step,    // [Q]
               int64 n_points,
               int64 most,
               int64* __restrict__ counts,      // [Q]
               int64* __restrict__ last,        // [Q]
               float64* __restrict__ last_cost) // [Q]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (i >= n_points) return;
  const int64 point = points[i];
  Near near(positions, start, offsets, n, limit, point, key[point] + step[i] * frame_stride);
  int64 count = 0, farthest = -1;
  float64 farthest_cost = 0;
  while (near.next()) ++count;
  if (count > most) {
    for (count = 0; count < most; ++count) {
      int64 best = -1;
      float64 best_cost = 0;
      near.rewind();
      while (near.next()) {
        if (count > 0 && !near.after(farthest, farthest_cost)) continue;
        if (best >= 0 && near.after(best, best_cost)) continue;
        best = near.found;
        best_cost = near.cost;
      }
      farthest = best;
      farthest_cost = best_cost;
    }
  }
  counts[i] = count;
  last[i] = farthest;
  last_cost[i] = farthest_cost;
}

// Lists the neighbours of each point, as far as they are kept.
extern "C" __global__ void __launch_bounds__(THREADS, 1024 / THREADS)
    fill_near(const float64* __restrict__ positions,  // [NDIM, N]
              const int64* __restrict__ key,          // [N]
              const int64* __restrict__ start,        // [C]
              int64 n,
              const int64* __restrict__ offsets,  // [RANGES]
              float64 limit,
              int64 frame_stride,
              const int64* __restrict__ points,  // [Q]
              const int64* __restrict__ step,    // [Q]
              int64 n_points,
              const int64* __restrict__ last,         // [Q]
              const float64* __restrict__ last_cost,  // [Q]
              const int64* __restrict__ row,          // [R]
              int64* __restrict__ query,              // [P]
              int64* __restrict__ source,             // [P]
              float64* __restrict__ cost)             // [P]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (i >= n_points) return;
  const int64 point = points[i], farthest = last[i];
  Near near(positions, start, offsets, n, limit, point, key[point] + step[i] * frame_stride);
  int64 place = row[i];
  while (near.next()) {
    if (farthest >= 0 && near.after(farthest, last_cost[i])) continue;
    query[place] = i;
    source[place] = near.found;
    cost[place] = near.cost;
    ++place;
  }
}
