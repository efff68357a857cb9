// Medians over windows of frames, twice: the sums of the two pixels in the middle.

// A thread goes along `span` windows of a pixel. It counts the pixels of a window that are smaller
// and larger than the middle of the window before, and goes to the next smaller or larger one until
// neither are too many: the middle of a window is that of the one before, or next to it.
extern "C" __global__ void __launch_bounds__(THREADS)
    find_medians(const PIXEL* __restrict__ frames,  // [T, N]
                 int64 pixels,
                 int64 windows,
                 int64 size,
                 int64 span,
                 TWICE* __restrict__ doubled)  // [W, N]
{
  const int64 thread = (int64)blockIdx.x * THREADS + threadIdx.x;
  const int64 first = thread / pixels * span, pixel = thread % pixels;
  if (first >= windows) return;
  const int64 stop = min(first + span, windows), rank = (size - 1) / 2;
  PIXEL middle = frames[first * pixels + pixel];
  for (int64 t = first; t < stop;) {
    int64 smaller = 0, larger = 0;
    PIXEL below = middle, above = middle;
#pragma unroll 4
    for (int64 k = t; k < t + size; ++k) {
      const PIXEL other = frames[k * pixels + pixel];
      if (other < middle && (smaller++ == 0 || other > below)) below = other;
      if (other > middle && (larger++ == 0 || other < above)) above = other;
    }
    if (smaller > rank) {
      middle = below;
    } else if (size - larger <= rank) {
      middle = above;
    } else {
      const PIXEL upper = size - larger > size / 2 ? middle : above;
      // The sum with 0 makes 0.0 of -0.0.
      doubled[t * pixels + pixel] = (TWICE)middle + (TWICE)upper + (TWICE)0;
      ++t;
    }
  }
}
