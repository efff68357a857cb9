"""From what the caller passed to an opened movie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spotgpu import io

__all__ = ["opened"]


@contextmanager
def opened(frames: Any, **options: Any) -> Iterator[io.Movie]:
    """Open a movie, and close it again if it was not open before.

    Parameters
    ----------
    frames : object
        Anything that `spotgpu.io.open` takes; a movie is used as it is.
    **options
        For `spotgpu.io.open`.

    Yields
    ------
    Movie
        Lazy sequence of frames.
    """
    if isinstance(frames, io.Movie) and all(value is None for value in options.values()):
        yield frames
        return
    with io.open(frames, **options) as movie:
        yield movie
