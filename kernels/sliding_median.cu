// Medians over windows of frames, twice: the sums of the two pixels in the middle.

using Value = decltype(+PIXEL());  // of 32 bits or more

// A thread goes along `span` windows of a pixel. Each window has one frame that the one before had
// not, so that the pixel of a rank is the one of that rank before, or the next smaller or larger.
// It starts from a window of which each frame is the first.
extern "C" __global__ void __launch_bounds__(THREADS)
    find_medians(const PIXEL* __restrict__ frames,  // [T, N]
                 int64 pixels,
                 uint32 parts,  // blocks of threads for the pixels of a frame
                 int64 windows,
                 int32 size,
                 int64 span,
                 TWICE* __restrict__ doubled)  // [W, N]
{
  const int64 first = blockIdx.x / parts * span;
  const int64 pixel = (int64)(blockIdx.x % parts) * THREADS + threadIdx.x;
  if (pixel >= pixels) return;
  const int64 stop = min(first + span, windows);
  const int32 rank = (size - 1) / 2;
  Value middle = frames[first * pixels + pixel];
  for (int64 t = first - size + 1; t < stop; ++t) {
    const int32 missing = first - t;  // frames for which the first stands
    int32 smaller = 0, larger = 0;
    Value below = LOWEST, above = HIGHEST, second = HIGHEST;  // `second` is the next above `above`
    int64 at = max(t, first) * pixels + pixel;
#pragma unroll 4
    for (int32 k = 0; k < size; ++k) {
      const Value other = frames[at];
      at += k < missing ? 0 : pixels;
      const bool less = other < middle, more = other > middle;
      smaller += less;
      larger += more;
      below = max(below, less ? other : (Value)LOWEST);
      const Value up = more ? other : (Value)HIGHEST;
      second = min(second, max(above, up));
      above = min(above, up);
    }
    Value upper = middle;
    if (smaller > rank) {
      upper = size - larger > smaller ? middle : above;
      middle = below;
    } else if (size - larger == rank) {
      upper = second;
      middle = above;
    } else if (size - larger == rank + 1) {
      upper = above;
    }
    // The sum with 0 makes 0.0 of -0.0.
    if (t >= first)
      doubled[t * pixels + pixel] = (TWICE)middle + (TWICE)(size % 2 ? middle : upper) + (TWICE)0;
  }
}
