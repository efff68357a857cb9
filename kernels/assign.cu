// Optimal links of small components: a lane for one of one pair, a warp for one of several, where
// a lane holds a pair, then tries assignments.

// Returns how many of the values in the first `count` lanes are less than the own one, each value
// counted once, and how many there are. The lanes behind have the value of the last of them.
__device__ int rank_of(int64 value, int count, int lane, int* distinct)
{
  const uint32 equal = __match_any_sync(ALL_LANES, value);
  const uint32 firsts = __ballot_sync(ALL_LANES, __ffs(equal) - 1 == lane);
  int rank = 0;
  for (int other = 0; other < count; ++other) {
    const int64 its = __shfl_sync(ALL_LANES, value, other);
    if (firsts >> other & 1 && its < value) ++rank;
  }
  *distinct = __popc(firsts);
  return rank;
}

// Whether the own pair is the only one of least cost; `tied` if there are several.
__device__ bool is_nearest(float64 cost, int count, int lane, float64 null_cost, bool* tied)
{
  float64 least = cost;
  for (int step = WARP / 2; step > 0; step /= 2)
    least = fmin(least, __shfl_xor_sync(ALL_LANES, least, step));
  const bool wanted = cost == least && cost <= null_cost && lane < count;
  const uint32 votes = __ballot_sync(ALL_LANES, wanted);
  *tied = __popc(votes) > 1;
  return votes >> lane & 1;
}

// Whether the own pair is in the best of the first assignments, those of a block of `side` rows;
// `tied` if other pairs are as good.
__device__ bool is_best(const float64* gain, const int32* ways, int side, int cell, bool payable,
                        int lane, bool* tied)
{
  int n_ways = 1;
  for (int factor = 2; factor <= side; ++factor) n_ways *= factor;
  uint32 pairs = payable ? 1u << cell : 0;
  for (int step = WARP / 2; step > 0; step /= 2) pairs |= __shfl_xor_sync(ALL_LANES, pairs, step);
  float64 least = 1;  // more than any total
  uint32 linked = 0;
  bool several = false;
  for (int way = lane; way < n_ways; way += WARP) {
    float64 total = 0;
    uint32 used = 0;
    for (int row = 0; row < SIDE; ++row) {
      const int at = ways[way * SIDE + row];
      total += gain[at];
      used |= 1u << at;
    }
    used &= pairs;
    if (total < least) {
      least = total;
      linked = used;
      several = false;
    } else if (total == least && used != linked) {
      several = true;
    }
  }
  for (int step = WARP / 2; step > 0; step /= 2) {
    const float64 its = __shfl_xor_sync(ALL_LANES, least, step);
    const uint32 others = __shfl_xor_sync(ALL_LANES, linked, step);
    const bool its_several = __shfl_xor_sync(ALL_LANES, several, step);
    if (its == least) {
      several = several || its_several || others != linked;
    } else if (its < least) {
      least = its;
      linked = others;
      several = its_several;
    }
  }
  *tied = several;
  return linked >> cell & 1;
}

// Links the targets of each component, or leaves its pairs open.
extern "C" __global__ void __launch_bounds__(THREADS)
    solve(const int64* __restrict__ members,  // [P]
          const int64* __restrict__ start,    // [S]
          int64 n_components,
          const int64* __restrict__ source,  // [P]
          const int64* __restrict__ target,  // [P]
          const float64* __restrict__ cost,  // [P]
          const int32* __restrict__ ways,    // [WAYS, SIDE]
          float64 null_cost,
          int64* __restrict__ match,  // [T]
          bool* __restrict__ open)    // [P]
{
  __shared__ float64 gains[WARPS][WARP];
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  const int64 own = (int64)blockIdx.x * THREADS + threadIdx.x;
  const int64 own_first = own < n_components ? start[own] : 0;
  const int64 own_count = own < n_components ? start[own + 1] - own_first : 0;
  if (own_count == 1) {
    const int64 pair = members[own_first];
    open[pair] = false;
    match[target[pair]] = source[pair];
  }
  uint32 todo = __ballot_sync(ALL_LANES, own_count > 1);
  for (; todo; todo &= todo - 1) {
    const int64 first = __shfl_sync(ALL_LANES, own_first, __ffs(todo) - 1);
    const int64 size = __shfl_sync(ALL_LANES, own_count, __ffs(todo) - 1);
    if (size > WARP) {
      for (int64 i = lane; i < size; i += WARP) open[members[first + i]] = true;
      continue;
    }
    const int count = size;
    const int64 pair = members[first + min(lane, count - 1)];
    int n_rows, n_columns;
    const int row = rank_of(source[pair], count, lane, &n_rows);
    const int column = rank_of(target[pair], count, lane, &n_columns);
    const int side = max(n_rows, n_columns);
    bool left = true, linked = false;
    if (min(n_rows, n_columns) == 1) {
      linked = is_nearest(cost[pair], count, lane, null_cost, &left);
    } else if (side <= SIDE) {
      const float64 gain = cost[pair] - null_cost;
      const int cell = row * SIDE + column;
      __syncwarp();  // lanes may still read the gains before
      gains[warp][lane] = 0;
      __syncwarp();
      if (lane < count && gain < 0) gains[warp][cell] = gain;
      __syncwarp();
      linked = is_best(gains[warp], ways, side, cell, gain <= 0, lane, &left);
    }
    if (lane < count) open[pair] = left;
    if (lane < count && linked && !left) match[target[pair]] = source[pair];
  }
}
