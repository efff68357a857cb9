"""A predictor for flow through a channel."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from spotgpu.backends.pairs import Floats, Ints
from spotgpu.checks import choice, integer, number
from spotgpu.linking._predictor import RecentVelocities

__all__ = ["ChannelPredict"]


class ChannelPredict(RecentVelocities):
    """Particles flow along one axis, as fast as those at the same place across it.

    Parameters
    ----------
    bin_size : float
        Velocities are averaged over bins of this width across the flow.
    flow_axis : {'x', 'y'}
        The axis of the flow; positions must be y, x.
    minsamples : int
        Bins with fewer particles take the velocity of the nearest that has enough.
    initial_profile_guess : array_like of float, shape (N, 2), optional
        Places across the flow, and the velocities there, in the beginning. Default: none.
    span : int
        Velocities are from the last `span` + 1 frames.
    """

    def __init__(
        self,
        bin_size: float,
        flow_axis: str = "x",
        minsamples: int = 20,
        initial_profile_guess: npt.ArrayLike | None = None,
        *,
        span: int = 1,
    ) -> None:
        super().__init__(span)
        self._bin = number("bin_size", bin_size, above=0)
        self._axis = ("y", "x").index(choice("flow_axis", flow_axis, ("x", "y")))
        self._least = integer("minsamples", minsamples, at_least=1)
        self._guess = initial_profile_guess
        self._profile: tuple[Floats, Floats] | None = None

    def learn(self, positions: Floats, velocities: Floats, particle: Ints) -> None:  # noqa: ARG002
        """Take up the velocities that were just seen.

        Parameters
        ----------
        positions, velocities : ndarray of float64, shape (N, 2)
            Of the particles that were there in the first and the last of the recent frames.
        particle : ndarray of int64, shape (N,)
            Which they are; all count alike.
        """
        if positions.shape[1] != 2:
            raise ValueError(
                f"`predictor` must have 2 axes for a channel, got {positions.shape[1]}"
            )
        if self._guess is not None:
            place, speed = np.asarray(self._guess, np.float64).T
            self._guess = None
        else:
            across = positions[:, 1 - self._axis]
            place, which, count = _bins(np.floor(across / self._bin).astype(np.int64))
            total = np.bincount(which, velocities[:, self._axis], len(place))
            enough = np.flatnonzero(count >= self._least)
            place, speed = (place[enough] + 0.5) * self._bin, total[enough] / count[enough]
        self._profile = (place, speed) if len(place) else None
        if self._profile is None:
            warnings.warn("no bin has enough particles to predict velocities", stacklevel=2)

    def velocity(self, positions: Floats) -> Floats:
        """Return the velocity of the nearest bin.

        Parameters
        ----------
        positions : ndarray of float64, shape (N, 2)
            Positions.

        Returns
        -------
        ndarray of float64, shape (N, 2)
            In the unit of the positions per unit of time; 0 across the flow.
        """
        velocity = np.zeros_like(positions)
        if self._profile is not None:
            place, speed = self._profile
            middle = (place[1:] + place[:-1]) / 2
            nearest = np.searchsorted(middle, positions[:, 1 - self._axis])
            velocity[:, self._axis] = speed[nearest]
        return velocity


def _bins(number: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the distinct numbers, the place of each among them, and how often they are there."""
    low = int(number.min(initial=0))
    if number.max(initial=0) - low > 10 * len(number) + 1000:  # someone is far out
        return np.unique(number, return_inverse=True, return_counts=True)
    count = np.bincount(number - low)
    return np.arange(low, low + len(count)), number - low, count
