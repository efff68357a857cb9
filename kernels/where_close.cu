// Spots that have a better one of their frame closer than the separation: each looks around itself
// in a table of cells, whose sides are one separation, and judges itself alone.

// The row of the table for a cell of a frame; several cells may share a row.
__device__ __forceinline__ int64 row_of(int64 frame, const int64* cell, int shift) {
  uint64 mixed = frame;
  for (int axis = 0; axis < NDIM; ++axis) mixed = (mixed + cell[axis]) * MIXER;
  return mixed >> shift;
}

// Brings positions to units of the separation, and finds their rows.
extern "C" __global__ void __launch_bounds__(THREADS)
    find_cells(const int64* __restrict__ frame,        // [N]
               const float64* __restrict__ positions,  // [N, NDIM]
               int64 n,
               const float64* __restrict__ separation,  // [NDIM]
               int32 shift,
               float64* __restrict__ scaled,  // [N, NDIM]
               int64* __restrict__ key)       // [N]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (i >= n) return;
  int64 cell[NDIM];
  for (int axis = 0; axis < NDIM; ++axis) {
    const float64 at = positions[i * NDIM + axis] / separation[axis];
    scaled[i * NDIM + axis] = at;
    cell[axis] = floor(at);
  }
  key[i] = row_of(frame[i], cell, shift);
}

// Whether the first of two spots is to be dropped, were they close: by mass, by the sum of the
// scaled position, else the one that comes first.
__device__ __forceinline__ bool is_lesser(int64 i, int64 j, const float64* scaled,
                                          const float64* mass) {
  if (mass[i] != mass[j]) return mass[i] < mass[j];
  float64 own = 0, others = 0;
  for (int axis = 0; axis < NDIM; ++axis) {
    own += scaled[i * NDIM + axis];
    others += scaled[j * NDIM + axis];
  }
  return own != others ? own < others : i < j;
}

// Marks the spots to drop.
extern "C" __global__ void __launch_bounds__(THREADS)
    judge(const int64* __restrict__ frame,     // [N]
          const float64* __restrict__ scaled,  // [N, NDIM]
          const float64* __restrict__ mass,    // [N]
          const int64* __restrict__ order,     // [N]
          const int64* __restrict__ start,     // [S]
          int64 n,
          int32 shift,
          float64 close,
          bool* __restrict__ marked)  // [N]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (i >= n) return;
  bool drop = false;
  for (int around = 0; around < CELLS; ++around) {
    int64 cell[NDIM];
    for (int axis = 0, rest = around; axis < NDIM; ++axis, rest /= 3)
      cell[axis] = (int64)floor(scaled[i * NDIM + axis]) + rest % 3 - 1;
    const int64 row = row_of(frame[i], cell, shift);
    for (int64 at = start[row]; at < start[row + 1]; ++at) {
      const int64 j = order[at];
      float64 distance2 = 0;
      for (int axis = 0; axis < NDIM; ++axis) {
        const float64 step = scaled[i * NDIM + axis] - scaled[j * NDIM + axis];
        distance2 += step * step;
      }
      drop |= frame[j] == frame[i] && distance2 <= close && is_lesser(i, j, scaled, mass);
    }
  }
  marked[i] = drop;
}
