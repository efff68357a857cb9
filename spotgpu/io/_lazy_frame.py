"""`LazyFrame`: a frame of which only the parts that are asked for are read."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["LazyFrame"]

Part = tuple[slice, ...]


class _Owner(Protocol):
    @property
    def frame_shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def _part(self, t: int, where: Part) -> npt.NDArray[Any]: ...


class LazyFrame:
    """A frame that is not in memory. Made by `Movie.lazy`.

    ``frame[2:5, :, 100:200]`` reads that part and returns an array; ``frame[:, :, :]`` and
    ``numpy.asarray(frame)`` are what the movie gives by index. Nothing is kept. It can be pickled
    if its movie can.

    Parameters
    ----------
    owner : Movie
        Whose frame it is.
    t : int
        Number of the frame in the source.
    chunks : tuple of int
        As in the property.
    """

    def __init__(self, owner: _Owner, t: int, chunks: tuple[int, ...]) -> None:
        self._owner = owner
        self._t = t
        self._shape = owner.frame_shape
        self._dtype = owner.dtype
        self._chunks = chunks

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the frame.

        Returns
        -------
        tuple of int
            (Y, X) or (Z, Y, X).
        """
        return self._shape

    @property
    def ndim(self) -> int:
        """Number of axes.

        Returns
        -------
        int
            2 or 3.
        """
        return len(self._shape)

    @property
    def size(self) -> int:
        """Number of pixels.

        Returns
        -------
        int
            Product of the sides.
        """
        return math.prod(self._shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels.

        Returns
        -------
        dtype
            Of integers or floats.
        """
        return self._dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Sides of the blocks in which the frame is stored, from pixel 0.

        To read a part of a block takes as long as to read all of it.

        Returns
        -------
        tuple of int
            One side per axis, in pixels, at least 1.
        """
        return self._chunks

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, key: Any, /) -> npt.NDArray[Any]:
        entries = key if isinstance(key, tuple) else (key,)
        if len(entries) > self.ndim or not all(isinstance(entry, slice) for entry in entries):
            raise TypeError(f"a part must be up to {self.ndim} slices, got {key!r}")
        entries += (slice(None),) * (self.ndim - len(entries))
        where = []
        for entry, side in zip(entries, self._shape, strict=True):
            start, stop, step = entry.indices(side)
            if step != 1:
                raise ValueError(f"a part must have slices of step 1, got {entry!r}")
            where.append(slice(start, max(start, stop)))
        return self._owner._part(self._t, tuple(where))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return the whole frame."""
        if copy is False:
            raise ValueError("a frame is read into a new array: `copy` must not be False")
        return self[:,].astype(dtype or self._dtype, copy=False)

    def __repr__(self) -> str:
        sides, blocks = (" x ".join(map(str, sides)) for sides in (self._shape, self._chunks))
        return f"<LazyFrame {sides} {self._dtype}, in blocks of {blocks}>"
