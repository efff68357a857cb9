"""The engine on a CUDA device: launchers of the kernels that `spotgpu.backends.cpu` specifies."""

from spotgpu.backends.cuda._argwhere import argwhere
from spotgpu.backends.cuda._array import get, put, room
from spotgpu.backends.cuda._assign import assign
from spotgpu.backends.cuda._background import background
from spotgpu.backends.cuda._bandpass import bandpass, difference
from spotgpu.backends.cuda._candidates import candidates
from spotgpu.backends.cuda._centroid import centroid, characterize
from spotgpu.backends.cuda._components import components
from spotgpu.backends.cuda._contrast import contrast, peaks
from spotgpu.backends.cuda._dilation import dilation
from spotgpu.backends.cuda._grid import grid
from spotgpu.backends.cuda._group import group
from spotgpu.backends.cuda._local_max import local_max
from spotgpu.backends.cuda._msd import ensemble, msd
from spotgpu.backends.cuda._percentile import percentile
from spotgpu.backends.cuda._quantise import quantise
from spotgpu.backends.cuda._ramp_max import ramp_max
from spotgpu.backends.cuda._scan import scan
from spotgpu.backends.cuda._select import select
from spotgpu.backends.cuda._sliding_max import sliding_max
from spotgpu.backends.cuda._sliding_median import sliding_median
from spotgpu.backends.cuda._where_close import where_close
from spotgpu.backends.cuda._window_mean import window_mean

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
