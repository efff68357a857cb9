"""Predictors: where particles will be, by how they and their neighbours moved."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from spotgpu.backends.pairs import Floats, Ints
from spotgpu.linking._particles import Particles
from spotgpu.linking._predictor import RecentVelocities, places

__all__ = ["DriftPredict", "NearestVelocityPredict"]

#: Distances that are computed in less time than a tree is made.
FEW = 100_000


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
        if (initial_guess_positions is None) != (initial_guess_vels is None):
            raise ValueError("`initial_guess_positions` must come with `initial_guess_vels`")
        self._guess = initial_guess_positions is not None
        self._tree: cKDTree | None = None
        self._positions = _rows(initial_guess_positions)
        self._velocities = _rows(initial_guess_vels)
        self._particle = np.empty(0, np.int64)

    def learn(self, positions: Floats, velocities: Floats, particle: Ints) -> None:
        """Take up the velocities that were just seen.

        Parameters
        ----------
        positions, velocities : ndarray of float64, shape (N, ndim)
            Of the particles that were there in the first and the last of the recent frames.
        particle : ndarray of int64, shape (N,)
            Which they are.
        """
        if self._guess:
            self._guess = False
            return
        if len(positions) == 0:
            warnings.warn("no particle to predict velocities from; none is assumed", stacklevel=2)
        self._tree = None
        self._positions, self._velocities, self._particle = positions, velocities, particle

    def velocities(self, particles: Particles) -> Floats:
        """Return the velocity that is expected of some particles.

        Parameters
        ----------
        particles : Particles
            As for `predict`.

        Returns
        -------
        ndarray of float64, shape (N, ndim)
            Their own; of those that have none yet, that of the nearest particle.
        """
        # The nearest particle to one whose velocity is known is that itself.
        own, there = places(self._particle, particles.particle)
        if not there.any():
            return self.velocity(particles.pos)
        velocity = self._velocities[own]
        others = np.flatnonzero(~there)
        velocity[others] = self.velocity(particles.pos[others])
        return velocity

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
        known = self._positions
        if len(known) == 0 or len(positions) == 0:
            return np.zeros_like(positions)
        if len(known) * len(positions) <= FEW:
            # |q - p|^2 less |q|^2, about one of them: far from 0, much would be lost to rounding.
            there = known - known[0]
            squares = np.einsum("ij,ij->i", there, there)
            distance = squares - 2 * (positions - known[0]) @ there.T
            return self._velocities[distance.argmin(axis=1)]
        if self._tree is None:
            self._tree = cKDTree(known)
        return self._velocities[self._tree.query(positions)[1]]


def _rows(vectors: npt.ArrayLike | None) -> Floats:
    """Return vectors as an array of (N, ndim)."""
    return np.empty((0, 0)) if vectors is None else np.atleast_2d(np.asarray(vectors, np.float64))


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

    def learn(self, positions: Floats, velocities: Floats, particle: Ints) -> None:  # noqa: ARG002
        """Take up the velocities that were just seen.

        Parameters
        ----------
        positions, velocities : ndarray of float64, shape (N, ndim)
            Of the particles that were there in the first and the last of the recent frames.
        particle : ndarray of int64, shape (N,)
            Which they are; all count alike.
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
