"""Kalman filters as textbooks have them, and a tracker that uses them one particle at a time."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist


class Filter:
    """The state (x, v) of a particle in `ndim` dimensions, and its covariance."""

    def __init__(self, first, second, position, velocity, measured, *, known=False):
        n = len(first)
        one, none = np.eye(n), np.zeros((n, n))
        self.step = np.block([[one, one], [none, one]])
        self.added = np.block([[position**2 * one, none], [none, velocity**2 * one]])
        self.sees = np.block([one, none])
        self.error = measured**2 * one
        self.state = np.concatenate([second, second - first])
        self.covariance = np.zeros((2 * n, 2 * n))
        if known:
            variance = 2 * measured**2 + position**2 + velocity**2
            self.covariance = np.block([[self.error, self.error], [self.error, variance * one]])
        self.gain = None

    def predict(self):
        self.state = self.step @ self.state
        self.covariance = self.step @ self.covariance @ self.step.T + self.added
        return self.sees @ self.state

    def update(self, measured):
        """Take in a position; the covariance in Joseph's form."""
        total = self.sees @ self.covariance @ self.sees.T + self.error
        self.gain = self.covariance @ self.sees.T @ np.linalg.inv(total)
        self.state = self.state + self.gain @ (measured - self.sees @ self.state)
        left = np.eye(len(self.state)) - self.gain @ self.sees
        self.covariance = left @ self.covariance @ left.T + self.gain @ self.error @ self.gain.T


def assigned(where, spots, radius):
    """Return (i, j, cost) of the pairs that make the sum of cost - 1.05 * largest cost least."""
    if not len(where) or not len(spots):
        return []
    cost = cdist(where, spots, "sqeuclidean")
    near = cost < radius**2
    if not near.any():
        return []
    gain = np.where(near, cost - 1.05 * cost[near].max(), 0.0)
    pairs = zip(*linear_sum_assignment(gain), strict=True)
    return [(int(i), int(j), float(cost[i, j])) for i, j in pairs if near[i, j]]


def tracked(at, frame, radius, *, initial, noise, max_missed=2, cumulative=False, known=False):
    """Return the links (source, target, cost) of spots that are in the order of frames."""
    links, particles, orphans = [], [], []
    for t in range(frame.min(), frame.max() + 1):
        rows = np.flatnonzero(frame == t)
        expected = [particle["filter"].predict() for particle in particles]
        seen = assigned(expected, at[rows], radius)
        for i, j, cost in seen:
            links.append((particles[i]["last"], int(rows[j]), cost))
            particles[i]["filter"].update(at[rows[j]])
            particles[i]["last"] = int(rows[j])
        for i, particle in enumerate(particles):
            here = i in {i for i, _, _ in seen}
            particle["missed"] = particle["missed"] * (cumulative or not here) + (not here)
        particles = [particle for particle in particles if particle["missed"] <= max_missed]
        free = [int(row) for j, row in enumerate(rows) if j not in {j for _, j, _ in seen}]
        begun = assigned(at[orphans], at[free], initial)
        for i, j, cost in begun:
            source, target = orphans[i], free[j]
            links.append((source, target, cost))
            started = Filter(at[source], at[target], *noise, known=known)
            particles.append({"filter": started, "last": target, "missed": 0})
        orphans = [row for j, row in enumerate(free) if j not in {j for _, j, _ in begun}]
    return sorted(links, key=lambda link: (link[1], link[0]))
