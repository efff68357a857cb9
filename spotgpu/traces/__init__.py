"""Intensity over time: traces at positions and along trajectories.

Coordinates. A position is (x, y), or (x, y, z) in a volume: the column first, then the row, then
the plane, in pixels, (0, 0) being the centre of the first pixel. So position (5, 10) is pixel
``image[10, 5]``. This is ``order="xy"``, the default; with ``order="yx"`` a position is an index
into the image: (y, x), or (z, y, x). Positions between pixels stand for the nearest pixel; of two
as near, for the even one. Tables have columns with names, and no order.
"""

from spotgpu.traces._along_tracks import along_tracks
from spotgpu.traces._compare import compare_traces
from spotgpu.traces._default_window import get_default_trace_window, set_default_trace_window
from spotgpu.traces._detrend import detrend_timeseries
from spotgpu.traces._dff import dff
from spotgpu.traces._extract import extract_traces
from spotgpu.traces._file import traces_file
from spotgpu.traces._normalize import normalize
from spotgpu.traces._positions import collage_positions, positions_from_A_to_B, random_positions
from spotgpu.traces._select import select_positions, select_traces
from spotgpu.traces._show import show_positions, show_trace, show_traces
from spotgpu.traces._table import trace_table

__all__ = [
    "along_tracks",
    "collage_positions",
    "compare_traces",
    "detrend_timeseries",
    "dff",
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
    "trace_table",
    "traces_file",
]
