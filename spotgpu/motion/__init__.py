"""What the trajectories tell of the motion."""

from spotgpu.motion._characterize import characterize
from spotgpu.motion._diffusion import Diffusion, DiffusionFit, fit_diffusion
from spotgpu.motion._drift import DriftSteps, compute_drift, subtract_drift
from spotgpu.motion._ensemble import EnsembleMeans, emsd
from spotgpu.motion._filter import filter_clusters, filter_stubs
from spotgpu.motion._msd import imsd, msd

__all__ = [
    "Diffusion",
    "DiffusionFit",
    "DriftSteps",
    "EnsembleMeans",
    "characterize",
    "compute_drift",
    "emsd",
    "filter_clusters",
    "filter_stubs",
    "fit_diffusion",
    "imsd",
    "msd",
    "subtract_drift",
]
