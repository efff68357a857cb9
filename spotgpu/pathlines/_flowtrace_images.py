"""Images of flowtrace's windows, which are not those that follow each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from spotgpu.pathlines._chunks import chunks, without_one
from spotgpu.pathlines._lazy_images import Streamlines, Work
from spotgpu.pathlines._windows import images

__all__ = ["FlowtraceImages"]


class FlowtraceImages(Streamlines):
    """Images of a folder by flowtrace's windows, to be gone through, not picked.

    Parameters
    ----------
    work : Work
        How they are made; of more frames than are merged.
    cut : int
        For how many processes flowtrace cuts the movie.
    """

    def __init__(self, work: Work, cut: int) -> None:
        super().__init__(work, range(len(work.files) - work.options.frames_to_merge))
        self._cut = cut

    def __iter__(self) -> Iterator[npt.NDArray[np.uint8]]:
        work, size = self._work, self.frames_to_merge
        for part in chunks(len(work.files), size, self._cut):
            source = replace(work.source, numbers=without_one(part, size))
            yield from images(source, work.pixels, work.projection, size)
