"""The engine on a CUDA device: launchers of the kernels that `spotgpu.backends.cpu` specifies."""

from spotgpu.backends.cuda._array import get, put
from spotgpu.backends.cuda._group import group
from spotgpu.backends.cuda._scan import scan
from spotgpu.backends.cuda._select import select

__all__ = [
    "get",
    "group",
    "put",
    "scan",
    "select",
]
