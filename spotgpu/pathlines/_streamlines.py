"""`streamlines`: a movie of pathlines."""

from __future__ import annotations

from typing import Any

from spotgpu import io
from spotgpu.pathlines._lazy_images import Streamlines, Work
from spotgpu.pathlines._names import stems
from spotgpu.pathlines._options import Options
from spotgpu.pathlines._pixels import Pixels
from spotgpu.pathlines._projection import Projection
from spotgpu.pathlines._source import Source, opened

__all__ = ["streamlines"]


def streamlines(
    movie: Any,
    frames_to_merge: int,
    *,
    frames_to_skip: int = 1,
    invert_color: bool = False,
    take_diff: bool = False,
    diff_order: int = 1,
    subtract_median: bool = False,
    subtract_first: bool = False,
    add_first_frame: bool = False,
    color_series: bool | str = False,
    dark_on_light: bool = False,
    white: float | None = None,
    normalize: str = "image",
    project: str | None = None,
    axes: str | None = None,
    channel: int | str | None = None,
    device: str = "cpu",
) -> Streamlines:
    """Show the paths of moving objects: merge each window of frames into one image.

    Image i is the maximum over frames i to i + n - 1 of each pixel, stretched to 8 bits::

        S = frames[i : i + n]                       # float64; white - frames for dark objects
        S = S - median(S)                           # subtract_median; subtract_first: - S[0]
        S = diff(S, diff_order)                     # take_diff
        S = [*S, frames[i]]                         # add_first_frame
        S = S[..., None] * colours / 255            # color_series
        P = max(S)
        image = uint8(clip(P * (255 / max(P)), 0, 255) + 0.5)    # black if max(P) <= 0

    Frames are read when an image is asked for, none of them twice in one pass. (Volumes in colour
    are read three times, once a colour, except from a generator.)

    Parameters
    ----------
    movie : path, array, sequence or iterable of images, or Movie
        Anything that `spotgpu.open` takes, of T frames (Y, X) or (Z, Y, X); and images in colour,
        (Y, X, 3) or (Z, Y, X, 3).
    frames_to_merge : int
        n, the frames of each image.
    frames_to_skip : int
        Take every k-th frame.
    invert_color : bool
        Dark objects on a light background, shown bright on dark: every frame becomes
        ``white - frame`` before anything else.
    take_diff : bool
        Merge the differences of frames. The subtractions below then change nothing.
    diff_order : int
        How many times differences are taken, less than n.
    subtract_median : bool
        Subtract the median of the n frames, pixel by pixel: what stands still goes away.
    subtract_first : bool
        Subtract the first of the n frames. Without effect beside `subtract_median`.
    add_first_frame : bool
        Merge the first frame as it was, too: what stands still comes back, sharp.
    color_series : bool or str
        Colour each frame by its time, from violet to orange; a name takes the colour map of
        matplotlib from its first colour to its last. For images in gray.
    dark_on_light : bool
        Dark objects on a light background, shown dark on light: the image of `invert_color`,
        inverted. Colours are those of `color_series` on white.
    white : float, optional
        Of a light background. Default: 255 for uint8, else the largest pixel of the first frame.
    normalize : {'image', 'movie'}
        Whether each image is stretched by its own largest value, or all by that of the movie, so
        that they can be compared. For that all frames are read once more.
    project : {'max', 'min', 'mean'}, optional
        Make an image of each volume first, along z. By default volumes give volumes.
    axes : str, optional
        Letters of the source's axes, as of `spotgpu.open`.
    channel : int or str, optional
        One of several channels or colours, as of `spotgpu.open`.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute.

    Returns
    -------
    Streamlines
        T - n + 1 images of uint8, made when they are asked for.

    Raises
    ------
    TypeError, ValueError
        If an option is wrong, there are fewer than n frames, or a pixel is NaN or infinite, or
        over 1e301 (of differences, 1e301 / 2**diff_order) where sums of pixels could overflow; the
        message has its frame.
    FileNotFoundError, SpotgpuError
        As of `spotgpu.open`; if `device` is 'cuda' and there is none, or a colour map needs
        matplotlib.

    Notes
    -----
    The options are those of flowtrace (doi:10.1242/jeb.162511); so are the numbers, but each
    image has its own n frames, and dark objects are inverted first, where flowtrace inverts what
    remains after a subtraction. What changes nothing is left out, where flowtrace's rounding
    leaves traces of it. `flowtrace` gives its images bit for bit.

    Examples
    --------
    >>> import numpy as np
    >>> frames = np.zeros((5, 1, 4), np.uint8)
    >>> frames[range(4), 0, range(4)] = 100
    >>> images = streamlines(frames, 2)
    >>> images.shape
    (4, 1, 4)
    >>> images[1]
    array([[  0, 255, 255,   0]], dtype=uint8)
    """
    options = Options.checked(
        frames_to_merge,
        frames_to_skip,
        invert_color=invert_color,
        take_diff=take_diff,
        diff_order=diff_order,
        subtract_median=subtract_median,
        subtract_first=subtract_first,
        add_first_frame=add_first_frame,
        color_series=color_series,
        dark_on_light=dark_on_light,
        white=white,
        normalize=normalize,
        project=project,
    )
    projection = Projection(options, device)
    source = opened(movie, axes, channel)
    try:
        return _made(source, projection, options, axes)
    except BaseException:
        source.close()
        raise


def _made(
    source: Source, projection: Projection, options: Options, axes: str | None
) -> Streamlines:
    pixels = Pixels(options, options.inverts, source.dtype, source.shape, source.colour)
    files, stem = io.files_of(source.movies[0]), stems(source.movies[0])
    alone = source.colour and axes is None and source.numbers == range(1)
    source = source.every(options.frames_to_skip)
    work = Work(source, pixels, projection, options, stem, files)
    if source.numbers is None:
        if options.normalize == "movie":
            raise ValueError(
                "`normalize` must be 'image' for frames that can be gone through once, got 'movie'"
            )
        return Streamlines(work, None)
    count = len(source.numbers)
    if count < options.frames_to_merge:
        hint = ", which is taken for one image in colour: for images in gray, axes='TYX'"
        raise ValueError(
            f"`frames_to_merge` must be <= the number of frames, {count}, "
            f"got {options.frames_to_merge}: {source.movies[0].source}{hint if alone else ''}"
        )
    return Streamlines(work, range(count - options.frames_to_merge + 1))
