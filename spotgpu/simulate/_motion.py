"""Trajectories with known motion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.checks import integer, number, per_axis
from spotgpu.tables import POSITION_COLUMNS, position_columns

__all__ = ["brownian_motion", "image_shape", "inside"]

Array = npt.NDArray[np.float64]


def image_shape(shape: Any) -> tuple[int, ...]:
    """Return the lengths of an image's axes.

    Parameters
    ----------
    shape : tuple of int
        What the caller passed.

    Returns
    -------
    tuple of int
        Two or three.

    Raises
    ------
    TypeError, ValueError
        If it is anything else.
    """
    try:
        lengths = tuple(integer("shape", length, at_least=1) for length in shape)
    except TypeError:
        lengths = ()
    if len(lengths) not in (2, 3):
        raise ValueError(f"`shape` must be ([Z,] Y, X), got {shape!r}")
    return lengths


def brownian_motion(
    n_frames: int,
    n_particles: int,
    shape: Sequence[int],
    *,
    D: Any = 0.5,  # noqa: N803 - the field's symbol
    alpha: float = 1.0,
    drift: Any = 0.0,
    blinking: float = 0.0,
    margin: Any = 0.0,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Simulate particles that diffuse in a box with reflecting walls.

    The particles start anywhere in the box with equal probability. Along each axis,

    .. math:: \langle [x(t) - x(0)]^2 \rangle = 2 D t^\alpha

    far from the walls, which reflect: the path of a particle that nothing stops is folded back at
    them. This keeps the particles evenly distributed. The drift is the stage's: it moves the
    particles and the walls, and may carry both out of the image.

    Parameters
    ----------
    n_frames : int
        Number of frames, > 0.
    n_particles : int
        Number of particles, >= 0.
    shape : tuple of int
        Shape of the image, ([Z,] Y, X), in pixels. Pixel ``i`` reaches from ``i - 0.5`` to
        ``i + 0.5``.
    D : float or array_like of float
        Diffusion coefficient in px²/frame, that is
        ``D_um2_per_s * frame_interval_s / pixel_size_um**2``. An array of one axis has a value for
        each particle; one of two axes, broadcast to (n_particles, ndim), for each axis too:
        ``[[D_z, D_y, D_x]]`` where voxels are not cubes.
    alpha : float
        Exponent, 0 < alpha < 2: 1 is Brownian, less is hindered, more is persistent (fractional
        Brownian motion).
    drift : float or sequence of float
        Velocity in px/frame; several values are for ([z,] y, x).
    blinking : float
        Probability, 0 to 1, that a particle is dark in a frame. Such rows are left out.
    margin : float or sequence of float
        Distance in px of the walls from the edges of the image, at the start; negative puts them
        outside, so that particles come and go.
    seed : int
        Same number, same table.

    Returns
    -------
    DataFrame
        ``frame``, ``[z,] y, x`` (px) and ``particle``, sorted by frame and particle. `particle` is
        the place of the particle in `D`.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If one is out of range, or the margins leave no room.

    References
    ----------
    .. [1] R. B. Davies and D. S. Harte, "Tests for Hurst effect", Biometrika 74, 95 (1987),
       https://doi.org/10.1093/biomet/74.1.95 (the steps if `alpha` is not 1)

    Examples
    --------
    >>> tracks = brownian_motion(100, 20, (128, 128), D=0.3, seed=1)
    >>> len(tracks), tracks["particle"].nunique()
    (2000, 20)
    """
    lengths = image_shape(shape)
    ndim = len(lengths)
    frames = integer("n_frames", n_frames, at_least=1)
    n = integer("n_particles", n_particles, at_least=0)
    dark = number("blinking", blinking, at_least=0, at_most=1)
    exponent = number("alpha", alpha, above=0)
    if exponent >= 2:
        raise ValueError(f"`alpha` must be < 2, got {alpha!r}")
    wall = np.array(per_axis("margin", margin, ndim, number))
    velocity = np.array(per_axis("drift", drift, ndim, number))
    room = np.array(lengths) - 2 * wall
    if (room <= 0).any():
        raise ValueError(f"`margin` must leave room inside {lengths}, got {margin!r}")
    spread = np.sqrt(2 * _coefficients(D, n, ndim))
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    positions = rng.uniform(0, 1, (n, ndim)) * room + _paths(rng, frames, exponent, spread)
    # Unfolded, the box repeats with twice its length, every other copy mirrored.
    positions = np.abs((positions + room) % (2 * room) - room)
    positions += wall - 0.5 + velocity * np.arange(frames)[:, None, None]
    table = pd.DataFrame({"frame": np.repeat(np.arange(frames), n)})
    table[list(POSITION_COLUMNS[-ndim:])] = positions.reshape(-1, ndim)
    table["particle"] = np.tile(np.arange(n), frames)
    seen = rng.random(len(table)) >= dark
    return table[seen].reset_index(drop=True)


def _coefficients(given: Any, n: int, ndim: int) -> Array:
    """Return one diffusion coefficient for each particle and axis."""
    try:
        values = np.asarray(given, dtype=float)
        values = np.broadcast_to(values[:, None] if values.ndim == 1 else values, (n, ndim))
    except (TypeError, ValueError):
        raise ValueError(
            f"`D` must be a number or an array of shape ({n},) or broadcast to ({n}, {ndim}), "
            f"got {given!r}"
        ) from None
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError(f"`D` must be finite and >= 0, got {given!r}")
    return values


def _paths(rng: np.random.Generator, frames: int, alpha: float, spread: Array) -> Array:
    """Return displacements since the first frame, shape (frames, n, ndim)."""
    paths = np.zeros((frames, *spread.shape))
    steps = paths[1:]
    if alpha == 1:
        rng.standard_normal(out=steps)
    elif frames > 1:
        # The steps' covariance is circulant if the series is closed to a ring of twice its
        # length, and for 0 < alpha < 2 no eigenvalue is negative beyond rounding.
        lag = np.arange(frames)
        power = np.abs(lag - 1.0) ** alpha + (lag + 1.0) ** alpha - 2.0 * lag**alpha
        ring = np.concatenate((power, power[-2:0:-1])) / 2
        weights = np.sqrt(np.fft.rfft(ring).real.clip(0)).reshape(-1, 1, 1)
        white = np.fft.rfft(rng.standard_normal((len(ring), *spread.shape)), axis=0)
        steps[:] = np.fft.irfft(weights * white, len(ring), axis=0)[: frames - 1]
    steps *= spread
    return paths.cumsum(axis=0)


def inside(
    positions: pd.DataFrame,
    shape: Sequence[int],
    margin: Any = 0.0,
    *,
    pos_columns: Sequence[str] | None = None,
) -> npt.NDArray[np.bool_]:
    """Tell which positions are in the image.

    Parameters
    ----------
    positions : DataFrame
        Spots or trajectories, in pixels.
    shape : tuple of int
        Shape of the image, ([Z,] Y, X).
    margin : float or sequence of float
        Least distance from the centres of the outermost pixels, in px. `locate` needs
        ``diameter // 2`` at least.
    pos_columns : sequence of str, optional
        Position columns in image order. Default: ([z,] y, x).

    Returns
    -------
    array of bool, shape (len(positions),)
        True for rows with ``margin <= position <= length - 1 - margin`` along each axis.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a column is missing, or `shape` has not one length for each.

    Examples
    --------
    >>> inside(pd.DataFrame({"y": [3.0, 9.0], "x": [8.0, 8.0]}), (64, 64), 5).tolist()
    [False, True]
    """
    columns = position_columns("positions", positions, pos_columns)
    lengths = image_shape(shape)
    if len(lengths) != len(columns):
        raise ValueError(f"`shape` must have {len(columns)} axes, got {lengths}")
    border = np.array(per_axis("margin", margin, len(columns), partial(number, at_least=0)))
    values = positions[columns].to_numpy(float)
    within = (values >= border) & (values <= np.array(lengths) - 1 - border)
    result: npt.NDArray[np.bool_] = within.all(axis=1)
    return result
