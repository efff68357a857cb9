"""The names of optimap.trace 0.3.1 with its habits, for scripts written for it.

``import spotgpu.compat.optimap_trace as trace`` in place of ``import optimap.trace as trace``.
Positions are (column, row). What differs from `spotgpu.traces`:

- `extract_traces` returns None for no position, and `show_traces` takes it;
- `normalize` computes in the type of the array, adds the machine epsilon to the range, which keeps
  the largest value a little below `ymax`, and rounds integers down;
- `random_positions` returns lists in place of tuples;
- `collage_positions` takes and returns positions (row, column), as arrays;
- `show_positions` hides the axes of an image;
- `compare_traces` returns nothing.

What is mended here, too: any array of positions, `positions_from_A_to_B`, collages of images that
are not square or whose last row is short, videos of different length, NaN and short traces in
`detrend_timeseries`, which computes in float64 always. Nothing that is passed is changed.
"""

from spotgpu.compat.optimap_trace.intensity import extract_traces, normalize
from spotgpu.compat.optimap_trace.plots import (
    compare_traces,
    show_positions,
    show_trace,
    show_traces,
)
from spotgpu.compat.optimap_trace.positions import collage_positions, random_positions
from spotgpu.traces import (
    detrend_timeseries,
    get_default_trace_window,
    positions_from_A_to_B,
    select_positions,
    select_traces,
    set_default_trace_window,
)

__all__ = [
    "collage_positions",
    "compare_traces",
    "detrend_timeseries",
    "extract_traces",
    "get_default_trace_window",
    "normalize",
    "positions_from_A_to_B",
    "random_positions",
    "select_positions",
    "select_traces",
    "set_default_trace_window",
    "show_positions",
    "show_trace",
    "show_traces",
]
