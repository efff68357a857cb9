// Rows to keep: counted by blocks, listed in order, then gathered from each column.

extern "C" __global__ void __launch_bounds__(THREADS)
    count_kept(const bool* __restrict__ keep,  // [N]
               int64 n,
               int64* __restrict__ counts)  // [B]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  const int kept = __syncthreads_count(i < n && keep[i]);
  if (threadIdx.x == 0) counts[blockIdx.x] = kept;
}

// Lists the rows to keep; those of a block begin at its start.
extern "C" __global__ void __launch_bounds__(THREADS)
    list_kept(const bool* __restrict__ keep,  // [N]
              int64 n,
              const int64* __restrict__ start,  // [S]
              int64* __restrict__ rows)         // [N]
{
  __shared__ int of_warp[WARPS];
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  const bool kept = i < n && keep[i];
  const uint32 votes = __ballot_sync(ALL_LANES, kept);
  if (lane == 0) of_warp[warp] = __popc(votes);
  __syncthreads();
  if (!kept) return;
  int64 place = start[blockIdx.x] + __popc(votes & ((1u << lane) - 1));
  for (int w = 0; w < warp; ++w) place += of_warp[w];
  rows[place] = i;
}

// Copies the listed rows of a column; n counts their elements.
extern "C" __global__ void __launch_bounds__(THREADS)
    gather_rows(const ITEM* __restrict__ column,  // [N, WIDTH]
                const int64* __restrict__ rows,   // [M]
                int64 n,
                ITEM* __restrict__ kept)  // [M, WIDTH]
{
  const int64 at = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (at < n) kept[at] = column[rows[at / WIDTH] * WIDTH + at % WIDTH];
}
