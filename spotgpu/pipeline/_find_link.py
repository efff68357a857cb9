"""`find_link`: spots found and linked together, and searched for again where one is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu import backends
from spotgpu.checks import number, per_axis
from spotgpu.detect import FilteredImage, Maxima, find_missed
from spotgpu.linking import Searching, check_names, settings
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._frames import frame_number
from spotgpu.pipeline._progress import for_terminal
from spotgpu.pipeline._source import opened
from spotgpu.pipeline._stream import length
from spotgpu.tables import POSITION_COLUMNS

__all__ = ["find_link", "find_link_iter"]

Floats = npt.NDArray[np.float64]


def find_link(
    frames: Any,
    search_range: Any,
    separation: Any,
    diameter: Any = None,
    memory: int = 0,
    minmass: float = 0,
    noise_size: Any = 1,
    smoothing_size: Any = None,
    threshold: float | None = None,
    percentile: float = 64,
    preprocess: bool = True,
    before_link: Callable[..., Any] | None = None,
    after_link: Callable[..., pd.DataFrame] | None = None,
    refine: bool = False,
    *,
    invert: bool = False,
    device: str = "cpu",
    **options: Any,
) -> pd.DataFrame:
    """Find spots and link them, and search again where a track would be lost.

    The spots of each frame are the local maxima of the filtered image. They are linked to those of
    the frame before as by `link`. Where there are fewer spots than particles to link them to, the
    image is searched again, with a lower demand: for any maximum within the range of such a
    particle, beside the spots that are known [1]_.

    Parameters
    ----------
    frames : path, array, sequence or iterable of frames
        Anything that `spotgpu.open` takes. A frame's number is its ``frame_no`` if it has one,
        else its place, from 0.
    search_range : float or tuple of float
        How far a particle may move from one frame to the next, in pixels, per axis if it differs.
    separation : float or tuple of float
        Spots are farther apart than this, in pixels.
    diameter : float or tuple of float, optional
        Of the discs in which spots are measured, in pixels; spots are half of it from the border.
        Default `separation`.
    memory : int
        As in `link`.
    minmass : float
        Spots whose disc has a lower sum of pixels are left out; of spots searched for again, the
        sum of filtered pixels counts.
    noise_size, smoothing_size : float or tuple of float
        As in `locate`. Default of the second: `separation`, made odd.
    threshold : float, optional
        As in `locate`.
    percentile : float
        As in `locate`.
    preprocess : bool
        False skips the filters.
    before_link : callable, optional
        ``before_link(coords=..., image=..., image_proc=..., reader=..., diameter=...,
        separation=..., search_range=..., margin=..., minmass=...)`` returns other positions,
        shape (N, ndim), before they are linked. Take ``**kwargs`` for what you do not need.
    after_link : callable, optional
        ``after_link(features=..., ...)`` (the others as above) gets the table of each frame, and
        returns it; positions that it changes are those that the next frame is linked to. It must
        keep the rows.
    refine : bool
        Refine the positions, which else are whole pixels, to centres of mass. Not with
        `after_link`.
    invert : bool
        Find dark spots on a bright background.
    device : {'cpu', 'cuda', 'auto'}
        Where filters and candidates are computed; the result is the same.
    **options
        Those of `link`: ``predictor``, ``adaptive_stop`` and so on; not ``dist_func``.

    Returns
    -------
    DataFrame
        One row a spot: position (``[z,] y, x``), ``mass`` (sum of the pixels), ``size`` (radius of
        gyration; one an axis if `diameter` differs), ``ecc``, ``signal`` (brightest pixel), all of
        the image as it came, ``frame`` and ``particle``.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, a frame is not an image, or there is none.
    SpotgpuError
        If a file cannot be read, or `device` is 'cuda' and there is none.

    References
    ----------
    .. [1] C. van der Wel and D. J. Kraft, "Automated tracking of colloidal clusters with
       sub-pixel accuracy and precision", J. Phys.: Condens. Matter 29, 044001 (2017),
       https://doi.org/10.1088/1361-648X/29/4/044001
    """
    given = {
        "diameter": diameter,
        "memory": memory,
        "minmass": minmass,
        "noise_size": noise_size,
        "smoothing_size": smoothing_size,
        "threshold": threshold,
        "percentile": percentile,
        "preprocess": preprocess,
        "before_link": before_link,
        "after_link": after_link,
        "refine": refine,
        "invert": invert,
        "device": device,
    }
    with opened(frames) as movie:
        found = find_link_iter(movie, search_range, separation, **given, **options)
        with for_terminal().stage("find and link", length(movie)) as advance:
            tables = []
            for _, table in found:
                tables.append(table)
                advance()
        if not tables:
            raise ValueError("`frames` must have at least one frame, got an empty movie")
        filled = [table for table in tables if len(table)] or tables[:1]
        result = pd.concat(filled, ignore_index=True)
        result.attrs.update(Calibration.of(len(movie.frame_shape), None, None, movie).attrs())
    return result


def find_link_iter(
    frames: Any, search_range: Any, separation: Any, **options: Any
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Find and link the spots of one frame after the other.

    Parameters
    ----------
    frames : path, array, sequence or iterable of frames
        As for `find_link`; one frame is read at a time.
    search_range, separation : float or tuple of float
        As for `find_link`.
    **options
        The others of `find_link`.

    Yields
    ------
    tuple of int and DataFrame
        The number of the frame, and its spots as in the table of `find_link`.

    Raises
    ------
    TypeError, ValueError, SpotgpuError
        As of `find_link`.
    """
    callers = _Callers(**{name: options.pop(name) for name in _OF_CALLER if name in options})
    finding = {name: options.pop(name) for name in _OF_FINDER if name in options}
    device = options.pop("device", "cpu")
    check_names("find_link", options)
    if callers.refine and callers.after_link is not None:
        raise ValueError("`refine` must be False with `after_link`, got both")
    if options.get("dist_func") is not None:
        raise ValueError("`dist_func` must be None for find_link: images have pixels")
    step: _Step | None = None
    with opened(frames) as movie:
        for place, image in enumerate(movie):
            if step is None:
                ndim = np.squeeze(np.asarray(image)).ndim
                reach = per_axis("search_range", search_range, ndim, number)
                linker = Searching(settings(ndim, search_range, **options), backends.on(device))
                finder = Maxima(ndim, separation, device=device, **finding)
                step = _Step(finder, linker, reach, callers, movie)
            t = frame_number(image, place)
            yield t, step.table(image, t)


class _Callers(NamedTuple):
    """What the caller does with each frame."""

    before_link: Callable[..., Any] | None = None
    after_link: Callable[..., pd.DataFrame] | None = None
    refine: bool = False


_OF_CALLER = _Callers._fields
_OF_FINDER = (
    "diameter",
    "minmass",
    "noise_size",
    "smoothing_size",
    "threshold",
    "percentile",
    "preprocess",
    "invert",
)


class _Step:
    """Finds and links one frame after the other."""

    def __init__(
        self,
        finder: Maxima,
        linker: Searching,
        reach: tuple[float, ...],
        callers: _Callers,
        movie: Any,
    ) -> None:
        self._finder, self._linker, self._reach, self._callers = finder, linker, reach, callers
        self._about = {
            "reader": movie,
            "diameter": finder.diameter,
            "separation": finder.separation,
            "search_range": reach,
            "margin": finder.radius,
            "minmass": finder.minmass,
        }

    def table(self, image: Any, t: int) -> pd.DataFrame:
        """Return the spots of the frame."""
        finder, (before_link, after_link, refine) = self._finder, self._callers
        filtered = finder.filter(image)
        about = {**self._about, "image": image, "image_proc": filtered.filtered}
        coords: Floats = finder.find(filtered).astype(np.float64)
        if before_link is not None:
            coords = _like("before_link", before_link(coords=coords, **about), coords.shape[1])
        measured = finder.measure(filtered.raw, coords)
        bright = measured["mass"] >= finder.minmass
        coords = coords[bright]
        positions, particle = self._linker.find(coords, t, self._search(filtered))
        again = finder.measure(filtered.raw, positions[len(coords) :])
        measured = {
            name: np.concatenate([values[bright], again[name]]) for name, values in measured.items()
        }
        columns = list(POSITION_COLUMNS[-coords.shape[1] :])
        if refine:
            positions = finder.refine(filtered, positions)
        table = pd.DataFrame(positions, columns=columns).assign(**measured, frame=t)
        table["particle"] = particle
        if after_link is not None and len(table):
            table = after_link(features=table, **about)
            if not isinstance(table, pd.DataFrame) or len(table) != len(particle):
                raise ValueError(
                    f"`after_link` must return a table of {len(particle)} rows in frame {t}, got "
                    f"{len(table) if isinstance(table, pd.DataFrame) else type(table).__name__}"
                )
        self._linker.positions[: len(table)] = table[columns].to_numpy(np.float64)
        return table

    def _search(self, image: FilteredImage) -> Callable[[Floats, int, Floats], Floats]:
        def search(places: Floats, most: int, present: Floats) -> Floats:
            return find_missed(self._finder, image, places, most, present, self._reach)

        return search


def _like(name: str, coords: Any, ndim: int) -> Floats:
    """Return what a function of the caller's made of positions, checked."""
    positions = np.asarray(coords, np.float64)
    if positions.ndim != 2 or positions.shape[1] != ndim or not np.isfinite(positions).all():
        raise ValueError(
            f"`{name}` must return finite positions of shape (N, {ndim}), got {positions.shape}"
        )
    return positions
