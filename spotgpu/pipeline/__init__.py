"""The rooms composed: a movie in, spots, trajectories and diffusion out."""

from spotgpu.pipeline._batch import batch
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._demo import Comparison, demo
from spotgpu.pipeline._progress import Bars, Lines, Progress, Silent
from spotgpu.pipeline._result import TrackResult
from spotgpu.pipeline._steps import link_file, locate_file, msd_file
from spotgpu.pipeline._track import track
from spotgpu.pipeline._versions import OPTIONAL, versions

__all__ = [
    "OPTIONAL",
    "Bars",
    "Calibration",
    "Comparison",
    "Lines",
    "Progress",
    "Silent",
    "TrackResult",
    "batch",
    "demo",
    "link_file",
    "locate_file",
    "msd_file",
    "track",
    "versions",
]
