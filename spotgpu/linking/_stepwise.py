"""Linking frame by frame: for streams, for predictors, and for distances of the user's own.

`previous_points` and `previous_points_remembered` give the same links for many frames at once,
where nothing depends on the links so far.
"""

from __future__ import annotations

from copy import deepcopy
from types import ModuleType
from typing import Any

import numpy as np

from spotgpu.backends.pairs import Floats, Ints, Pairs, nearest
from spotgpu.errors import SpotgpuError
from spotgpu.linking._between import pairs_between
from spotgpu.linking._particles import Particles
from spotgpu.linking._predictor import NullPredict
from spotgpu.linking._problem import Problem, optimum
from spotgpu.linking._rules import RIM
from spotgpu.linking._settings import Settings

__all__ = ["Stepwise"]


class Stepwise:
    """A linker that takes one frame after the other.

    Parameters
    ----------
    options : Settings
        What to do.
    engine : module
        Backend that computes it.
    """

    def __init__(self, options: Settings, engine: ModuleType) -> None:
        predictor = options.predictor
        if isinstance(predictor, NullPredict):  # what it learned from another movie does not count
            options = options._replace(predictor=deepcopy(predictor))
        self._options, self._engine = options, engine
        self._count = 0
        self._known: Particles | None = None
        #: Frames from when each particle was seen to the next one.
        self._gap = np.empty(0, np.int64)

    def step(self, positions: Floats, t: Any, elapsed: int = 1) -> Ints:
        """Link the spots of the next frame.

        Parameters
        ----------
        positions : ndarray of float64, shape (N, ndim)
            Of the spots.
        t : float
            Time of the frame.
        elapsed : int
            Frames since the last step: those between are empty.

        Returns
        -------
        ndarray of int64, shape (N,)
            The particle that each spot is.
        """
        known, gap = self._known, self._gap + (elapsed - 1)
        if known is None:
            known = Particles(np.empty((0, positions.shape[1])), np.empty(0), gap)
        alive = gap <= self._options.rules.memory + 1
        if not alive.all():
            known, gap = known.at(alive), gap[alive]
        source, target, positions = self._links(known, gap, positions, t)
        n = len(positions)
        number = np.full(n, -1)
        number[target] = known.particle[source]
        new = np.flatnonzero(number < 0)
        number[new] = self._count + np.arange(len(new))
        self._count += len(new)
        seen, ones = Particles(positions, np.full(n, t), number), np.ones(n, np.int64)
        if self._options.rules.memory:
            lost = np.ones(len(gap), np.bool_)
            lost[source] = False
            seen = seen.joined(known.at(lost))
            ones = np.concatenate([ones, gap[lost] + 1])
        self._known, self._gap = seen, ones
        if n and hasattr(self._options.predictor, "observe"):
            self._options.predictor.observe(t, positions, number)
        return number

    @property
    def positions(self) -> Floats:
        """Where the particles are: those of the last frame, then those remembered.

        Returns
        -------
        ndarray of float64, shape (N, ndim)
            May be written to.
        """
        return np.empty((0, 0)) if self._known is None else self._known.pos

    def _links(
        self, known: Particles, gap: Ints, positions: Floats, t: Any
    ) -> tuple[Ints, Ints, Floats]:
        """Return which particles are linked to which spots, and the spots."""
        if len(gap) == 0 or len(positions) == 0:
            none = np.empty(0, np.int64)
            return none, none, positions
        rules = self._options.rules
        where, at = self._places(known, positions, t)
        n = len(where)
        pairs = self._candidates(at, n, gap)
        points = np.arange(n), np.arange(n, at.shape[1])
        problem = Problem(pairs, *points, at, self._null_cost(pairs, gap), rules.limits)
        chosen = pairs.at(np.flatnonzero(optimum(problem)))
        return chosen.source, chosen.target, positions

    def _places(self, known: Particles, positions: Floats, t: Any) -> tuple[Floats, Floats]:
        """Return where particles are expected, and these and the spots as distances need them."""
        where, mapped = known.pos, self._options.mapped
        if self._options.predictor is not None and len(where):
            where = _predicted(self._options.predictor, known, t)
        return where, np.concatenate([mapped(where), mapped(positions)]).T

    def _candidates(self, at: Floats, n: int, gap: Ints) -> Pairs:
        """Return the pairs of the first `n` points, which are particles, and the others."""
        rules = self._options.rules
        if n == 0 or n == at.shape[1]:
            return Pairs.joined([])
        if self._options.dist_func is not None:
            pairs = _near_by(self._options.dist_func, at, n, rules.reach - RIM, rules.most)
        else:
            # Where ranges differ, the nearest may be out of range.
            most = rules.most if rules.constant else n
            pairs = pairs_between(at, n, rules.reach, most, self._engine, "search_range")
        if rules.constant:
            return pairs
        reach = rules.ranges[gap[pairs.source] - 1] + RIM
        return nearest(pairs.at(np.flatnonzero(pairs.cost < reach**2)), rules.most, at)

    def _null_cost(self, pairs: Pairs, gap: Ints) -> float | Floats:
        """Return the cost of a source without a link, by pair where ranges differ."""
        rules = self._options.rules
        return rules.null_cost if rules.constant else rules.ranges[gap[pairs.source] - 1] ** 2


def _predicted(predictor: Any, known: Particles, t: Any) -> Floats:
    """Return where a predictor expects particles."""
    predict = predictor.predict if hasattr(predictor, "predict") else predictor
    where = predict(t, known)
    if not isinstance(where, np.ndarray):
        where = np.array(list(where))
    where = np.asarray(where, np.float64)
    if where.shape != known.pos.shape or not np.isfinite(where).all():
        raise ValueError(
            f"`predictor` must return finite positions of shape {known.pos.shape}, got "
            f"{where.shape if where.shape != known.pos.shape else 'NaN or infinity'}"
        )
    return where


def _near_by(dist_func: Any, at: Floats, n_sources: int, reach: float, most: int) -> Pairs:
    """Return the pairs within a distance that is measured by the user's function."""
    try:
        from sklearn.neighbors import BallTree
    except ImportError:
        raise SpotgpuError("`dist_func` needs scikit-learn: pip install 'spotgpu[learn]'") from None
    sources, targets = at.T[:n_sources], at.T[n_sources:]
    kind = {"metric": dist_func}
    if not hasattr(dist_func, "pairwise"):
        kind = {"metric": "pyfunc", "func": dist_func}
    tree = BallTree(sources, **kind)
    distance, source = tree.query(targets, k=min(most, len(sources)))
    target, nth = np.nonzero(distance <= reach)
    return Pairs(source[target, nth].astype(np.int64), target, distance[target, nth] ** 2)
