"""Tracks of particles that come and go, with known motion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.checks import choice, integer, number, per_axis
from spotgpu.simulate._motion import image_shape
from spotgpu.simulate._population import Fates, Motion, Population
from spotgpu.tables import POSITION_COLUMNS, Tracks, branching_kinds, edge_table

__all__ = ["MOTIONS", "moving_particles"]

Array = npt.NDArray[np.float64]

#: Defaults by motion: D, to_directed, to_brownian, death_rate and division_rate.
MOTIONS = {
    "brownian": (1.0, 0.0, 1.0, 0.02, 0.0),
    "directed": (1.0, 1.0, 0.0, 0.02, 0.0),
    "switching": (1.0, 0.1, 0.1, 0.02, 0.0),
    "dividing": (0.1, 0.0, 1.0, 0.01, 0.01),
}

#: Other random numbers than `brownian_motion`, `movie` and `detections` take for the same seed.
STREAM = 1


def moving_particles(
    motion: str,
    n_frames: int,
    density: float,
    shape: Sequence[int],
    *,
    D: Any = None,  # noqa: N803 - the field's symbol
    speed: float = 3.0,
    turn: float = 0.1,
    jitter: float = 0.2,
    to_directed: float | None = None,
    to_brownian: float | None = None,
    death_rate: float | None = None,
    division_rate: float | None = None,
    daughter_distance: float = 8.0,
    seed: int = 0,
) -> Tracks:
    r"""Simulate particles that move in and out of the image, are born, divide and die.

    A particle is in one of two states. In the Brownian one its step to the next frame has, along
    each axis, the variance :math:`2 D`. In the directed one it is ``speed`` times a unit vector
    :math:`u`, and normal noise of standard deviation `jitter` along each axis; from step to step
    :math:`u` turns by a normal angle of standard deviation `turn`, to any side, so that

    .. math:: \langle u(t) \cdot u(t + k) \rangle = e^{-k\, \mathrm{turn}^2 / 2}

    as long as the state lasts. States change with the probabilities `to_directed` and
    `to_brownian` after each step, and a particle that becomes directed takes any direction. The
    default of the options depends on `motion`:

    =============  =====  ===========  ===========  ==========  =============
    motion           D    to_directed  to_brownian  death_rate  division_rate
    =============  =====  ===========  ===========  ==========  =============
    'brownian'      1.0       0            1           0.02          0
    'directed'      1.0       1            0           0.02          0
    'switching'     1.0       0.1          0.1         0.02          0
    'dividing'      0.1       0            1           0.01          0.01
    =============  =====  ===========  ===========  ==========  =============

    Particles are evenly distributed in a box larger than the image, in the state in which the
    process stays; so they enter and leave through the edges as often as if there were no box. In
    each frame a Poisson number of particles is born anywhere, with the mean that makes up for
    the deaths that divisions do not make up for: the mean number of particles in the image stays
    `density`. Where more divide than die, none is born, and the number grows by the factor
    ``1 + division_rate - death_rate`` in a frame.

    Parameters
    ----------
    motion : {'brownian', 'directed', 'switching', 'dividing'}
        What the defaults are.
    n_frames : int
        Number of frames, > 0.
    density : float
        Mean number of particles in the image, >= 0; in the first frame if it grows.
    shape : tuple of int
        Shape of the image, ([Z,] Y, X), in pixels. Pixel ``i`` reaches from ``i - 0.5`` to
        ``i + 0.5``.
    D : float or sequence of float, optional
        Diffusion coefficient of the Brownian state in px²/frame; several values are for
        ([z,] y, x).
    speed : float
        Speed in the directed state, in px/frame.
    turn : float
        Standard deviation of the angle between directed steps, in radians.
    jitter : float
        Standard deviation of a directed step along each axis, in px.
    to_directed, to_brownian : float, optional
        Probability, per frame, to change into this state. Not both may be 0.
    death_rate : float, optional
        Probability, per frame, that a particle ends.
    division_rate : float, optional
        Probability, per frame, that a particle ends and two start in the next frame, on both sides
        of where it would be, in any state and direction.
    daughter_distance : float
        Distance of the two from each other, in px.
    seed : int
        Same number, same tracks.

    Returns
    -------
    Tracks
        `spots` has ``id`` (from 0, by frame; in a frame, who was born first), ``frame``,
        ``[z,] y, x`` (px) and ``directed`` (bool, the state in which the spot goes on to the next
        frame). Edges cost NaN and are of the kind 'link', or 'split' to two daughters; of a
        division with one daughter outside the image a 'link' remains. A particle that leaves the
        image and comes back is a new one.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If one is out of range.

    Examples
    --------
    >>> truth = moving_particles("directed", 100, 60, (512, 512), speed=2)
    >>> truth.edges["kind"].unique().tolist()
    ['link']
    """
    lengths = np.array(image_shape(shape), float)
    ndim = len(lengths)
    frames = integer("n_frames", n_frames, at_least=1)
    n = number("density", density, at_least=0)
    defaults = MOTIONS[choice("motion", motion, MOTIONS)]
    positive = partial(number, at_least=0)
    coefficients = per_axis("D", defaults[0] if D is None else D, ndim, positive)
    rates = [
        default if rate is None else number(name, rate, at_least=0, at_most=1)
        for name, rate, default in (
            ("to_directed", to_directed, defaults[1]),
            ("to_brownian", to_brownian, defaults[2]),
            ("death_rate", death_rate, defaults[3]),
            ("division_rate", division_rate, defaults[4]),
        )
    ]
    directed, brownian, death, division = rates
    _check_rates(*rates)
    moves = Motion(
        spread=np.sqrt(2 * np.array(coefficients)),
        speed=positive("speed", speed),
        turn=positive("turn", turn),
        jitter=positive("jitter", jitter),
        to_directed=directed,
        to_brownian=brownian,
    )
    distance = positive("daughter_distance", daughter_distance)
    # What leaves the image is out of it for some frames before it comes back on the other side.
    box = lengths + 4 + 2 * moves.reach + (distance if division else 0)
    crowd = n * float((box / lengths).prod())
    fates = Fates(death, division, distance, births=crowd * max(death - division, 0.0))
    key = np.random.SeedSequence(integer("seed", seed, at_least=0), spawn_key=(STREAM,))
    return _tracks(frames, crowd, lengths, box, moves, fates, np.random.default_rng(key))


def _check_rates(directed: float, brownian: float, death: float, division: float) -> None:
    """Check what single rates do not tell."""
    if directed + brownian == 0:
        raise ValueError("`to_directed` and `to_brownian` must not both be 0, got 0 and 0")
    if death + division > 1:
        raise ValueError(
            f"`death_rate` and `division_rate` must add up to <= 1, got {death:g} and {division:g}"
        )


def _tracks(
    frames: int,
    crowd: float,
    lengths: Array,
    box: Array,
    motion: Motion,
    fates: Fates,
    rng: np.random.Generator,
) -> Tracks:
    """Return the tracks in the image of a population that starts with `crowd` on average."""
    population = Population(rng.poisson(crowd), box, motion, rng)
    parts = [(population.before, population.positions, population.directed)]
    for _ in range(1, frames):
        population.advance(fates)
        parts.append((population.before, population.positions, population.directed))
    sizes = np.array([len(before) for before, _, _ in parts])
    before, positions, directed = (np.concatenate(part) for part in zip(*parts, strict=True))
    frame_of = np.repeat(np.arange(frames), sizes)
    source = before + (np.cumsum(sizes) - sizes)[frame_of - 1]
    turns = np.floor(positions / box)
    places = positions - turns * box - 0.5
    seen = np.asarray((places < lengths - 0.5).all(axis=1))
    target = np.flatnonzero(seen & (before >= 0))
    source = source[target]
    # A step over the whole strip around the image is no link.
    near = seen[source] & (turns[source] == turns[target]).all(axis=1)
    number_of = np.cumsum(seen) - 1
    source, target = number_of[source[near]], number_of[target[near]]
    spots = pd.DataFrame({"id": np.arange(int(seen.sum())), "frame": frame_of[seen]})
    spots[list(POSITION_COLUMNS[-len(lengths) :])] = places[seen]
    spots["directed"] = directed[seen]
    kind = branching_kinds(source, target, spots["frame"].to_numpy())
    return Tracks(spots, edge_table(source, target, kind=kind))
