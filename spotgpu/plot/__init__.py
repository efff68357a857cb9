"""Figures of images, trajectories and what was measured on them.

All functions draw on the Axes given as ``ax``, by default on pyplot's current ones, and return
them. None calls ``plt.show()``.
"""

from spotgpu.plot._annotate import annotate
from spotgpu.plot._drift import plot_drift
from spotgpu.plot._histograms import length_histogram, mass_histogram, subpx_bias
from spotgpu.plot._msd import plot_msd
from spotgpu.plot._plate import plate_heatmap
from spotgpu.plot._traj import plot_traj

__all__ = [
    "annotate",
    "length_histogram",
    "mass_histogram",
    "plate_heatmap",
    "plot_drift",
    "plot_msd",
    "plot_traj",
    "subpx_bias",
]
