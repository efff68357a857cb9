"""The engine on a CUDA device: launchers of the kernels that `spotgpu.backends.cpu` specifies."""

from spotgpu.backends.cuda._array import get, put, room
from spotgpu.backends.cuda._group import group
from spotgpu.backends.cuda._msd import ensemble, msd
from spotgpu.backends.cuda._scan import scan
from spotgpu.backends.cuda._select import select
from spotgpu.backends.cuda._where_close import where_close

__all__ = [
    "ensemble",
    "get",
    "group",
    "msd",
    "put",
    "room",
    "scan",
    "select",
    "where_close",
]
