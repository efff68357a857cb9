"""From what the caller passed to an opened movie."""

from __future__ import annotations

from typing import Any

from spotgpu import io

__all__ = ["opened"]


def opened(frames: Any, **options: Any) -> Any:
    """Return `frames` as a movie.

    Parameters
    ----------
    frames : object
        Anything that `spotgpu.io.open` takes; a movie is returned as it is.
    **options
        For `spotgpu.io.open`.

    Returns
    -------
    Movie
        Lazy sequence of frames.
    """
    if isinstance(frames, io.Movie) and not any(v is not None for v in options.values()):
        return frames
    return io.open(frames, **options)
