"""Positions: at random, on a line, in a collage of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.checks import choice, integer
from spotgpu.traces._coordinates import ORDERS

__all__ = ["collage_positions", "positions_from_A_to_B", "random_positions"]


def random_positions(
    shape_or_mask: Any,
    N: int = 1,  # noqa: N803 (optimap's name)
    *,
    seed: int | np.random.Generator | None = None,
    order: str = "xy",
) -> list[tuple[int, ...]]:
    """Choose different pixels at random, each as likely as any other.

    Parameters
    ----------
    shape_or_mask : tuple of int, or array_like of bool or numbers, shape (Y, X) or (Z, Y, X)
        Shape of the image, or an image that is not 0 where positions may be.
    N : int
        Number of positions, at most the number of pixels where they may be.
    seed : int or numpy.random.Generator, optional
        The same positions for the same seed. Default: others each time.
    order : {'xy', 'yx'}
        Of the components of a position, see `spotgpu.traces`.

    Returns
    -------
    list of tuple of int
        `N` positions in pixels.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If the shape or mask has not 2 or 3 axes, or there are less than `N` pixels to choose from.

    Examples
    --------
    >>> random_positions([[0, 0, 0], [0, 0, 1]])
    [(2, 1)]
    """
    choice("order", order, ORDERS)
    count = integer("N", N, at_least=0)
    if seed is not None and not isinstance(seed, np.random.Generator):
        seed = integer("seed", seed, at_least=0)
    shape, pixels = _where(shape_or_mask)
    among = pixels if isinstance(pixels, int) else len(pixels)
    if count > among:
        raise ValueError(f"`N` must be at most {among}, the pixels to choose from, got {count}")
    chosen = np.random.default_rng(seed).choice(pixels, count, replace=False)
    places = np.stack(np.unravel_index(chosen, shape), axis=1)
    return [tuple(place) for place in places[:, :: -1 if order == "xy" else 1].tolist()]


def _where(shape_or_mask: Any) -> tuple[tuple[int, ...], int | npt.NDArray[np.int64]]:
    """Return the shape, and the number of all pixels or the numbers of those allowed."""
    given = np.asarray(shape_or_mask)
    if given.dtype.kind not in "buif":
        raise TypeError(
            f"`shape_or_mask` must be a shape or an array of numbers, got {given.dtype}"
        )
    if given.ndim == 1 and len(given) in {2, 3}:
        shape = tuple(integer("shape_or_mask", side, at_least=1) for side in given.tolist())
        return shape, int(np.prod(shape, dtype=np.int64))
    if given.ndim not in {2, 3}:
        raise ValueError(
            "`shape_or_mask` must be a shape (Y, X) or (Z, Y, X), or an array of such a shape, "
            f"got an array of shape {given.shape}"
        )
    if np.isnan(given).any():
        raise ValueError("`shape_or_mask` must have no NaN")
    return given.shape, np.flatnonzero(given)


def positions_from_A_to_B(  # noqa: N802 (optimap's name)
    N: int,  # noqa: N803
    A: Sequence[float],  # noqa: N803
    B: Sequence[float],  # noqa: N803
    *,
    as_integers: bool = False,
) -> list[tuple[float, ...]]:
    """Return evenly spaced positions on a line, its ends included.

    Parameters
    ----------
    N : int
        Number of positions, at least 1: of one, it is `A`.
    A, B : sequence of float, length 2 or 3
        First and last position in pixels. The order of their components is that of the result.
    as_integers : bool
        Return the nearest pixels, as int; of two as near, the even one.

    Returns
    -------
    list of tuple of float
        ``A + (B - A) * i / (N - 1)`` for i from 0 to N - 1.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If `N` is less than 1, or a position is not finite or has not 2 or 3 components.

    Examples
    --------
    >>> positions_from_A_to_B(3, (0, 5), (5, 5))
    [(0.0, 5.0), (2.5, 5.0), (5.0, 5.0)]
    """
    count = integer("N", N, at_least=1)
    start, end = _position("A", A), _position("B", B)
    if len(start) != len(end):
        raise ValueError(f"`B` must have as many components as `A`, {len(start)}, got {B!r}")
    places = np.linspace(start, end, count)
    if as_integers:
        places = np.rint(places).astype(np.int64)
    return [tuple(place) for place in places.tolist()]


def _position(name: str, given: Any) -> npt.NDArray[np.float64]:
    """Return one position."""
    place = np.asarray(given)
    if place.dtype.kind not in "iuf":
        raise TypeError(f"`{name}` must be a position, 2 or 3 numbers, got {given!r}")
    if place.shape not in {(2,), (3,)} or not np.isfinite(place).all():
        raise ValueError(f"`{name}` must be a position, 2 or 3 finite numbers, got {given!r}")
    return place.astype(np.float64)


def collage_positions(
    positions: Sequence[Any],
    image_shape: tuple[int, int],
    ncols: int = 6,
    *,
    order: str = "xy",
) -> list[tuple[float, ...]]:
    """Return positions in images as positions in a collage of the images.

    The images are side by side in rows of `ncols`, from left to right, one row below the other;
    the last may be shorter.

    Parameters
    ----------
    positions : sequence of array_like, shape (n, 2) each
        Positions in pixels, for each image; none for an image is well.
    image_shape : tuple of int
        Shape (Y, X) that all images have, in this order always.
    ncols : int
        Images in a row.
    order : {'xy', 'yx'}
        Of the components of a position, see `spotgpu.traces`.

    Returns
    -------
    list of tuple of float or int
        Positions of all images, those of an image together; int where those of the image are.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or shape.

    Examples
    --------
    >>> collage_positions([[(1, 2)], [], [(3, 4), (0, 0)]], (10, 20), ncols=2)
    [(1, 2), (3, 14), (0, 10)]
    """
    choice("order", order, ORDERS)
    columns = integer("ncols", ncols, at_least=1)
    if np.shape(image_shape) != (2,):
        raise ValueError(f"`image_shape` must be (Y, X), got {image_shape!r}")
    height, width = (integer("image_shape", side, at_least=1) for side in image_shape)
    result: list[tuple[float, ...]] = []
    for number, given in enumerate(positions):
        places = np.asarray(given)
        if places.size == 0:
            continue
        if places.dtype.kind not in "iuf":
            raise TypeError(f"`positions[{number}]` must be of numbers, got {places.dtype}")
        if places.ndim != 2 or places.shape[1] != 2:
            raise ValueError(f"`positions[{number}]` must be of shape (n, 2), got {places.shape}")
        row, column = divmod(number, columns)
        shift = (column * width, row * height)
        # Not in place, and not in a type as narrow as uint8.
        wide = places.astype(np.float64 if places.dtype.kind == "f" else np.int64)
        result += map(tuple, (wide + (shift if order == "xy" else shift[::-1])).tolist())
    return result
