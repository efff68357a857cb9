"""Movies whose truth is known."""

from spotgpu.simulate._motion import brownian_motion, inside
from spotgpu.simulate._movie import SimulatedMovie, movie
from spotgpu.simulate._render import render

__all__ = ["SimulatedMovie", "brownian_motion", "inside", "movie", "render"]
