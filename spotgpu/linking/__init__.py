"""Linking spots of successive frames to trajectories."""

from spotgpu.linking._lap import solver_name
from spotgpu.linking._link import link

__all__ = ["link", "solver_name"]
