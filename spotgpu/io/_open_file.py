"""A file that is kept open, and opened again where it is unpickled."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError

__all__ = ["OpenFile"]


class OpenFile:
    """Reads from places in a file. Can be pickled.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: int | None = None
        self._stamp: tuple[int, int] | None = None
        stat = os.fstat(self.descriptor())
        self._stamp = stat.st_size, stat.st_mtime_ns
        self.size = stat.st_size

    def descriptor(self) -> int:
        """Return the descriptor of the open file.

        Returns
        -------
        int
            It is opened if need be.

        Raises
        ------
        FileNotFoundError
            If it is not there.
        SpotgpuError
            If it cannot be read, or has changed since it was opened first.
        """
        if self._open is None:
            self._open = _descriptor(self._path)
            # Closes it when this object goes; no warning, as there is no writing to lose.
            self._closer = weakref.finalize(self, os.close, self._open)
            if self._stamp is not None:
                stat = os.fstat(self._open)
                if (stat.st_size, stat.st_mtime_ns) != self._stamp:
                    raise SpotgpuError(f"{self._path} has changed since it was opened")
        return self._open

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        if self._open is not None:
            self._closer()
            self._open = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_path": self._path, "_open": None, "_stamp": self._stamp, "size": self.size}

    def read(self, place: int, size: int) -> bytes:
        """Read bytes.

        Parameters
        ----------
        place : int
            The first.
        size : int
            How many.

        Returns
        -------
        bytes
            All of them.

        Raises
        ------
        OSError
            If the file ends before.
        """
        data = os.pread(self.descriptor(), size, place)
        if len(data) < size:
            raise OSError("the file ends within it")
        return data

    def read_into(self, place: int, out: npt.NDArray[Any]) -> None:
        """Read bytes into an array.

        Parameters
        ----------
        place : int
            The first.
        out : ndarray
            Contiguous; filled.

        Raises
        ------
        OSError
            If the file ends before.
        """
        view = out.reshape(-1).view(np.uint8).data
        descriptor = self.descriptor()
        done = 0
        while done < len(view):
            got = os.preadv(descriptor, [view[done:]], place + done)
            if got == 0:
                raise OSError("the file ends within it")
            done += got


def _descriptor(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise FileNotFoundError(f"`source` must be a file that is there, got {path}") from None
    except OSError as error:
        raise SpotgpuError(f"{path} cannot be read: {error.strerror}") from error
