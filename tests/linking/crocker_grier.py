"""The algorithm of Crocker and Grier in plain Python, frame by frame, with dense matrices."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

#: Distances up to so much beyond the range count, as in trackpy.
RIM = 1e-7


class CrockerGrier:
    """A linker.

    `ranges[g - 1]` is the range of a particle that was last seen g frames ago; `most` the number
    of candidates of a spot. Components of more than `sources` particles, or with a particle that
    competes for more than `targets` spots, are narrowed by `step` until the range is `stop` or
    less. `narrowest` is the smallest range that was used, `largest` the most particles that
    competed when it was.
    """

    def __init__(self, ranges, *, most=10, sources=np.inf, targets=np.inf, stop=np.inf, step=1.0):
        self.ranges = np.asarray(ranges, float)
        self.most, self.sources, self.targets = most, sources, targets
        self.stop, self.step = stop, step
        self.narrowest, self.largest = float(self.ranges.max()), 0

    def link(self, f, columns=None):
        """Return the particle of each row; rows are in the order of frames."""
        columns = columns or [c for c in "zyx" if c in f]
        positions, frame = f[columns].to_numpy(float), f["frame"].to_numpy()
        known = []  # of each particle that may be linked: last position, frame, number
        number = np.full(len(f), -1)
        count = 0
        for t in np.unique(frame):
            known = [p for p in known if t - p[1] <= len(self.ranges)]
            rows = np.flatnonzero(frame == t)
            linked = self.step_to(known, positions[rows], t)
            for j, row in enumerate(rows):
                number[row] = known[linked[j]][2] if j in linked else count
                count += j not in linked
            known = [p for i, p in enumerate(known) if i not in linked.values()]
            known += [(positions[row], t, number[row]) for row in rows]
        return number.tolist()

    def step_to(self, known, spots, t):
        """Return the index of the known particle of each spot that has one."""
        if not known or not len(spots):
            return {}
        reach = np.array([self.ranges[t - seen - 1] for _, seen, _ in known])
        distance = cdist([position for position, _, _ in known], spots)
        distance[distance > reach[:, None] + RIM] = np.inf
        distance[distance.argsort(axis=0).argsort(axis=0) >= self.most] = np.inf
        return self.solve(distance, reach, float(self.ranges.max()))

    def solve(self, distance, reach, width):
        """Return the links of all components; `width` is the range so far."""
        n, m = distance.shape
        graph = np.zeros((n + m, n + m), bool)
        graph[:n, n:] = np.isfinite(distance)
        _, label = connected_components(graph, directed=False)
        linked = {}
        for component in np.unique(label[:n]):
            of = np.flatnonzero(label[:n] == component)
            to = np.flatnonzero(label[n:] == component)
            part = distance[np.ix_(of, to)]
            many = len(of) > 1 and np.isfinite(part).sum(axis=1).max(initial=0) > self.targets
            if (len(of) > self.sources or many) and width > self.stop:
                narrow = width * self.step
                self.narrowest = min(self.narrowest, narrow)
                part = np.where(part <= narrow, part, np.inf)
                found = self.solve(part, np.minimum(reach[of], narrow), narrow)
            else:
                self.largest = max(self.largest, len(of))
                found = best(part, reach[of])
            linked |= {int(to[j]): int(of[i]) for j, i in found.items()}
        return linked


def best(distance, reach):
    """Return the best links of a component."""
    n, m = distance.shape
    if (n, m) == (1, 1):
        return {0: 0}
    cost = np.full((n, m + n), 1e12)
    cost[:, :m] = np.where(np.isfinite(distance), distance**2, 1e12)
    cost[np.arange(n), m + np.arange(n)] = reach**2
    rows, columns = linear_sum_assignment(cost)
    return {int(j): int(i) for i, j in zip(rows, columns, strict=True) if j < m}


def in_order(f: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in the order of frames."""
    return f.sort_values("frame", kind="stable").reset_index(drop=True)


def chain(n, moved, apart=3.0):
    """Return particles in a row that step by 0.1, and one at the end that moves farther."""
    x = apart * np.arange(n)
    step = np.full(n, 0.1)
    step[-1] = moved
    both = [pd.DataFrame({"y": 0.0, "x": at}).assign(frame=i) for i, at in enumerate((x, x + step))]
    return pd.concat(both, ignore_index=True)
