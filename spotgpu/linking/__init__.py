"""Linking spots of successive frames to trajectories."""

from spotgpu.backends.pairs import Pairs
from spotgpu.linking._assign import assign
from spotgpu.linking._candidates import candidates
from spotgpu.linking._channel import ChannelPredict
from spotgpu.linking._costs import costs
from spotgpu.linking._lap import solver_name
from spotgpu.linking._limits import SubnetOversizeError
from spotgpu.linking._link import link
from spotgpu.linking._link_iter import link_df_iter, link_iter
from spotgpu.linking._link_kalman import link_kalman
from spotgpu.linking._link_lap import link_lap, link_simple_lap
from spotgpu.linking._link_manual import link_manual
from spotgpu.linking._link_overlap import link_overlap
from spotgpu.linking._nearest import link_nearest
from spotgpu.linking._overlaps import overlap_candidates, overlaps
from spotgpu.linking._partial import link_partial, reconnect_traj_patch
from spotgpu.linking._predict import DriftPredict, NearestVelocityPredict
from spotgpu.linking._predictor import NullPredict, predictor
from spotgpu.linking._searching import Searching
from spotgpu.linking._settings import check_names, settings
from spotgpu.tables import Tracks

__all__ = [
    "ChannelPredict",
    "DriftPredict",
    "NearestVelocityPredict",
    "NullPredict",
    "Pairs",
    "Searching",
    "SubnetOversizeError",
    "Tracks",
    "assign",
    "candidates",
    "check_names",
    "costs",
    "link",
    "link_df_iter",
    "link_iter",
    "link_kalman",
    "link_lap",
    "link_manual",
    "link_nearest",
    "link_overlap",
    "link_partial",
    "link_simple_lap",
    "overlap_candidates",
    "overlaps",
    "predictor",
    "reconnect_traj_patch",
    "settings",
    "solver_name",
]
