"""`Stream`: a movie that can be gone through once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu.io._lazy_frame import LazyFrame
from spotgpu.io._movie import Movie

__all__ = ["Kind", "Stream", "require_alike"]


class Stream(Movie):
    """Frames from an iterator: their number is not known, and they can be gone through once.

    Parameters
    ----------
    frames : iterator of ndarray
        All alike, the first included.
    **known
        As for `Movie`.
    """

    def __init__(self, frames: Iterator[npt.NDArray[Any]], **known: Any) -> None:
        super().__init__(_Once(), range(0), **known)
        self._frames: Iterator[npt.NDArray[Any]] | None = frames

    def __len__(self) -> int:
        raise TypeError(
            f"the number of frames is not known before the end: {self._source}; "
            "pass a list or an array for a movie with a length"
        )

    def __bool__(self) -> bool:
        return True

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of frames is not known: there is no shape.

        Returns
        -------
        tuple
            Never.

        Raises
        ------
        TypeError
            Always.
        """
        len(self)
        return ()

    def __getitem__(self, key: Any, /) -> Any:
        raise TypeError(
            f"frames can only be gone through in order: {self._source}; "
            "pass a list or an array for frames by index"
        )

    def lazy(self, t: int) -> LazyFrame:
        """There are no frames by index.

        Parameters
        ----------
        t : int
            Number of a frame.

        Returns
        -------
        LazyFrame
            Never.

        Raises
        ------
        TypeError
            Always.
        """
        frame: LazyFrame = self[t]
        return frame

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        if self._closed:
            raise ValueError(f"the movie is closed: {self._source}")
        if self._frames is None:
            raise ValueError(
                f"the frames can be gone through only once, and were: {self._source}; "
                "open the source again, or pass a list"
            )
        frames, self._frames = self._frames, None
        return frames

    def __reduce__(self) -> Any:
        raise TypeError(f"a movie that is made while it is read cannot be pickled: {self._source}")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return all frames as one array: all of it in memory."""
        return np.stack(list(self)).astype(dtype or self._dtype, copy=False)

    def _shape_text(self) -> str:
        return str(("?", *self._frame_shape)).replace("'", "")

    def _like(self, **changed: Any) -> Movie:
        if self._frames is None:
            iter(self)
        same: dict[str, Any] = {
            "frames": self._frames,
            "axes": self._axes,
            "frame_shape": self._frame_shape,
            "dtype": self._dtype,
            "source": self._source,
            "sizes_um": self._sizes_um,
            "frame_interval_s": self._interval_s,
        }
        return Stream(**{**same, **changed})


class _Once:
    """Stands for the reader of a stream, which has none."""

    file_backed = False

    def frame(self, t: int) -> npt.NDArray[Any]:
        raise TypeError(f"frame {t} of a stream cannot be read by index")

    def part(self, t: int, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        raise TypeError(f"part {where} of frame {t} of a stream cannot be read by index")

    def chunks(self) -> tuple[int, ...]:
        raise TypeError("the frames of a stream are not stored")

    def close(self) -> None:
        """Nothing is open."""


class Kind(NamedTuple):
    """What is alike in all frames of a movie."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def require_alike(
    frame: npt.NDArray[Any] | Kind, shape: tuple[int, ...], dtype: np.dtype[Any], where: str
) -> None:
    """Compare a frame with the first one.

    Parameters
    ----------
    frame : ndarray or Kind
        The frame, or what it is like.
    shape : tuple of int
        Of the first.
    dtype : dtype
        Of the first.
    where : str
        The frame's number or file, for the message.

    Raises
    ------
    ValueError
        If they differ.
    """
    if frame.shape != shape or frame.dtype != dtype:
        raise ValueError(
            f"`source` must have frames of one shape and type, got {frame.shape} of {frame.dtype} "
            f"in {where} after {shape} of {dtype}"
        )
