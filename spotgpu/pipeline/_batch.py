"""`batch`: the spots of a whole movie."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from spotgpu.detect import Locator
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._json import json_text
from spotgpu.pipeline._memory_budget import frame_budget
from spotgpu.pipeline._progress import Advance, Progress, for_terminal
from spotgpu.pipeline._source import opened
from spotgpu.pipeline._spot_table import BLOCK, SpotTable
from spotgpu.pipeline._stream import checked_processes, length, locate_frames

__all__ = ["batch", "spot_pieces", "spots_of"]


def batch(
    frames: Any,
    diameter: Any,
    output: Any = None,
    meta: Any = None,
    processes: Any = "auto",
    after_locate: Callable[[int, pd.DataFrame], pd.DataFrame] | None = None,
    **kwargs: Any,
) -> Any:
    """Find the spots of all frames of a movie.

    Frames are read one after the other and forgotten; memory above the table does not grow with
    their number.

    Parameters
    ----------
    frames : path, array, sequence or iterable of frames
        Anything that `spotgpu.open` takes. A frame's number is its ``frame_no`` if it has one,
        else its place, from 0.
    diameter : odd int or tuple of odd int
        As in `locate`.
    output : object, optional
        The table of each frame with spots goes to its ``put`` method, and none is returned.
    meta : path or text file, optional
        Where the time, the version and the options are written, as JSON (which is YAML, too).
    processes : int or 'auto'
        Number of worker processes; 1 or less for none. They read the frames themselves if those
        lie in a file, and get them through shared memory if not. "auto" locates up to eight
        frames (0.3 s) first and then takes a worker for each core if this, with 2 s for starting
        them, takes less than nine tenths of the time; never if the number of frames is unknown
        or in a daemonic process. Where several movies are processed side by side, use 1.
        The numbers are the same in each case. With device='cuda' there are none: batches of
        frames go to all CUDA devices that the process sees.
    after_locate : callable, optional
        ``after_locate(frame_no, spots)`` is called in this process for each frame, in order, and
        returns the table to go on with.
    **kwargs
        Further options of `locate`.

    Returns
    -------
    DataFrame or object
        The columns of `locate` and ``frame``, with all columns if there are no spots; ``attrs``
        has ``pixel_size_um`` and ``frame_interval_s`` where the source knows them. Or `output`.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, a frame is not an image (the message has its number), frames are
        not alike, or there is none.
    SpotgpuError
        If a file cannot be read, or a worker process dies; if `device` is 'cuda' and there is none,
        or its memory does not suffice for one frame.

    Warns
    -----
    UserWarning
        If no frame has a spot.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:40, :40]
    >>> image = (200 * np.exp(-((y - 16) ** 2 + (x - 10) ** 2) / 8)).astype(np.uint8)
    >>> batch([image, np.roll(image, 2, axis=1)], 7)[["frame", "y", "x"]].round(3)
       frame     y     x
    0      0  16.0  10.0
    1      1  16.0  12.0
    """
    if "raw_image" in kwargs:
        raise TypeError("`raw_image` must not be given: the images come from `frames`")
    if output is not None and not callable(getattr(output, "put", None)):
        raise TypeError(f"`output` must have a method `put`, got {type(output).__name__}")
    if after_locate is not None and not callable(after_locate):
        raise TypeError(f"`after_locate` must be callable, got {after_locate!r}")
    workers = checked_processes(processes)
    locator = Locator(diameter, **kwargs)
    most = frame_budget(None, workers if locator.device == "cpu" else 1)
    frame_locator = FrameLocator(locator, most)
    progress = for_terminal()
    with opened(frames) as movie:
        if meta is not None:
            _record(meta, movie.source, {"diameter": diameter, **kwargs})
        if output is None and after_locate is None:
            table = spots_of(movie, frame_locator, workers, progress)
        else:
            with _found(movie, frame_locator, workers, progress) as found:
                tables = _tables(found, frame_locator, after_locate)
                if output is not None:
                    for spots in tables:
                        if len(spots):
                            output.put(spots)
                    return output
                table = _concatenated(tables)
        table.attrs.update(Calibration.of(len(movie.frame_shape), None, None, movie).attrs())
    if table.empty:
        warnings.warn("no spots in any frame", UserWarning, stacklevel=2)
    return table


def spots_of(
    movie: Any, frames: FrameLocator, processes: int | None, progress: Progress
) -> pd.DataFrame:
    """Return the spots of a movie as one table.

    Parameters
    ----------
    movie : Movie
        Opened.
    frames : FrameLocator
        New.
    processes : int or None
        As in `locate_frames`.
    progress : Progress
        Where the number of frames done shows.

    Returns
    -------
    DataFrame
        As of `batch`.

    Raises
    ------
    ValueError
        If there is no frame.
    """
    (table,) = spot_pieces(movie, frames, processes, progress, rows=None)
    return table


def spot_pieces(
    movie: Any,
    frames: FrameLocator,
    processes: int | None,
    progress: Progress,
    rows: int | None = BLOCK,
) -> Iterator[pd.DataFrame]:
    """Yield the spots of a movie as they come.

    Parameters
    ----------
    movie : Movie
        Opened.
    frames : FrameLocator
        New.
    processes : int or None
        As in `locate_frames`.
    progress : Progress
        Where the number of frames done shows.
    rows : int or None
        Rows of a table, at least; None for all in one.

    Yields
    ------
    DataFrame
        Parts of the table of `batch`; the last one may have no rows.

    Raises
    ------
    ValueError
        If there is no frame.
    """
    table: SpotTable | None = None
    with _found(movie, frames, processes, progress) as found:
        for number, spots in found:
            if table is None:
                table = SpotTable(frames.columns)
            table.add(spots, number)
            if rows is not None and len(table) >= rows:
                yield table.finish()
    if table is None:
        raise ValueError("`frames` must have at least one frame, got an empty movie")
    yield table.finish()


@contextmanager
def _found(
    movie: Any, frames: FrameLocator, processes: int | None, progress: Progress
) -> Iterator[Iterator[Found]]:
    # Closed at once if the consumer fails, so that no worker outlives it.
    clock = Clock()
    with (
        progress.stage("locate", length(movie), clock) as advance,
        closing(locate_frames(movie, frames, processes, clock=clock)) as found,
    ):
        yield _counted(found, advance)


def _counted(found: Iterator[Found], advance: Advance) -> Iterator[Found]:
    for item in found:
        yield item
        advance()


def _tables(
    found: Iterable[Found],
    frames: FrameLocator,
    after_locate: Callable[[int, pd.DataFrame], pd.DataFrame] | None,
) -> Iterator[pd.DataFrame]:
    for number, rows in found:
        spots = pd.DataFrame(rows, columns=frames.columns)
        spots["frame"] = number
        if after_locate is not None:
            spots = after_locate(number, spots)
            if not isinstance(spots, pd.DataFrame):
                raise TypeError(
                    "`after_locate` must return a DataFrame, "
                    f"got {type(spots).__name__} for frame {number}"
                )
        yield spots


def _concatenated(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    full: list[pd.DataFrame] = []
    empty: pd.DataFrame | None = None
    for spots in tables:
        if len(spots):
            full.append(spots)
        elif empty is None:
            empty = spots
    if full:
        return pd.concat(full, ignore_index=True)
    if empty is None:
        raise ValueError("`frames` must have at least one frame, got an empty movie")
    return empty.reset_index(drop=True)


def _record(meta: Any, source: str, options: dict[str, Any]) -> None:
    record = {
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S"),
        "spotgpu_version": version("spotgpu"),
        "source": source,
        **options,
    }
    text = json_text(record)
    if isinstance(meta, (str, PathLike)):
        Path(meta).write_text(text, encoding="utf-8")
    elif callable(getattr(meta, "write", None)):
        meta.write(text)
    else:
        raise TypeError(f"`meta` must be a path or a text file, got {type(meta).__name__}")
