"""An image that is read a part at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.detect._image import PixelCheck, computed_type

__all__ = ["Parts"]


class Parts:
    """The pixels of an image as the engine takes them, a part at a time.

    Parameters
    ----------
    image : ndarray, LazyFrame or the like
        Has ``shape`` and ``dtype``; ``image[slices]`` is a part. Its ``chunks``, if it has them,
        are the sides of the blocks in which it is stored.
    check : PixelCheck, optional
        Of its pixels; None if they were checked. It sees what is read until `finish_check`.
    """

    def __init__(self, image: Any, check: PixelCheck | None = None) -> None:
        self._image = image
        self._check = check
        self._given = tuple(image.shape)
        self._kept = [axis for axis, n in enumerate(self._given) if n != 1]
        #: Sides in pixels, without axes of length 1.
        self.shape = tuple(self._given[axis] for axis in self._kept)
        #: As which type the pixels are computed, and how many bytes one takes when it is read.
        self.dtype = computed_type(np.dtype(image.dtype))
        self.itemsize = np.dtype(image.dtype).itemsize
        chunks = getattr(image, "chunks", None) or (1,) * len(self._given)
        # Those of dask are several an axis.
        self.chunks = tuple(
            min(int(np.max(chunks[axis])), self._given[axis]) for axis in self._kept
        )

    def __getitem__(self, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        part = [slice(0, 1)] * len(self._given)
        for axis, entry in zip(self._kept, where, strict=True):
            part[axis] = entry
        stored = np.asarray(self._image[tuple(part)])
        stored = stored.reshape([stored.shape[axis] for axis in self._kept])
        if self._check is not None:
            self._check.add(stored, tuple(entry.start for entry in where))
        return stored.astype(self.dtype, copy=False)

    @property
    def failed(self) -> bool:
        """Whether pixels were read that cannot be computed with.

        Returns
        -------
        bool
            Always False once the check is finished.
        """
        return self._check is not None and self._check.failed

    def finish_check(self) -> None:
        """Complain about pixels that cannot be computed with, after all were read once.

        Raises
        ------
        ValueError
            As `PixelCheck.finish`.
        """
        if self._check is not None:
            self._check.finish()
            self._check = None
