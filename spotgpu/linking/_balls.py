"""Circles and balls: which overlap, and by how much."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.spatial import KDTree

from spotgpu.backends.pairs import Floats, Ints
from spotgpu.linking._measures import Overlapping

__all__ = ["ball_overlaps", "ball_size", "lens"]


def ball_size(radius: Floats, ndim: int) -> Floats:
    """Return the area of circles or the volume of balls.

    Parameters
    ----------
    radius : ndarray of float64
        Radii.
    ndim : {2, 3}
        Number of axes.

    Returns
    -------
    ndarray of float64
        π r² or 4/3 π r³.
    """
    size: Floats = np.pi * radius**2 if ndim == 2 else 4 / 3 * np.pi * radius**3
    return size


def lens(distance: Floats, r: Floats, s: Floats, ndim: int) -> Floats:
    """Return what two circles or balls share.

    Parameters
    ----------
    distance : ndarray of float64
        Between their centres.
    r, s : ndarray of float64
        Their radii, > 0.
    ndim : {2, 3}
        2: circles, 3: balls.

    Returns
    -------
    ndarray of float64
        Area or volume. 0 where they are apart, the smaller one's where it lies in the other.

    Notes
    -----
    Of circles, the sum of two segments: r² (α - sin α cos α) each, where α is half the angle
    under which the chord is seen: cos α = (d² + r² - s²) / (2 d r). Of balls, that of two caps::

        π (r + s - d)² (d² + 2 d (r + s) - 3 (r - s)²) / (12 d)
    """
    large, small = np.maximum(r, s), np.minimum(r, s)
    shared = np.where(distance <= large - small, ball_size(small, ndim), 0.0)
    cross = np.flatnonzero((distance > large - small) & (distance < large + small))
    d, r, s = distance[cross], large[cross], small[cross]
    if ndim == 2:
        area = np.zeros(len(d))
        for a, b in ((r, s), (s, r)):
            angle = np.arccos(np.clip((d + (a - b) * ((a + b) / d)) / (2 * a), -1, 1))
            area += a**2 * (angle - np.sin(angle) * np.cos(angle))
        shared[cross] = area
    else:
        caps = d**2 + 2 * d * (r + s) - 3 * (r - s) ** 2
        shared[cross] = np.pi * (r + s - d) ** 2 * caps / (12 * d)
    return np.clip(shared, 0, ball_size(small, ndim))


def ball_overlaps(
    positions: Floats, radius: Floats, source_step: Ints, target_step: Ints
) -> Overlapping:
    """Find the circles or balls of successive frames that overlap.

    Parameters
    ----------
    positions : ndarray of float64, shape (spots, ndim)
        Centres.
    radius : ndarray of float64, shape (spots,)
        In the unit of the positions.
    source_step, target_step : ndarray of int64, shape (spots,)
        A source and a target whose steps are equal may be a pair; -1: the spot is no source.

    Returns
    -------
    Overlapping
        Pairs of rows.
    """
    ndim = positions.shape[1]
    sources = np.flatnonzero(source_step >= 0)
    # Radii that differ by less than two times go together, so that one large ball does not make
    # candidates of all the small ones.
    octave = np.frexp(radius)[1]
    found = [(np.empty(0, np.int64),) * 2 + (np.empty(0),)]
    for i, j in product(np.unique(octave[sources]), np.unique(octave)):
        a, b = sources[octave[sources] == i], np.flatnonzero(octave == j)
        reach = float(radius[a].max() + radius[b].max())
        # One more axis keeps other steps out of reach.
        trees = (
            KDTree(np.column_stack((2 * reach * step[rows], positions[rows])))
            for rows, step in ((a, source_step), (b, target_step))
        )
        near = next(trees).sparse_distance_matrix(next(trees), reach, output_type="ndarray")
        found.append((a[near["i"]], b[near["j"]], near["v"]))
    source, target, distance = (np.concatenate(column) for column in zip(*found, strict=True))
    overlap = lens(distance, radius[source], radius[target], ndim)
    size = ball_size(radius, ndim)
    pairs = Overlapping(source, target, overlap, size[source], size[target])
    return pairs.rows(overlap > 0)
