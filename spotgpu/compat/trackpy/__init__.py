"""Trackpy's names with its habits, for scripts written for trackpy 0.7.

``import spotgpu.compat.trackpy as tp`` in place of ``import trackpy as tp``. The numbers are those
of `spotgpu`; what differs from it are the labels of the rows and the axes that are looked at:

- `locate` keeps the row numbers from before spots were filtered by mass and size;
- `link` and `link_partial` keep the row labels of the spots, and `reconnect_traj_patch` changes the
  table that it gets;
- predictors (`predict`) link by methods of their own, `link_df` and `link_df_iter`, too;
- `filter_stubs` and `filter_clusters` label rows by frame, `subtract_drift` by frame and particle;
- `msd`, `imsd` and `emsd` look at x and y only, unless told otherwise, also in 3D.
"""

from spotgpu.compat.trackpy import motion, predict
from spotgpu.compat.trackpy.feature import batch, locate
from spotgpu.compat.trackpy.filtering import filter_clusters, filter_stubs
from spotgpu.compat.trackpy.linking import (
    SubnetOversizeException,
    find_link,
    find_link_iter,
    link,
    link_df,
    link_df_iter,
    link_iter,
    link_partial,
    reconnect_traj_patch,
)
from spotgpu.compat.trackpy.motion import compute_drift, emsd, imsd, msd, subtract_drift
from spotgpu.compat.trackpy.output import handle_logging, ignore_logging, quiet
from spotgpu.plot import annotate, plot_traj, subpx_bias

ptraj = plot_traj

__all__ = [
    "SubnetOversizeException",
    "annotate",
    "batch",
    "compute_drift",
    "emsd",
    "filter_clusters",
    "filter_stubs",
    "find_link",
    "find_link_iter",
    "handle_logging",
    "ignore_logging",
    "imsd",
    "link",
    "link_df",
    "link_df_iter",
    "link_iter",
    "link_partial",
    "locate",
    "motion",
    "msd",
    "plot_traj",
    "predict",
    "ptraj",
    "quiet",
    "reconnect_traj_patch",
    "subpx_bias",
    "subtract_drift",
]
