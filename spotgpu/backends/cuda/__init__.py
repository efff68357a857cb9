"""The engine on a CUDA device: launchers of the kernels that `spotgpu.backends.cpu` specifies."""

from spotgpu.backends.cuda._argwhere import argwhere
from spotgpu.backends.cuda._array import get, put, room
from spotgpu.backends.cuda._dilation import dilation
from spotgpu.backends.cuda._group import group
from spotgpu.backends.cuda._local_max import local_max
from spotgpu.backends.cuda._msd import ensemble, msd
from spotgpu.backends.cuda._scan import scan
from spotgpu.backends.cuda._select import select
from spotgpu.backends.cuda._where_close import where_close

__all__ = [
    "argwhere",
    "dilation",
    "ensemble",
    "get",
    "group",
    "local_max",
    "msd",
    "put",
    "room",
    "scan",
    "select",
    "where_close",
]
