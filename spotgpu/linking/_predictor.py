"""What predictors have in common: how they are asked, and what they learn from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from spotgpu.backends.pairs import Floats, Ints, Mask
from spotgpu.checks import integer
from spotgpu.linking._particles import Particles

__all__ = [
    "NullPredict",
    "RecentVelocities",
    "places",
    "predictor",
]


def predictor(predict: Callable[[Any, Any], Any]) -> Callable[[Any, Any], list[Any]]:
    """Make a predictor of a function that predicts one particle.

    Parameters
    ----------
    predict : callable
        ``predict(t, particle)`` returns where the particle will be at time t; it has `pos`, `t`
        and `track.id`.

    Returns
    -------
    callable
        For the argument `predictor` of `spotgpu.link`.
    """

    def predict_all(t: Any, particles: Any) -> list[Any]:
        return [predict(t, particle) for particle in particles]

    return predict_all


#: Numbers up to so many times their count are looked up in a table, which is then faster.
TABLE = 30


class NullPredict:
    """Particles stay where they are; and what all predictors have in common.

    A predictor of your own has `predict` and, if it learns from the links, `observe`.
    """

    def predict(self, t: Any, particles: Particles) -> Floats:
        """Return where particles will be.

        Parameters
        ----------
        t : float
            The time of the next frame.
        particles : Particles
            `pos`, shape (N, ndim), `t` and `particle`, shapes (N,).

        Returns
        -------
        ndarray of float64, shape (N, ndim)
            Positions.
        """
        elapsed = np.asarray(t - particles.t, np.float64)
        return particles.pos + self.velocities(particles) * elapsed[:, None]

    def velocities(self, particles: Particles) -> Floats:
        """Return the velocity that is expected of some particles.

        Parameters
        ----------
        particles : Particles
            As for `predict`.

        Returns
        -------
        ndarray of float64, shape (N, ndim) or (ndim,)
            That at their positions, unless a predictor knows better.
        """
        return self.velocity(particles.pos)

    def velocity(self, positions: Floats) -> Floats:
        """Return the velocity that is expected at some positions.

        Parameters
        ----------
        positions : ndarray of float64, shape (N, ndim)
            Positions.

        Returns
        -------
        ndarray of float64, shape (N, ndim) or (ndim,)
            In the unit of the positions per unit of time.
        """
        return np.zeros(positions.shape[1])

    def observe(self, t: Any, positions: Floats, particle: Ints) -> None:
        """Learn from a frame that has been linked.

        Parameters
        ----------
        t : float
            Its time.
        positions : ndarray of float64, shape (N, ndim)
            Of its spots.
        particle : ndarray of int64, shape (N,)
            The particle that each is.
        """


class RecentVelocities(NullPredict):
    """What predictors have in common that learn velocities from the last frames.

    Parameters
    ----------
    span : int
        Velocities are from the last `span` + 1 frames.
    """

    def __init__(self, span: int) -> None:
        self._frames: deque[tuple[Any, Floats, Ints]] = deque(
            maxlen=integer("span", span, at_least=1) + 1
        )

    def observe(self, t: Any, positions: Floats, particle: Ints) -> None:
        """Learn from a frame that has been linked.

        Parameters
        ----------
        t : float
            Its time.
        positions : ndarray of float64, shape (N, ndim)
            Of its spots.
        particle : ndarray of int64, shape (N,)
            The particle that each is.
        """
        self._frames.append((t, positions, particle))
        if len(self._frames) == 1:
            self.learn(positions, np.zeros_like(positions), particle)
            return
        (t0, old, old_particle), (t1, new, new_particle) = self._frames[0], self._frames[-1]
        if not t1 > t0:
            raise ValueError(f"`predictor` needs frames of growing times, got {t1} after {t0}")
        before, there = places(old_particle, new_particle)
        now = np.flatnonzero(there)
        velocities = (new[now] - old[before[now]]) / float(t1 - t0)
        self.learn(new[now], velocities, new_particle[now])

    def learn(self, positions: Floats, velocities: Floats, particle: Ints) -> None:
        """Take up the velocities that were just seen.

        Parameters
        ----------
        positions, velocities : ndarray of float64, shape (N, ndim)
            Of the particles that were there in the first and the last of the recent frames.
        particle : ndarray of int64, shape (N,)
            Which they are.
        """
        raise NotImplementedError


def places(known: Ints, wanted: Ints) -> tuple[Ints, Mask]:
    """Return where numbers are among others.

    Parameters
    ----------
    known : ndarray of int64, shape (K,)
        Distinct.
    wanted : ndarray of int64, shape (N,)
        What to look for.

    Returns
    -------
    tuple of ndarray of int64 and of bool, shape (N,)
        Indices of `known`, and whether the number is there at all.
    """
    if len(known) == 0:
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    highest = int(max(known.max(), wanted.max(initial=0)))
    if highest < TABLE * len(known):
        table = np.full(highest + 1, -1)
        table[known] = np.arange(len(known))
        at = table[wanted]
        return np.maximum(at, 0), at >= 0
    order = np.argsort(known)
    place = np.searchsorted(known, wanted, sorter=order).clip(max=len(known) - 1)
    at = order[place]
    return at, known[at] == wanted
