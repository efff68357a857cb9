"""Arrays of numpy in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.io._layout import Layout

__all__ = ["NpyFrames"]


class NpyFrames:
    """Frames of a .npy file. Can be pickled.

    Parameters
    ----------
    path : Path
        The file.
    layout : Layout, optional
        Of the array; set before frames are read.
    """

    file_backed = True

    def __init__(self, path: Path, layout: Layout | None = None) -> None:
        self._path = path
        self.layout = layout
        self._array: npt.NDArray[Any] | None = None

    def array(self) -> npt.NDArray[Any]:
        """Return the mapped array.

        Returns
        -------
        ndarray
            Read-only.

        Raises
        ------
        TypeError
            If it has objects in it.
        SpotgpuError
            If the file is cut off or broken.
        """
        if self._array is None:
            try:
                self._array = np.load(self._path, mmap_mode="r", allow_pickle=False)
            except (
                ValueError,
                EOFError,
                OSError,
                SyntaxError,
                MemoryError,
                OverflowError,
            ) as error:
                if "allow_pickle" in str(error) or "Python objects" in str(error):
                    raise TypeError(
                        f"`source` must have pixels that are real numbers, got objects in "
                        f"{self._path}"
                    ) from error
                raise SpotgpuError(f"{self._path} is truncated or corrupt: {error}") from error
        return self._array

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return a frame.

        Parameters
        ----------
        t : int
            Its number, from 0.

        Returns
        -------
        ndarray
            A copy, of shape (Y, X) or (Z, Y, X).
        """
        return self.part(t, (slice(None),) * len(self._known().frame_shape))

    def part(self, t: int, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        """Return a part of a frame.

        Parameters
        ----------
        t : int
            Its number, from 0.
        where : tuple of slice
            The part.

        Returns
        -------
        ndarray
            A copy.
        """
        layout = self._known()
        view = self.array()[layout.part(t, where)].transpose(layout.order)
        native = view.dtype.newbyteorder("=")
        return np.array(view, dtype=native, order="C", subok=False)

    def chunks(self) -> tuple[int, ...]:
        """Return the sides of the blocks in which a frame is stored.

        Returns
        -------
        tuple of int
            Pixels.
        """
        return (1,) * len(self._known().frame_shape)

    def _known(self) -> Layout:
        if self.layout is None:
            raise RuntimeError("the layout was not set")
        return self.layout

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_array": None}

    def close(self) -> None:
        """Unmap the file."""
        self._array = None
