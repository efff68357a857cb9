"""Particles that move, die, divide and are born, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Fates", "Motion", "Population"]

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def _directions(n: int, ndim: int, rng: np.random.Generator) -> Array:
    """Return unit vectors, all directions alike."""
    vectors = rng.standard_normal((n, ndim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _turned(heading: Array, turn: float, rng: np.random.Generator) -> Array:
    """Return unit vectors turned by a normal angle, to any side."""
    n, ndim = heading.shape
    side = rng.standard_normal((n, ndim))
    side -= (side * heading).sum(axis=1, keepdims=True) * heading
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    angle = turn * rng.standard_normal((n, 1))
    turned = np.cos(angle) * heading + np.sin(angle) * side
    # Where `side` was nearly parallel to `heading`, rounding has left it a bit askew.
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    return turned


@dataclass(frozen=True, eq=False)
class Motion:
    """How particles move: a chain of two states, Brownian and directed."""

    #: Standard deviation of a Brownian step along each axis, in px.
    spread: Array
    #: Length of a directed step, in px.
    speed: float
    #: Standard deviation of the angle between directed steps, in radians.
    turn: float
    #: Standard deviation of a directed step along each axis, in px.
    jitter: float
    #: Probabilities, per frame, to change the state.
    to_directed: float
    to_brownian: float

    @property
    def directed_share(self) -> float:
        """Return the share of the time in the directed state.

        Returns
        -------
        float
            0 to 1.
        """
        return self.to_directed / (self.to_directed + self.to_brownian)

    @property
    def reach(self) -> Array:
        """Return the length of a long step along each axis; longer ones are rare.

        Returns
        -------
        ndarray of float64, shape (ndim,)
            In px.
        """
        brownian = 5 * self.spread if self.directed_share < 1 else 0 * self.spread
        directed = self.speed + 5 * self.jitter if self.directed_share > 0 else 0.0
        return np.maximum(brownian, directed)


@dataclass(frozen=True)
class Fates:
    """What happens to particles."""

    #: Probability to die, per frame.
    death: float
    #: Probability to divide, per frame.
    division: float
    #: Distance of the daughters, in px.
    distance: float
    #: Mean number of births, per frame.
    births: float


class Population:
    """Particles in an endless box: what leaves on one side comes in on the other.

    Parameters
    ----------
    n : int
        Particles at first, anywhere in the box.
    box : ndarray of float64, shape (ndim,)
        Lengths of the box, in px.
    motion : Motion
        How they move.
    rng : numpy.random.Generator
        Source of chance.

    Attributes
    ----------
    positions : ndarray of float64, shape (n, ndim)
        In px, not folded into the box.
    directed : ndarray of bool, shape (n,)
        State of motion.
    before : ndarray of int64, shape (n,)
        Place in the population of the frame before of what each particle was; -1 if it was not.
    """

    def __init__(self, n: int, box: Array, motion: Motion, rng: np.random.Generator) -> None:
        self._box, self._motion, self._rng = box, motion, rng
        self.positions, self._heading, self.directed = self._born(n)
        self.before = np.full(n, -1, np.int64)

    def _born(self, n: int) -> tuple[Array, Array, Bools]:
        """Return positions, headings and states of particles that are born anywhere."""
        positions = self._rng.random((n, len(self._box))) * self._box
        return positions, *self._states(n)

    def _states(self, n: int) -> tuple[Array, Bools]:
        """Return headings and states in equilibrium."""
        heading = _directions(n, len(self._box), self._rng)
        return heading, self._rng.random(n) < self._motion.directed_share

    def advance(self, fates: Fates) -> None:
        """Go on to the next frame.

        Parameters
        ----------
        fates : Fates
            Who dies, divides and is born.
        """
        chance = self._rng.random(len(self.positions))
        dying = chance < fates.death
        dividing = ~dying & (chance < fates.death + fates.division)
        self._move()
        stay, mothers = np.flatnonzero(~dying & ~dividing), np.flatnonzero(dividing)
        axis = _directions(len(mothers), len(self._box), self._rng) * fates.distance / 2
        daughters = np.concatenate((self.positions[mothers] - axis, self.positions[mothers] + axis))
        born, heading, directed = self._born(self._rng.poisson(fates.births))
        heading_2, directed_2 = self._states(len(daughters))
        self.positions = np.concatenate((self.positions[stay], daughters, born))
        self._heading = np.concatenate((self._heading[stay], heading_2, heading))
        self.directed = np.concatenate((self.directed[stay], directed_2, directed))
        self.before = np.concatenate((stay, mothers, mothers, np.full(len(born), -1)))

    def _move(self) -> None:
        """Move all by a step, then change their headings and states."""
        motion, rng = self._motion, self._rng
        noise = rng.standard_normal(self.positions.shape)
        state = self.directed[:, None]
        self.positions = self.positions + np.where(
            state, motion.speed * self._heading + motion.jitter * noise, motion.spread * noise
        )
        if motion.directed_share == 0:
            return
        if motion.turn:
            self._heading = _turned(self._heading, motion.turn, rng)
        leaving = np.where(self.directed, motion.to_brownian, motion.to_directed)
        changed = rng.random(len(leaving)) < leaving
        self.directed = self.directed ^ changed
        starting = changed & self.directed
        count = int(np.count_nonzero(starting))
        self._heading[starting] = _directions(count, len(self._box), rng)
