"""All compiled loops."""

from spotgpu.backends.cpu._jit import candidates, crowd, group
from spotgpu.backends.cpu._jit_assign import assign, components
from spotgpu.backends.cpu._jit_bandpass import difference, mean_of_planes, smoothed_planes, stretch
from spotgpu.backends.cpu._jit_between import between
from spotgpu.backends.cpu._jit_pixels import maxima, sums
from spotgpu.backends.cpu._jit_ramp import weigh
from spotgpu.backends.cpu._jit_spots import centroid, characterize, where_close
from spotgpu.backends.cpu._jit_windows import LANES, window_means

__all__ = [
    "LANES",
    "assign",
    "between",
    "candidates",
    "centroid",
    "characterize",
    "components",
    "crowd",
    "difference",
    "group",
    "maxima",
    "mean_of_planes",
    "smoothed_planes",
    "stretch",
    "sums",
    "weigh",
    "where_close",
    "window_means",
]
