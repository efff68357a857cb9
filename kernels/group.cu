// Where the members of each key are, in ascending order: counted, scattered, then ranked.

// Counts the members of each key; an element's slot is how many of its key came before it here.
extern "C" __global__ void __launch_bounds__(THREADS)
    count_members(const int64* __restrict__ key,  // [N]
                  int64 n,
                  int64* __restrict__ counts,  // [K]
                  int64* __restrict__ slot)    // [N]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (i < n) slot[i] = atomicAdd((uint64*)&counts[key[i]], 1);
}

// Brings the members of a key together, in the order of their slots.
extern "C" __global__ void __launch_bounds__(THREADS)
    place_members(const int64* __restrict__ key,   // [N]
                  const int64* __restrict__ slot,  // [N]
                  int64 n,
                  const int64* __restrict__ start,  // [S]
                  int64* __restrict__ members)      // [N]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (i < n) members[start[key[i]] + slot[i]] = i;
}

// Puts each member behind those of its key that are smaller.
extern "C" __global__ void __launch_bounds__(THREADS)
    rank_members(const int64* __restrict__ key,      // [N]
                 const int64* __restrict__ members,  // [N]
                 int64 n,
                 const int64* __restrict__ start,  // [S]
                 int64* __restrict__ order)        // [N]
{
  const int64 at = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (at >= n) return;
  const int64 own = members[at], k = key[own], past = start[k + 1];
  int64 place = start[k];
#pragma unroll 1  // members are few
  for (int64 other = place; other < past; ++other) place += members[other] < own;
  order[place] = own;
}
