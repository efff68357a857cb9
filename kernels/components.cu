// Connected components by union-find: trees whose root is the smallest node of each component.

// Returns the root of a node as far as trees have grown, and halves the way to it. Other threads
// join trees meanwhile, so parents are read and written by atomics; a parent is never larger.
__device__ int64 root_of(int64* parent, int64 node)
{
  int64 above = atomicMin(&parent[node], node);
  while (above != node) {
    const int64 next = atomicMin(&parent[above], above);
    atomicMin(&parent[node], next);
    node = above;
    above = next;
  }
  return node;
}

// Joins the trees of the ends of each edge; targets come before sources. Each node is its own
// parent at first.
extern "C" __global__ void __launch_bounds__(THREADS)
    join_trees(const int64* __restrict__ source,  // [P]
               const int64* __restrict__ target,  // [P]
               int64 n_pairs,
               int64 n_targets,
               int64* __restrict__ parent)  // [V]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (i >= n_pairs) return;
  int64 one = target[i], other = n_targets + source[i];
  for (;;) {
    one = root_of(parent, one);
    other = root_of(parent, other);
    if (one == other) return;
    const int64 low = one < other ? one : other, high = one < other ? other : one;
    const int64 above = atomicMin(&parent[high], low);
    if (above == high) return;
    // Another thread was faster: the tree that it joined `high` to is still to be joined.
    one = low;
    other = above;
  }
}

// Names each node by the root of its tree.
extern "C" __global__ void __launch_bounds__(THREADS)
    name_nodes(const int64* __restrict__ parent,  // [V]
               int64 n,
               int64* __restrict__ label)  // [V]
{
  const int64 i = (int64)blockIdx.x * THREADS + threadIdx.x;
  if (i >= n) return;
  int64 node = i;
  while (parent[node] != node) node = parent[node];
  label[i] = node;
}
