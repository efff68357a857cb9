// Points in the order of frames and cells; the keys are grouped in between.

// The cell of each point; cells at the border take in what lies outside.
extern "C" __global__ void __launch_bounds__(THREADS)
    cell_keys(const float64* __restrict__ positions,  // [NDIM, N]
              const int64* __restrict__ frame,        // [N]
              int64 n,
              const float64* __restrict__ low,  // [NDIM]
              float64 side,
              const int64* __restrict__ shape,    // [NDIM]
              const int64* __restrict__ strides,  // [NDIM]
              int64 frame_stride,
              int64 margin,
              int64* __restrict__ key)  // [N]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (i >= n) return;
  int64 cell = frame[i] * frame_stride + margin;
  for (int axis = 0; axis < NDIM; ++axis) {
    const float64 scaled = (positions[axis * n + i] - low[axis]) / side;
    cell += (int64)fmin(fmax(scaled, 0.0), (float64)(shape[axis] - 1)) * strides[axis];
  }
  key[i] = cell;
}

// Brings points and their cells into the order of the grid.
extern "C" __global__ void __launch_bounds__(THREADS)
    sort_points(const float64* __restrict__ positions,  // [NDIM, N]
                const int64* __restrict__ key,          // [N]
                const int64* __restrict__ order,        // [N]
                int64 n,
                float64* __restrict__ sorted,    // [NDIM, N]
                int64* __restrict__ sorted_key)  // [N]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (i >= n) return;
  const int64 from = order[i];
  sorted_key[i] = key[from];
  for (int axis = 0; axis < NDIM; ++axis) sorted[axis * n + i] = positions[axis * n + from];
}
