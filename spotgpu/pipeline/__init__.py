"""The rooms composed: a movie in, spots, trajectories and diffusion out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spotgpu.pipeline._bars import Bars
    from spotgpu.pipeline._batch import batch
    from spotgpu.pipeline._calibration import Calibration
    from spotgpu.pipeline._clients import cluster
    from spotgpu.pipeline._demo import Comparison, demo
    from spotgpu.pipeline._find_link import find_link, find_link_iter
    from spotgpu.pipeline._log_lines import JsonLines, Lines
    from spotgpu.pipeline._many import ManyResult, track_many
    from spotgpu.pipeline._movie_list import are_movies
    from spotgpu.pipeline._progress import Progress, Silent
    from spotgpu.pipeline._result import TrackResult
    from spotgpu.pipeline._selftest import Verdict, selftest
    from spotgpu.pipeline._steps import link_file, locate_file, msd_file
    from spotgpu.pipeline._track import track
    from spotgpu.pipeline._versions import OPTIONAL, versions
    from spotgpu.pipeline._work_folder import FinishedError

__all__ = [
    "OPTIONAL",
    "Bars",
    "Calibration",
    "Comparison",
    "FinishedError",
    "JsonLines",
    "Lines",
    "ManyResult",
    "Progress",
    "Silent",
    "TrackResult",
    "Verdict",
    "are_movies",
    "batch",
    "cluster",
    "demo",
    "find_link",
    "find_link_iter",
    "link_file",
    "locate_file",
    "msd_file",
    "selftest",
    "track",
    "track_many",
    "versions",
]

_MODULES = {
    "_bars": ["Bars"],
    "_batch": ["batch"],
    "_calibration": ["Calibration"],
    "_clients": ["cluster"],
    "_demo": ["Comparison", "demo"],
    "_find_link": ["find_link", "find_link_iter"],
    "_log_lines": ["JsonLines", "Lines"],
    "_many": ["ManyResult", "track_many"],
    "_movie_list": ["are_movies"],
    "_progress": ["Progress", "Silent"],
    "_result": ["TrackResult"],
    "_selftest": ["Verdict", "selftest"],
    "_steps": ["link_file", "locate_file", "msd_file"],
    "_track": ["track"],
    "_versions": ["OPTIONAL", "versions"],
    "_work_folder": ["FinishedError"],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a module when one of its names is first asked for.

    A worker process, which only finds spots, starts in half the time.
    """
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'spotgpu.pipeline' has no attribute {name!r}")
    value = getattr(import_module(f"spotgpu.pipeline.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
