"""Tracks and what a detector finds of them, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from spotgpu.checks import choice
from spotgpu.simulate._detections import detections
from spotgpu.simulate._motion import image_shape
from spotgpu.simulate._particles import moving_particles
from spotgpu.tables import Tracks

__all__ = ["Scenario", "scenario"]

#: Image of the challenge, by the number of its axes.
SHAPES = {2: (512, 512), 3: (10, 512, 512)}


@dataclass(frozen=True, eq=False)
class Scenario:
    """A tracking problem and its solution; `scenario` makes it.

    Attributes
    ----------
    truth : Tracks
        The tracks, as `moving_particles` returns them.
    spots : DataFrame
        What a detector finds of them, as `detections` returns it; the column ``truth`` has the ids
        of `truth`. Take it away from what you judge.
    shape : tuple of int
        Shape of a frame, ([Z,] Y, X), in pixels.
    n_frames : int
        Number of frames.
    """

    truth: Tracks
    spots: pd.DataFrame
    shape: tuple[int, ...]
    n_frames: int


def scenario(
    motion: str,
    *,
    n_frames: int = 100,
    density: float = 500.0,
    snr: float = 4.0,
    ndim: int = 2,
    shape: Sequence[int] | None = None,
    seed: int = 0,
) -> Scenario:
    """Make a tracking problem whose solution is known, without a movie.

    The same as ``truth = moving_particles(motion, n_frames, density, shape, seed=seed)`` and
    ``detections(truth, shape, n_frames=n_frames, snr=snr, seed=seed)``, which have more options.
    Size, length, densities and signal-to-noise ratios are those of the particle tracking challenge
    of 2012 ([1]_, table 2): densities of 100, 500 and 1000 (60, 400 and 700 for its directed
    motion), ratios of 1, 2, 4 and 7. The parameters of the motion are not.

    Parameters
    ----------
    motion : {'brownian', 'directed', 'switching', 'dividing'}
        How the particles move.
    n_frames : int
        Number of frames, > 0.
    density : float
        Mean number of particles in a frame.
    snr : float
        Signal-to-noise ratio of the movie that the spots are found in.
    ndim : {2, 3}
        Axes of a frame.
    shape : tuple of int, optional
        Shape of a frame, ([Z,] Y, X), in pixels, in place of `ndim`. Default: (512, 512) or
        (10, 512, 512).
    seed : int
        Same number, same scenario.

    Returns
    -------
    Scenario
        Tracks and spots.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If one is out of range.

    References
    ----------
    .. [1] N. Chenouard et al., "Objective comparison of particle tracking methods", Nature Methods
       11, 281 (2014), https://doi.org/10.1038/nmeth.2808

    Examples
    --------
    >>> problem = scenario("switching", density=100, snr=4, seed=1)
    >>> problem.truth.spots["frame"].nunique()
    100
    """
    size = image_shape(SHAPES[choice("ndim", ndim, SHAPES)] if shape is None else shape)
    truth = moving_particles(motion, n_frames, density, size, seed=seed)
    spots = detections(truth, size, n_frames=n_frames, snr=snr, seed=seed)
    return Scenario(truth, spots, size, int(n_frames))
