"""Movies and tracking problems whose truth is known."""

from spotgpu.simulate._detection_errors import DetectionErrors, detection_errors
from spotgpu.simulate._detections import detections
from spotgpu.simulate._motion import brownian_motion, inside
from spotgpu.simulate._movie import SimulatedMovie, movie
from spotgpu.simulate._particles import moving_particles
from spotgpu.simulate._render import render
from spotgpu.simulate._scenario import Scenario, scenario

__all__ = [
    "DetectionErrors",
    "Scenario",
    "SimulatedMovie",
    "brownian_motion",
    "detection_errors",
    "detections",
    "inside",
    "movie",
    "moving_particles",
    "render",
    "scenario",
]
