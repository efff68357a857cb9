"""Opening the movies of this room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from spotgpu import io
from spotgpu.pipeline import _source

__all__ = ["opened"]


@contextmanager
def opened(
    video: Any, axes: str | None = None, channel: int | str | None = None
) -> Iterator[tuple[Any, io.Movie]]:
    """Open a movie, and close it again if it was not open before.

    Parameters
    ----------
    video : object
        Anything that `spotgpu.open` takes. An array of three axes has the axes TYX, also where the
        last is as short as that of colours.
    axes : str, optional
        As in `spotgpu.open`.
    channel : int or str, optional
        As in `spotgpu.open`.

    Yields
    ------
    object
        What has the frames as they are opened: `video`, or the movie if `axes` or `channel` choose.
    Movie
        Lazy sequence of frames.
    """
    chosen = axes is not None or channel is not None
    if not chosen and isinstance(video, np.ndarray) and video.ndim == 3:
        axes = "TYX"
    with _source.opened(video, axes=axes, channel=channel) as movie:
        yield (movie if chosen else video), movie
