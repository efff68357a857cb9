"""What the files of images are called."""

from __future__ import annotations

from collections.abc import Callable

from spotgpu import io

__all__ = ["Stem", "file_name", "stems"]

#: From a frame's number in the movie to how its file's name begins.
Stem = Callable[[int], str]


def file_name(stem: str, frames_to_merge: int) -> str:
    """Return flowtrace's name of an image.

    Parameters
    ----------
    stem : str
        Name of the first frame's file, without its ending.
    frames_to_merge : int
        Frames of a window.

    Returns
    -------
    str
        Ends in .png.
    """
    return f"{stem}_streamlines_frames{frames_to_merge}.png"


def stems(movie: io.Movie) -> Stem:
    """Return what names the frames of a movie.

    Parameters
    ----------
    movie : Movie
        The source; one without a length has no files.

    Returns
    -------
    callable
        Takes a frame's number in `movie`. Frames that have a file each are called as that, if no
        two are the same; others by the name of their file, if they have one in common, and their
        number in the source; or by their number in `movie`, if a frame is there twice.
    """
    try:
        origins = io.origins(movie)
    except TypeError:
        # Frames that come one after the other.
        return lambda number: f"frame_{number:05d}"
    files = {origin.file for origin in origins}
    names = ["frame" if origin.file is None else origin.file.stem for origin in origins]
    if all(origin.alone for origin in origins) and len(set(names)) == len(names):
        return names.__getitem__
    start = names[0] if len(files) == 1 else "frame"
    numbers = [origin.number for origin in origins]
    if len(set(numbers)) < len(numbers):
        numbers = list(range(len(numbers)))
    return lambda number: f"{start}_{numbers[number]:05d}"
