"""What predictors get: the particles that may be linked on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from spotgpu.backends.pairs import Floats, Ints, Mask

__all__ = ["Particles"]


class _Track(NamedTuple):
    id: int


class _Point(NamedTuple):
    pos: Floats
    t: Any
    track: _Track


@dataclass(frozen=True, eq=False)
class Particles:
    """Particles that may be linked on, as predictors get them.

    Iterating over them gives points with `pos`, `t` and `track.id`, as trackpy's predictors want.

    Attributes
    ----------
    pos : ndarray of float64, shape (N, ndim)
        Where each was last seen.
    t : ndarray, shape (N,)
        When.
    particle : ndarray of int64, shape (N,)
        Its number.
    """

    pos: Floats
    t: Any
    particle: Ints

    def at(self, chosen: Mask) -> Particles:
        """Return some of the particles.

        Parameters
        ----------
        chosen : ndarray of bool, shape (N,)
            True for those.

        Returns
        -------
        Particles
            In their order.
        """
        return Particles(self.pos[chosen], self.t[chosen], self.particle[chosen])

    def joined(self, others: Particles) -> Particles:
        """Return these and others.

        Parameters
        ----------
        others : Particles
            More.

        Returns
        -------
        Particles
            These first.
        """
        return Particles(
            np.concatenate([self.pos, others.pos]),
            np.concatenate([self.t, others.t]),
            np.concatenate([self.particle, others.particle]),
        )

    def __len__(self) -> int:
        """Return the number of particles.

        Returns
        -------
        int
            N.
        """
        return len(self.particle)

    def __iter__(self) -> Iterator[Any]:
        """Return the particles one by one.

        Yields
        ------
        object
            With `pos`, `t` and `track.id`.
        """
        for pos, t, particle in zip(self.pos, self.t, self.particle.tolist(), strict=True):
            yield _Point(pos, t, _Track(particle))
