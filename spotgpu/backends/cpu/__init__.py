"""The engine in numpy: the specification of every kernel, and the fallback where no GPU is."""

from spotgpu.backends.cpu._argwhere import argwhere
from spotgpu.backends.cpu._array import get, put, room
from spotgpu.backends.cpu._assign import assign
from spotgpu.backends.cpu._background import background
from spotgpu.backends.cpu._bandpass import bandpass, difference
from spotgpu.backends.cpu._candidates import candidates
from spotgpu.backends.cpu._centroid import centroid, characterize
from spotgpu.backends.cpu._components import components
from spotgpu.backends.cpu._contrast import contrast, peaks
from spotgpu.backends.cpu._dilation import dilation
from spotgpu.backends.cpu._grid import grid
from spotgpu.backends.cpu._group import group
from spotgpu.backends.cpu._local_max import local_max
from spotgpu.backends.cpu._msd import ensemble, msd
from spotgpu.backends.cpu._percentile import percentile
from spotgpu.backends.cpu._quantise import quantise
from spotgpu.backends.cpu._ramp_max import ramp_max
from spotgpu.backends.cpu._scan import scan
from spotgpu.backends.cpu._select import select
from spotgpu.backends.cpu._sliding_max import sliding_max
from spotgpu.backends.cpu._sliding_median import sliding_median
from spotgpu.backends.cpu._where_close import where_close
from spotgpu.backends.cpu._window_mean import window_mean
from spotgpu.backends.freed_memory import keep_freed_memory

__all__ = [
    "argwhere",
    "assign",
    "background",
    "bandpass",
    "candidates",
    "centroid",
    "characterize",
    "components",
    "contrast",
    "difference",
    "dilation",
    "ensemble",
    "get",
    "grid",
    "group",
    "local_max",
    "msd",
    "peaks",
    "percentile",
    "put",
    "quantise",
    "ramp_max",
    "room",
    "scan",
    "select",
    "sliding_max",
    "sliding_median",
    "where_close",
    "window_mean",
]

keep_freed_memory()
