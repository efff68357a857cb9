"""Candidates that are found little by little, listed by their targets."""

from __future__ import annotations

import numpy as np

from spotgpu.backends.pairs import Floats, Ints

__all__ = ["Found"]


class Found:
    """Candidates of remembered particles, listed by target.

    Parameters
    ----------
    n : int
        Number of targets.

    Attributes
    ----------
    point, gap : ndarray of int64, shape (candidates,)
        The particle's last point, and how many frames it is before the target.
    target : ndarray of int64, shape (candidates,)
        The target.
    cost : ndarray of float64, shape (candidates,)
        Squared distance.
    """

    def __init__(self, n: int) -> None:
        self._head = np.full(n, -1)
        self._next = np.empty(0, np.int64)
        self.point = np.empty(0, np.int64)
        self.gap = np.empty(0, np.int64)
        self.target = np.empty(0, np.int64)
        self.cost = np.empty(0)

    def add(self, point: Ints, gap: Ints, target: Ints, cost: Floats) -> None:
        """Put candidates at the heads of their targets' lists.

        Parameters
        ----------
        point, gap, target : ndarray of int64, shape (new,)
            As the attributes.
        cost : ndarray of float64, shape (new,)
            As the attribute.
        """
        order = np.argsort(target, kind="stable")
        number = len(self.target) + np.arange(len(order))
        target = target[order]
        first = np.diff(target, prepend=-1) != 0
        last = np.flatnonzero(np.append(first[1:], True)[: len(order)])
        following = number + 1
        following[last] = self._head[target[last]]
        self._head[target[first]] = number[first]
        self._next = np.concatenate([self._next, following])
        self.point = np.concatenate([self.point, point[order]])
        self.gap = np.concatenate([self.gap, gap[order]])
        self.target = np.concatenate([self.target, target])
        self.cost = np.concatenate([self.cost, cost[order]])

    def of(self, targets: Ints) -> Ints:
        """Return the numbers of the candidates of some targets.

        Parameters
        ----------
        targets : ndarray of int64
            Targets.

        Returns
        -------
        ndarray of int64
            Indices of candidates.
        """
        parts = [np.empty(0, np.int64)]
        at = self._head[targets]
        while len(at := at[at >= 0]):
            parts.append(at)
            at = self._next[at]
        return np.concatenate(parts)
