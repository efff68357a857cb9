"""`Streamlines`: a lazy sequence of images of pathlines."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from spotgpu.pathlines._names import Stem, file_name
from spotgpu.pathlines._options import Options
from spotgpu.pathlines._pixels import Pixels
from spotgpu.pathlines._projection import Projection
from spotgpu.pathlines._source import Source
from spotgpu.pathlines._windows import images, largest

__all__ = ["Streamlines", "Work"]

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Work:
    """How images are made."""

    source: Source
    pixels: Pixels
    projection: Projection
    options: Options
    stem: Stem
    files: list[Path]

    @cached_property
    def peak(self) -> float:
        """Largest value of the images of the whole movie, which is gone through for it once.

        Returns
        -------
        float
            As of `largest`.
        """
        merged = self.options.frames_to_merge
        return largest(self.source, self.pixels, self.projection, merged)


class Streamlines(Sequence[Image]):
    """Lazy sequence of images of pathlines: each is made when it is asked for, and not kept.

    Made by `streamlines`. ``images[5]`` reads the frames of one window; ``images[10:20]`` is a
    `Streamlines`, too. Going through them reads no frame twice; who keeps one of these images keeps
    some that were made with it in memory. Those of a generator have no length
    and can be gone through once. As a context manager it closes the movie, if it opened it.

    Parameters
    ----------
    work : Work
        How they are made.
    chosen : range or None
        Which windows these are; None: all that come.
    """

    def __init__(self, work: Work, chosen: range | None) -> None:
        self._work = work
        self._chosen = chosen

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of an image.

        Returns
        -------
        tuple of int
            ([Z,] Y, X), or ([Z,] Y, X, 3) in colour.
        """
        return self._work.projection.shape(self._work.pixels.shape)

    @property
    def colour(self) -> bool:
        """Whether the images are in colour.

        Returns
        -------
        bool
            Then their last axis has red, green and blue.
        """
        return self._work.source.colour or bool(self._work.options.color_series)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of images and shape of an image.

        Returns
        -------
        tuple of int
            (T, [Z,] Y, X) or (T, [Z,] Y, X, 3).
        """
        return (len(self), *self.image_shape)

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Type of the pixels.

        Returns
        -------
        dtype
            uint8.
        """
        return np.dtype(np.uint8)

    @property
    def frames_to_merge(self) -> int:
        """How many frames are in each image.

        Returns
        -------
        int
            As it was asked for.
        """
        return self._work.options.frames_to_merge

    @property
    def names(self) -> list[str]:
        """Names for the images' files, those of flowtrace.

        Returns
        -------
        list of str
            ``<file>_streamlines_frames<n>.png``, where ``file`` is the first frame's, without its
            ending; of a movie in one file or Zarr store ``<movie>_<number>_...``, with the number
            of that frame in it, also where some frames were chosen with ``movie[10:20]``; of others
            ``frame_<number>_...``.
        """
        return [self.name(i) for i in range(len(self))]

    def name(self, i: int) -> str:
        """Return the name for one image's file.

        Parameters
        ----------
        i : int
            Which image, from 0.

        Returns
        -------
        str
            As of `names`.
        """
        window = i if self._chosen is None else self._chosen[i]
        numbers, step = self._work.source.numbers, self._work.options.frames_to_skip
        frame = window * step if numbers is None else numbers[window]
        return file_name(self._work.stem(frame), self.frames_to_merge)

    @property
    def files(self) -> list[Path]:
        """Files of the movie.

        Returns
        -------
        list of Path
            The folder of a Zarr store; empty if it has none, or one cannot tell.
        """
        return self._work.files

    def __len__(self) -> int:
        if self._chosen is None:
            raise TypeError(
                "the number of images is not known before the end: "
                f"{self._work.source.movies[0].source}; pass a list or an array for a length"
            )
        return len(self._chosen)

    def __bool__(self) -> bool:
        return self._chosen is None or len(self._chosen) > 0

    @overload
    def __getitem__(self, key: int, /) -> Image: ...
    @overload
    def __getitem__(self, key: slice, /) -> Streamlines: ...
    def __getitem__(self, key: Any, /) -> Any:
        if self._chosen is None:
            raise TypeError(
                "images can only be gone through in order: "
                f"{self._work.source.movies[0].source}; pass a list or an array for single ones"
            )
        if isinstance(key, slice):
            return Streamlines(self._work, self._chosen[key])
        try:
            window = self._chosen[operator.index(key)]
        except TypeError:
            raise TypeError(
                f"an image's index must be an integer or a slice, got {key!r}"
            ) from None
        except IndexError:
            raise IndexError(f"image {key} is out of range: {self!r}") from None
        (image,) = self._run(window, window + 1)
        return image

    def __iter__(self) -> Iterator[Image]:
        if self._chosen is None:
            work = self._work
            return images(work.source, work.pixels, work.projection, self.frames_to_merge)
        return self._images(self._chosen)

    def __reversed__(self) -> Iterator[Image]:
        return iter(self[::-1])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return all images as one array: all of it in memory."""
        if copy is False:
            raise ValueError("images are made into a new array: `copy` must not be False")
        if self._chosen is None:
            return np.stack(list(self)).astype(dtype or self.dtype, copy=False)
        array = np.empty(self.shape, dtype or self.dtype)
        for i, image in enumerate(self):
            array[i] = image
        return array

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
        """Close the movie's file, if it was opened for these images; it opens again when needed."""
        self._work.source.close()

    def __repr__(self) -> str:
        shape = ("?", *self.image_shape) if self._chosen is None else self.shape
        return (
            f"<Streamlines {str(shape).replace(chr(39), '')} uint8, {self.frames_to_merge} frames "
            f"each, from {self._work.source.movies[0].source}>"
        )

    def _images(self, chosen: range) -> Iterator[Image]:
        if not chosen:
            return
        if chosen.step < 0:
            # Backwards in blocks, each made forwards.
            many = self._work.projection.windows(self._work.pixels.shape, self._work.pixels.dtype)
            for start in range(0, len(chosen), many):
                yield from reversed(list(self._images(chosen[start : start + many][::-1])))
        elif chosen.step >= self.frames_to_merge:
            for window in chosen:
                yield from self._run(window, window + 1)
        else:
            run = islice(self._run(chosen[0], chosen[-1] + 1), 0, None, chosen.step)
            # Those between are forgotten.
            yield from run if chosen.step == 1 else (image.copy() for image in run)

    def _run(self, start: int, stop: int) -> Iterator[Image]:
        """Yield the images of windows that follow each other."""
        work, size = self._work, self.frames_to_merge
        numbers = work.source.numbers or ()
        if work.pixels.undecided:
            # Of the movie's first frame, whichever image is asked for first.
            ((number, frame),) = work.source.picked(numbers[:1]).frames()
            work.pixels(frame, number)
        peak = work.peak if work.options.normalize == "movie" else None
        part = work.source.picked(numbers[start : stop + size - 1])
        yield from images(part, work.pixels, work.projection, size, peak)
