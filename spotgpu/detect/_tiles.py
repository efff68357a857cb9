"""How a frame is cut into parts that fit the memory, with the halo that windows reach into."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache, reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError

__all__ = ["Limits", "Tile", "common", "grown", "tiles", "within"]

#: Sides of a multiple of a chunk that are tried per axis, at most.
TRIED = 24

Where = tuple[slice, ...]
Lengths = npt.NDArray[np.float64]


class Tile(NamedTuple):
    """A part of a frame, with the halo that its windows reach into.

    Attributes
    ----------
    core, outer : tuple of slice
        The part without and with the halo, which ends where the frame does.
    inner : tuple of slice
        The part within `outer`.
    """

    core: Where
    outer: Where
    inner: Where


class Limits(NamedTuple):
    """How large a part can be.

    Attributes
    ----------
    outer : int
        Pixels with its halo.
    read : int
        Pixels with all that is read around it.
    told : str
        What to say where this is too little, with gaps for pixels and reach.
    """

    outer: int
    read: int = sys.maxsize
    told: str = (
        "the device has room for {} pixels, too few for windows that reach {} pixels: "
        "use device='cpu'"
    )


def tiles(
    shape: Sequence[int],
    halo: Sequence[int],
    most: int | Limits,
    *,
    beyond: Sequence[int] | None = None,
    chunks: Sequence[int] | None = None,
) -> Iterator[Tile]:
    """Cut a frame into parts, so that as little is read as can be.

    Of the sides that fit, those are taken for which the least is read in total, counted once as
    pixels and once as whole chunks. Sides are multiples of a chunk where that fits; then parts end
    so that what is read ends where a chunk does.

    Parameters
    ----------
    shape : sequence of int
        Sides of the frame in pixels.
    halo : sequence of int
        How far windows reach, per axis.
    most : int or Limits
        Pixels of a part with its halo, at most.
    beyond : sequence of int, optional
        How far beyond the halo is read. Default 0.
    chunks : sequence of int, optional
        Sides of the blocks in which the frame is stored. Default 1.

    Yields
    ------
    Tile
        In C order.

    Raises
    ------
    SpotgpuError
        If there is no room for one pixel with its halo.
    """
    limits = most if isinstance(most, Limits) else Limits(most)
    beyond = (0,) * len(shape) if beyond is None else beyond
    reach = tuple(h + b for h, b in zip(halo, beyond, strict=True))
    chunks = (1,) * len(shape) if chunks is None else chunks
    sides = _sides(tuple(shape), tuple(halo), reach, tuple(chunks), limits)
    cuts = [
        _cuts(n, side, r, chunk)
        for n, side, r, chunk in zip(shape, sides, reach, chunks, strict=True)
    ]
    for core in itertools.product(*([slice(*ends) for ends in axis] for axis in cuts)):
        outer = grown(core, halo, shape)
        yield Tile(core, outer, within(core, outer))


def grown(where: Where, halo: Sequence[int], shape: Sequence[int]) -> Where:
    """Return a part of a frame with what is around it.

    Parameters
    ----------
    where : tuple of slice
        The part.
    halo : sequence of int
        How much, per axis, in pixels.
    shape : sequence of int
        Of the frame, where it ends.

    Returns
    -------
    tuple of slice
        The larger part.
    """
    return tuple(
        slice(max(part.start - h, 0), min(part.stop + h, n))
        for part, h, n in zip(where, halo, shape, strict=True)
    )


def within(where: Where, outer: Where) -> Where:
    """Return where a part of a frame is in a larger part.

    Parameters
    ----------
    where, outer : tuple of slice
        Both, in the frame.

    Returns
    -------
    tuple of slice
        The part, in `outer`.
    """
    return tuple(
        slice(part.start - whole.start, part.stop - whole.start)
        for part, whole in zip(where, outer, strict=True)
    )


def common(one: Where, other: Where) -> Where | None:
    """Return what two parts of a frame have in common.

    Parameters
    ----------
    one, other : tuple of slice
        The parts.

    Returns
    -------
    tuple of slice or None
        None if they have no pixel in common.
    """
    both = tuple(
        slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    return both if all(part.start < part.stop for part in both) else None


@lru_cache(maxsize=64)
def _sides(
    shape: tuple[int, ...],
    halo: tuple[int, ...],
    reach: tuple[int, ...],
    chunks: tuple[int, ...],
    limits: Limits,
) -> list[int]:
    """Return the sides of the parts without their halo."""
    axes = [_Axis.of(*one) for one in zip(shape, halo, reach, chunks, strict=True)]
    _, outer, read, pixels, stored = (
        reduce(np.multiply.outer, arrays) for arrays in zip(*axes, strict=True)
    )
    cost = np.where((outer <= limits.outer) & (read <= limits.read), pixels + stored, np.inf)
    best = np.unravel_index(int(np.argmin(cost)), cost.shape)
    if np.isinf(cost[best]):
        room = min(limits.outer, limits.read)
        raise SpotgpuError(limits.told.format(room, " x ".join(map(str, reach))))
    return [int(axis.side[k]) for axis, k in zip(axes, best, strict=True)]


class _Axis(NamedTuple):
    """Tiles along one axis, by their side from the largest: how much there is, in float64."""

    side: Lengths
    #: Of the largest with its halo, and with all that is read.
    outer: Lengths
    read: Lengths
    #: Read in total, as pixels and as whole chunks.
    pixels: Lengths
    stored: Lengths

    @classmethod
    def of(cls, n: int, halo: int, reach: int, chunk: int) -> _Axis:
        n_chunks = -(-n // chunk)
        parts = np.unique(np.geomspace(1, n_chunks, TRIED).round().astype(int))
        sides = [min(n, -(-n_chunks // part) * chunk) for part in parts.tolist()]
        while sides[-1] > 1:
            sides.append(-(-min(sides[-1], chunk) // 2))
        rows = []
        for side in sides:
            start, stop = np.array(_cuts(n, side, reach, chunk)).T
            outer = np.minimum(stop + halo, n) - np.maximum(start - halo, 0)
            first, last = np.maximum(start - reach, 0), np.minimum(stop + reach, n)
            stored = np.minimum(-(-last // chunk) * chunk, n) - first // chunk * chunk
            read = last - first
            rows.append((side, outer.max(), read.max(), read.sum(), stored.sum()))
        return cls(*np.array(rows, np.float64).T)


def _cuts(n: int, side: int, reach: int, chunk: int) -> list[tuple[int, int]]:
    """Return where tiles start and stop along an axis."""
    # What is read beyond their ends: it ends with a chunk, if there are whole ones.
    shift = 0 if side % chunk or side == n else reach % chunk
    starts = [0, *range(side - shift, n, side)]
    return list(itertools.pairwise([*starts, n]))
