"""Predictors: where particles will be, by how they and their neighbours moved."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.interpolate import NearestNDInterpolator

from spotgpu.backends.pairs import Floats, Ints
from spotgpu.checks import integer
from spotgpu.linking._particles import Particles

__all__ = [
    "DriftPredict",
    "NearestVelocityPredict",
    "NullPredict",
    "RecentVelocities",
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
        return particles.pos + self.velocity(particles.pos) * elapsed[:, None]

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
            self.learn(positions, np.zeros_like(positions))
            return
        (t0, old, old_particle), (t1, new, new_particle) = self._frames[0], self._frames[-1]
        _, now, before = np.intersect1d(
            new_particle, old_particle, assume_unique=True, return_indices=True
        )
        order = np.argsort(now)
        now, before = now[order], before[order]
        self.learn(new[now], (new[now] - old[before]) / float(t1 - t0))

    def learn(self, positions: Floats, velocities: Floats) -> None:
        """Take up the velocities that were just seen.

        Parameters
        ----------
        positions, velocities : ndarray of float64, shape (N, ndim)
            Of the particles that were there in the first and the last of the recent frames.
        """
        raise NotImplementedError


class NearestVelocityPredict(RecentVelocities):
    """Particles move as the nearest particle did.

    Parameters
    ----------
    initial_guess_positions, initial_guess_vels : array_like of float, shape (N, ndim), optional
        Where, and how fast, particles move in the beginning. Default: they do not.
    span : int
        Velocities are from the last `span` + 1 frames.
    """

    def __init__(
        self,
        initial_guess_positions: npt.ArrayLike | None = None,
        initial_guess_vels: npt.ArrayLike | None = None,
        *,
        span: int = 1,
    ) -> None:
        super().__init__(span)
        self._guess = initial_guess_positions is not None
        self._field: Any = None
        if (initial_guess_positions is None) != (initial_guess_vels is None):
            raise ValueError("`initial_guess_positions` must come with `initial_guess_vels`")
        if initial_guess_positions is not None:
            self._field = NearestNDInterpolator(
                np.asarray(initial_guess_positions, np.float64),
                np.asarray(initial_guess_vels, np.float64),
            )

    def learn(self, positions: Floats, velocities: Floats) -> None:
        """Take up the velocities that were just seen.

        Parameters
        ----------
        positions, velocities : ndarray of float64, shape (N, ndim)
            Of the particles that were there in the first and the last of the recent frames.
        """
        if self._guess:
            self._guess = False
        elif len(positions):
            self._field = NearestNDInterpolator(positions, velocities)
        else:
            self._field = None
            warnings.warn("no particle to predict velocities from; none is assumed", stacklevel=2)

    def velocity(self, positions: Floats) -> Floats:
        """Return the velocity of the nearest particle.

        Parameters
        ----------
        positions : ndarray of float64, shape (N, ndim)
            Positions.

        Returns
        -------
        ndarray of float64, shape (N, ndim)
            In the unit of the positions per unit of time.
        """
        return np.zeros_like(positions) if self._field is None else self._field(positions)


class DriftPredict(RecentVelocities):
    """All particles move as they did on average.

    Parameters
    ----------
    initial_guess : array_like of float, shape (ndim,), optional
        The velocity in the beginning. Default 0.
    span : int
        The mean is over the last `span` + 1 frames.
    """

    def __init__(self, initial_guess: npt.ArrayLike | None = None, *, span: int = 1) -> None:
        super().__init__(span)
        self._guess = None if initial_guess is None else np.asarray(initial_guess, np.float64)
        self._mean: Any = 0.0

    def learn(self, positions: Floats, velocities: Floats) -> None:
        """Take up the velocities that were just seen.

        Parameters
        ----------
        positions, velocities : ndarray of float64, shape (N, ndim)
            Of the particles that were there in the first and the last of the recent frames.
        """
        if self._guess is not None:
            self._mean, self._guess = self._guess, None
        elif len(velocities):
            self._mean = velocities.mean(axis=0)
        else:
            self._mean = np.zeros(positions.shape[1])

    def velocity(self, positions: Floats) -> Floats:
        """Return the mean velocity.

        Parameters
        ----------
        positions : ndarray of float64, shape (N, ndim)
            Positions.

        Returns
        -------
        ndarray of float64, shape (ndim,)
            In the unit of the positions per unit of time.
        """
        return np.broadcast_to(self._mean, positions.shape[1:])
