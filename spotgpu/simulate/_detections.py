"""Spots as a detector finds them: with errors, misses, false ones and close ones seen as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from spotgpu.checks import integer, number, per_axis
from spotgpu.simulate._detection_errors import (
    LOWEST_THRESHOLD,
    DetectionErrors,
    detection_errors,
    relative_variance,
)
from spotgpu.simulate._motion import image_shape
from spotgpu.simulate._render import spot_widths
from spotgpu.simulate._visibility import dark_spots, seen_as_one
from spotgpu.tables import POSITION_COLUMNS, Tracks, require_columns

__all__ = ["RAYLEIGH", "detections"]

#: Rayleigh's distance, 0.61 wavelengths / NA, over the sigma of the Gaussian that is nearest to an
#: Airy disk, 0.225 wavelengths / NA.
RAYLEIGH = 0.61 / 0.225

#: Other random numbers than `moving_particles` takes for the same seed.
STREAM = 2


def detections(
    truth: Tracks,
    shape: Sequence[int],
    *,
    n_frames: int | None = None,
    snr: float = 4.0,
    sigma: Any = 0.9,
    background: float = 10.0,
    error: Any = None,
    missed: float | None = None,
    false: float | None = None,
    resolution: Any = None,
    blinking: float = 0.0,
    dark_frames: float = 3.0,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Make the spots that a detector would find in a movie of known tracks.

    In this order:

    1. Particles blink: each is dark for a share `blinking` of the time, in runs of a geometric
       number of frames with the mean `dark_frames`.
    2. Spots of a frame that are nearer to each other than `resolution` are seen as one, in their
       mean position and with the sum of their photons; so are chains of such spots.
    3. The mass of a spot is normal, with its photons as the mean and the variance of
       `detection_errors`; if it is below the threshold, the spot is missed.
    4. Positions get normal errors of the standard deviation `error` for single spots, less for
       those of more photons, and are reflected at the edges of the image.
    5. False spots: a Poisson number in each frame, of mean `false`, anywhere in the image. Their
       mass is above the threshold by an exponential distribution, as maxima of noise are.

    Parameters
    ----------
    truth : Tracks
        Tracks like those of `moving_particles`, in px, with frames from 0.
    shape : tuple of int
        Shape of a frame, ([Z,] Y, X), in pixels.
    n_frames : int, optional
        Number of frames. Default: up to the last one in `truth`.
    snr : float
        Signal-to-noise ratio: it decides about the mass, and about what is not given of `error`,
        `missed` and `false`, by `detection_errors`.
    sigma : float or sequence of float
        Standard deviation of a spot in px; several values are for ([z,] y, x).
    background : float
        Photons per pixel without spots, > 0.
    error : float or sequence of float, optional
        Standard deviation of the positions of single spots in px; several values are for
        ([z,] y, x).
    missed : float, optional
        Probability that a single spot that is not dark is missed.
    false : float, optional
        Mean number of false spots in a frame.
    resolution : float or sequence of float, optional
        Least distance of spots that are seen apart, in px, with one value for each axis or for
        all; 0 sees all spots apart. Default: Rayleigh's distance, 2.7 `sigma` [1]_.
    blinking : float
        Share of the time in which a particle is dark, < 1.
    dark_frames : float
        Mean number of frames, >= 1, that a particle stays dark.
    seed : int
        Same number, same spots.

    Returns
    -------
    DataFrame
        ``frame``, ``[z,] y, x`` (px, in the image), ``mass`` (photons) and ``truth`` (id of the
        true spot, -1 for a false one, the lowest id of several seen as one), sorted by frame and
        position.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If one is out of range, or `truth` has frames or axes that the movie does not have.

    References
    ----------
    .. [1] B. Zhang, J. Zerubia and J.-C. Olivo-Marin, "Gaussian approximations of fluorescence
       microscope point-spread function models", Applied Optics 46, 1819 (2007),
       https://doi.org/10.1364/AO.46.001819

    Examples
    --------
    >>> from spotgpu.simulate import moving_particles
    >>> truth = moving_particles("brownian", 100, 200, (512, 512))
    >>> spots = detections(truth, (512, 512), snr=2, missed=0.1)
    >>> list(spots.columns)
    ['frame', 'y', 'x', 'mass', 'truth']
    """
    lengths = image_shape(shape)
    columns = list(POSITION_COLUMNS[-len(lengths) :])
    frames = _frames(truth, columns, n_frames)
    widths = spot_widths(sigma, len(lengths))
    apart = [RAYLEIGH * width for width in widths] if resolution is None else resolution
    apart = per_axis("resolution", apart, len(lengths), partial(number, at_least=0))
    run = number("dark_frames", dark_frames, at_least=1)
    share = number("blinking", blinking, at_least=0, at_most=run / (run + 1))
    key = np.random.SeedSequence(integer("seed", seed, at_least=0), spawn_key=(STREAM,))
    rng = np.random.default_rng(key)
    spots = truth.spots[[truth.t_column, "id", *columns]].set_axis(
        ["frame", "id", *columns], axis=1
    )
    lit = spots[~dark_spots(truth, share, run, rng)].sort_values(["frame", "id"])
    seen = seen_as_one(lit, columns, apart)
    expected = detection_errors(
        snr, len(seen) / frames, lengths, sigma=widths, background=background
    )
    expected = _with(expected, error, missed, false)
    found = _found(seen, columns, expected, rng)
    noise = _noise(frames, lengths, columns, expected, rng)
    spots = pd.concat([found, noise], ignore_index=True)
    for column, length in zip(columns, lengths, strict=True):
        # Unfolded, the image repeats with twice its length, every other copy mirrored.
        offsets = (spots[column].to_numpy() + 0.5 + length) % (2 * length) - length
        spots[column] = np.abs(offsets) - 0.5
    return spots.sort_values(["frame", *columns], kind="stable", ignore_index=True)


def _frames(truth: object, columns: list[str], n_frames: int | None) -> int:
    """Return the number of frames of a movie of these tracks."""
    if not isinstance(truth, Tracks):
        raise TypeError(f"`truth` must be Tracks, got {type(truth).__name__}")
    require_columns("truth.spots", truth.spots, columns)
    if len(columns) == 2 and "z" in truth.spots:
        raise ValueError("`shape` must be (Z, Y, X) where `truth` has z, got two lengths")
    frames = truth.spots[truth.t_column]
    if n_frames is None:
        if not len(frames):
            raise ValueError("`n_frames` must be given where `truth` is empty, got None")
        n_frames = int(frames.max()) + 1
    total = integer("n_frames", n_frames, at_least=1)
    if len(frames) and not 0 <= frames.min() <= frames.max() < total:
        raise ValueError(
            f"`truth` must have frames from 0 to {total - 1}, got {frames.min()} to {frames.max()}"
        )
    return total


def _with(
    expected: DetectionErrors, error: Any, missed: float | None, false: float | None
) -> DetectionErrors:
    """Put in what the caller gives."""
    given: dict[str, Any] = {}
    if error is not None:
        ndim = len(expected.error)
        given["error"] = per_axis("error", error, ndim, partial(number, at_least=0))
    if missed is not None:
        share = number("missed", missed, at_least=0, at_most=1)
        threshold = expected.mass + expected.mass_error * float(ndtri(share))
        given |= {"missed": share, "threshold": threshold}
    if false is not None:
        given["false"] = number("false", false, at_least=0)
    return replace(expected, **given)


def _found(
    seen: pd.DataFrame, columns: list[str], expected: DetectionErrors, rng: np.random.Generator
) -> pd.DataFrame:
    """Return what is found of the spots."""
    count = seen["count"].to_numpy(float)
    noise = expected.mass_noise
    variance = noise**2 + count * (expected.mass_error**2 - noise**2)
    mass = expected.mass * count + np.sqrt(variance) * rng.standard_normal(len(seen))
    single = relative_variance(np.array(expected.mass), noise)
    spread = np.sqrt(relative_variance(expected.mass * count, noise) / single)
    errors = rng.standard_normal((len(seen), len(columns))) * expected.error
    table = seen[["frame", *columns]].copy()
    table[columns] += spread[:, None] * errors
    table["mass"] = mass.clip(0)
    table["truth"] = seen["truth"]
    return table[mass >= expected.threshold]


def _noise(
    frames: int,
    lengths: tuple[int, ...],
    columns: list[str],
    expected: DetectionErrors,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return what is found where no spot is."""
    counts = rng.poisson(expected.false, frames)
    n = int(counts.sum())
    table = pd.DataFrame({"frame": np.repeat(np.arange(frames), counts)})
    table[columns] = rng.random((n, len(columns))) * lengths - 0.5
    level = expected.threshold / expected.mass_noise
    if level < LOWEST_THRESHOLD or math.isinf(level):
        level = LOWEST_THRESHOLD
    table["mass"] = expected.mass_noise * (level + rng.exponential(1 / level, n))
    table["truth"] = np.full(n, -1)
    return table
