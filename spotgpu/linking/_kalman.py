"""Kalman filters of particles that move at constant velocity, many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spotgpu.backends.pairs import Floats, Ints

__all__ = ["Filters", "Noise", "estimated_noise"]

#: Second differences that an estimate needs at least.
ENOUGH = 100
#: Of an outlier, in standard deviations.
FAR = 4.0


class Noise(NamedTuple):
    """Standard deviations of the model, along each axis.

    Attributes
    ----------
    position, velocity : float
        What is added to the position, and to the velocity, from a frame to the next.
    measured : float
        Error of a spot's position.
    known : bool
        Whether these are those of the data: filters then begin with the covariance that two
        spots give; else with none.
    """

    position: float
    velocity: float
    measured: float
    known: bool = False


@dataclass
class Filters:
    """States of some filters, one for each particle.

    All axes have the same noise, so that the covariance of position and velocity is the same
    along each: three numbers a filter.

    Attributes
    ----------
    position, velocity : ndarray of float64, shape (N, ndim)
        State.
    covariance : ndarray of float64, shape (3, N)
        Of position with position, position with velocity, and velocity with velocity.
    noise : Noise
        Of the model.
    """

    position: Floats
    velocity: Floats
    covariance: Floats
    noise: Noise

    @classmethod
    def from_two(cls, first: Floats, second: Floats, noise: Noise) -> Filters:
        """Begin filters with the spots of two successive frames.

        Parameters
        ----------
        first, second : ndarray of float64, shape (N, ndim)
            Positions.
        noise : Noise
            Of the model.

        Returns
        -------
        Filters
            In the state of the second frame.
        """
        error, drift = noise.measured**2, noise.position**2 + noise.velocity**2
        start = np.array([error, error, 2 * error + drift]) if noise.known else np.zeros(3)
        covariance = np.repeat(start[:, None], len(second), axis=1)
        return cls(second.copy(), second - first, covariance, noise)

    def predict(self) -> None:
        """Go on to the next frame."""
        self.position = self.position + self.velocity
        pp, pv, vv = self.covariance
        self.covariance = np.stack(
            [pp + 2 * pv + vv + self.noise.position**2, pv + vv, vv + self.noise.velocity**2]
        )

    def update(self, which: Ints, measured: Floats) -> None:
        """Take in the spots of the frame.

        Parameters
        ----------
        which : ndarray of int64, shape (M,)
            Filters that have one.
        measured : ndarray of float64, shape (M, ndim)
            Where it is.
        """
        pp, pv, vv = self.covariance[:, which]
        total = pp + self.noise.measured**2
        # Without any noise, the spot is where the particle is.
        exact = total == 0
        total[exact] = 1
        gain_p, gain_v = np.where(exact, 1.0, pp / total), pv / total
        innovation = measured - self.position[which]
        self.position[which] += gain_p[:, None] * innovation
        self.velocity[which] += gain_v[:, None] * innovation
        self.covariance[:, which] = (1 - gain_p) * pp, (1 - gain_p) * pv, vv - gain_v * pv

    def at(self, which: Ints) -> Filters:
        """Return some of the filters.

        Parameters
        ----------
        which : ndarray of int64, shape (M,)
            Their numbers.

        Returns
        -------
        Filters
            Those.
        """
        return Filters(
            self.position[which], self.velocity[which], self.covariance[:, which], self.noise
        )

    def joined(self, others: Filters) -> Filters:
        """Return these and others.

        Parameters
        ----------
        others : Filters
            Of the same noise.

        Returns
        -------
        Filters
            These first.
        """
        return Filters(
            np.concatenate([self.position, others.position]),
            np.concatenate([self.velocity, others.velocity]),
            np.concatenate([self.covariance, others.covariance], axis=1),
            self.noise,
        )


def estimated_noise(runs: Ints, positions: Floats, otherwise: Noise) -> Noise:
    r"""Estimate the noise of tracks.

    Parameters
    ----------
    runs : ndarray of int64, shape (5, runs)
        Points of five successive spots of a track, in successive frames, for all there are.
    positions : ndarray of float64, shape (ndim, N)
        Of the points.
    otherwise : Noise
        What to return if there are too few.

    Returns
    -------
    Noise
        With ``known=True``, if it is estimated.

    Notes
    -----
    In the model of constant velocity, the second differences :math:`d_t` of the measured positions
    have the moments

    .. math:: \langle d_t^2 \rangle = q_v^2 + 2 q_p^2 + 6 \sigma^2, \quad
        \langle d_t d_{t+1} \rangle = -q_p^2 - 4 \sigma^2, \quad
        \langle d_t d_{t+2} \rangle = \sigma^2

    for noises :math:`q_p` of the position, :math:`q_v` of the velocity and :math:`\sigma` of the
    measurement. They are averaged over axes and tracks, outliers (wrong links) left out.
    """
    if runs.shape[1] < ENOUGH:
        return otherwise
    steps = np.diff([positions[:, row] for row in runs], axis=0)
    one, two, three = np.diff(steps, axis=0)
    spread = 1.4826 * np.median(np.abs(two))
    usual = (np.abs([one, two, three]) <= FAR * spread).all(axis=0)
    one, two, three = one[usual], two[usual], three[usual]
    if len(one) < ENOUGH:
        return otherwise
    variance = float(np.mean(one**2 + two**2 + three**2) / 3)
    next_to = float(np.mean(one * two + two * three) / 2)
    measured = max(float(np.mean(one * three)), 0.0)
    position = max(-next_to - 4 * measured, 0.0)
    velocity = max(variance - 2 * position - 6 * measured, 0.0)
    return Noise(position**0.5, velocity**0.5, measured**0.5, known=True)
