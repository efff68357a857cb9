"""Spotgpu: find particles in movies, link them through time, measure their motion."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spotgpu import motion
    from spotgpu.detect import locate
    from spotgpu.errors import SpotgpuError
    from spotgpu.io import open, save_tiff
    from spotgpu.linking import link
    from spotgpu.motion import (
        characterize,
        compute_drift,
        emsd,
        filter_clusters,
        filter_stubs,
        fit_diffusion,
        imsd,
        msd,
        subtract_drift,
    )
    from spotgpu.pipeline import batch, find_link, find_link_iter, track, track_many
    from spotgpu.plot import annotate, plot_traj

__all__ = [
    "SpotgpuError",
    "annotate",
    "batch",
    "characterize",
    "compute_drift",
    "emsd",
    "filter_clusters",
    "filter_stubs",
    "find_link",
    "find_link_iter",
    "fit_diffusion",
    "imsd",
    "link",
    "locate",
    "motion",
    "msd",
    "open",
    "plot_traj",
    "save_tiff",
    "subtract_drift",
    "track",
    "track_many",
]

__version__ = "0.1.0"

_ROOMS = {
    "detect": ["locate"],
    "errors": ["SpotgpuError"],
    "io": ["open", "save_tiff"],
    "linking": ["link"],
    "motion": [
        "characterize",
        "compute_drift",
        "emsd",
        "filter_clusters",
        "filter_stubs",
        "fit_diffusion",
        "imsd",
        "msd",
        "subtract_drift",
    ],
    "pipeline": ["batch", "find_link", "find_link_iter", "track", "track_many"],
    "plot": ["annotate", "plot_traj"],
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}
_MODULES = {*_ROOMS, "evaluate", "export", "pathlines", "simulate", "tables", "traces"}


def __getattr__(name: str) -> Any:
    """Import a room when one of its names is first asked for: `spotgpu --help` needs none."""
    if name in _ROOM_OF:
        value = getattr(import_module(f"spotgpu.{_ROOM_OF[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"spotgpu.{name}")
    else:
        raise AttributeError(f"module 'spotgpu' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES, "__version__"})
