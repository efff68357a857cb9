"""`Movie`: a lazy sequence of frames."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from spotgpu.io._lazy_frame import LazyFrame
from spotgpu.io._sequence import ImageSequence, Reader

__all__ = ["Movie"]


class Movie(ImageSequence):
    """A lazy sequence of frames: each is read when it is asked for, and not kept.

    Made by `open`. ``movie[5]`` and ``movie[-1]`` are frames, numpy arrays of shape (Y, X) or
    (Z, Y, X); ``movie[10:20]`` and ``movie[[0, 5, 7]]`` are movies that share the file, and count
    their frames from 0. A movie that is backed by files can be pickled, and opens them again where
    it is unpickled.

    Parameters
    ----------
    reader : Reader
        Reads the frames.
    chosen : range or ndarray of int
        Which of the reader's frames these are.
    axes : {'TYX', 'TZYX'}
        Axes of the movie.
    frame_shape : tuple of int
        (Y, X) or (Z, Y, X).
    dtype : dtype
        Type of the pixels.
    source : str
        Where the frames come from.
    sizes_um : dict
        Pixel's side by axis letter, where known.
    frame_interval_s : float, optional
        Time from frame to frame in seconds.
    """

    def __init__(
        self,
        reader: Reader,
        chosen: range | npt.NDArray[np.intp],
        *,
        axes: str,
        frame_shape: tuple[int, ...],
        dtype: np.dtype[Any],
        source: str,
        sizes_um: dict[str, float],
        frame_interval_s: float | None,
    ) -> None:
        self._reader = reader
        self._chosen = chosen
        self._axes = axes
        self._frame_shape = frame_shape
        self._dtype = dtype
        self._source = source
        self._sizes_um = sizes_um
        self._interval_s = frame_interval_s
        self._closed = False

    @property
    def axes(self) -> str:
        """Letters of the axes.

        Returns
        -------
        str
            'TYX' or 'TZYX'.
        """
        return self._axes

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of a frame.

        Returns
        -------
        tuple of int
            (Y, X) or (Z, Y, X).
        """
        return self._frame_shape

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of frames and shape of a frame.

        Returns
        -------
        tuple of int
            (T, Y, X) or (T, Z, Y, X).
        """
        return (len(self), *self._frame_shape)

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
    def ndim(self) -> int:
        """Number of axes, that of time among them.

        Returns
        -------
        int
            3 or 4.
        """
        return len(self._axes)

    @property
    def pixel_size_um(self) -> tuple[float, ...] | None:
        """Sides of a pixel in micrometres.

        Returns
        -------
        tuple of float or None
            ([z,] y, x); None if one of them is not known.
        """
        spatial = self._axes[1:]
        if not set(spatial) <= set(self._sizes_um):
            return None
        return tuple(self._sizes_um[axis] for axis in spatial)

    @property
    def frame_interval_s(self) -> float | None:
        """Time from frame to frame in seconds.

        Returns
        -------
        float or None
            None if it is not known.
        """
        return self._interval_s

    @property
    def source(self) -> str:
        """Where the frames come from.

        Returns
        -------
        str
            The path, or what kind of object.
        """
        return self._source

    @property
    def file_backed(self) -> bool:
        """Whether another process can read the frames by itself.

        Returns
        -------
        bool
            True if they lie in files.
        """
        return self._reader.file_backed

    def __len__(self) -> int:
        return len(self._chosen)

    @overload
    def __getitem__(self, key: int, /) -> npt.NDArray[Any]: ...
    @overload
    def __getitem__(self, key: slice, /) -> Movie: ...
    def __getitem__(self, key: Any, /) -> Any:
        if isinstance(key, slice):
            return self._view(self._chosen[key])
        if np.ndim(key) == 1:
            return self._view(self._fancy(key))
        return self._frame(self._number(key))

    def lazy(self, t: int) -> LazyFrame:
        """Return a frame of which only the parts that are asked for are read.

        Parameters
        ----------
        t : int
            Its number, from 0; from the end if negative.

        Returns
        -------
        LazyFrame
            ``lazy(t)[part]`` is ``self[t][part]``.

        Raises
        ------
        TypeError, IndexError
            If `t` is not an integer, or there is no such frame; if the movie is a stream.
        """
        return LazyFrame(self, self._number(t), self._reader.chunks())

    def _number(self, key: Any) -> int:
        """Return the number of a frame in the source."""
        try:
            index = operator.index(key)
        except TypeError:
            raise TypeError(
                "a frame's index must be an integer, a slice, or a list of integers or bools, "
                f"got {key!r}"
            ) from None
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} is out of range: {self!r}")
        return int(self._chosen[index])

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        for index in self._chosen:
            yield self._frame(int(index))

    def __reversed__(self) -> Iterator[npt.NDArray[Any]]:
        return iter(self[::-1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; frames cannot be read after that."""
        self._closed = True
        self._reader.close()

    def __repr__(self) -> str:
        return f"<Movie {self._about()}>"

    def _about(self) -> str:
        known = ", ".join(
            f"{axis.lower()} {self._sizes_um[axis]:.6g}"
            if axis in self._sizes_um
            else f"{axis.lower()} ?"
            for axis in self._axes[1:]
        )
        parts = [
            f"{self._axes} {self._shape_text()} {self._dtype}",
            f"pixel {known} µm" if self._sizes_um else "pixel size unknown",
            "frame interval unknown"
            if self._interval_s is None
            else f"{self._interval_s:.6g} s a frame",
            f"from {self._source}",
        ]
        return ", ".join(parts) + (", closed" if self._closed else "")

    def _shape_text(self) -> str:
        return str(self.shape)

    def _frame(self, t: int) -> npt.NDArray[Any]:
        if self._closed:
            raise ValueError(f"the movie is closed: {self._source}")
        return self._reader.frame(t)

    def _part(self, t: int, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        if self._closed:
            raise ValueError(f"the movie is closed: {self._source}")
        return self._reader.part(t, where)

    def _view(self, chosen: range | npt.NDArray[np.intp]) -> Movie:
        return self._like(chosen=chosen)

    def _like(self, **changed: Any) -> Movie:
        """Return another movie of the same source."""
        same = {
            "reader": self._reader,
            "chosen": self._chosen,
            "axes": self._axes,
            "frame_shape": self._frame_shape,
            "dtype": self._dtype,
            "source": self._source,
            "sizes_um": self._sizes_um,
            "frame_interval_s": self._interval_s,
        }
        return type(self)(**{**same, **changed})

    def _fancy(self, key: Any) -> npt.NDArray[np.intp]:
        picked = np.asarray(key)
        if picked.size and picked.dtype.kind not in "iub":
            raise TypeError(f"frames' indices must be integers or bools, got {picked.dtype}")
        try:
            return np.asarray(self._chosen, dtype=np.intp)[
                picked if picked.size else picked.astype(np.intp)
            ]
        except IndexError as error:
            raise IndexError(f"{error}: {self!r}") from None
