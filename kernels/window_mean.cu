// Means of the pixels in a window around points: runs of a row, cut off at the border.

// Each point in each frame (FIXED), or point i in frame at[i]. A thread adds up one window.
extern "C" __global__ void __launch_bounds__(THREADS)
    average(const PIXEL* __restrict__ frames,  // [T, Z, Y, X]
            int32 depth,
            int32 height,
            int32 width,
            const int32* __restrict__ centres,  // [N, 3]
            uint32 points,
            const int32* __restrict__ at,  // [A]
            const int32* __restrict__ runs,  // [R, 4]
            int32 n_runs,
            int64 n_means,
            float64* __restrict__ means)  // [M]
{
  const int64 i = static_cast<int64>(blockIdx.x) * THREADS + threadIdx.x;
  if (i >= n_means) return;
  const int64 t = FIXED ? i / points : at[i];
  const int32* centre = centres + 3 * (FIXED ? i - t * points : i);
  SUM sum = 0;
  int32 count = 0;
  for (const int32* run = runs; run < runs + 4 * n_runs; run += 4) {
    const int32 z = centre[0] + run[0], y = centre[1] + run[1];
    if (z < 0 || z >= depth || y < 0 || y >= height) continue;
    const PIXEL* row = frames + ((t * depth + z) * height + y) * width;
    const int32 end = min(centre[2] + run[3], width);
    for (int32 x = max(centre[2] + run[2], 0); x < end; ++x, ++count) sum += row[x];
  }
  means[i] = static_cast<float64>(sum) / count;
}
