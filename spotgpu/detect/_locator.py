"""The detector: from one image to a table of spots."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu import backends
from spotgpu.backends.windows import mask_offsets
from spotgpu.checks import choice
from spotgpu.detect._image import gray_image, inverted
from spotgpu.detect._options import Options
from spotgpu.detect._uncertainty import static_error
from spotgpu.tables import POSITION_COLUMNS

__all__ = ["Locator"]


class Locator:
    """`locate` with its options bound, for many images.

    Options are checked once for each kind of image. An instance can be pickled and shared
    between threads.

    Parameters
    ----------
    diameter : int or tuple of int
        As in `locate`.
    **options
        As in `locate`.

    Raises
    ------
    TypeError, ValueError
        As `locate`; what depends on the image, when one is given.
    """

    _DEFAULTS: ClassVar[dict[str, Any]] = {
        "minmass": None,
        "maxsize": None,
        "separation": None,
        "noise_size": 1,
        "smoothing_size": None,
        "threshold": None,
        "invert": False,
        "percentile": 64,
        "topn": None,
        "preprocess": True,
        "max_iterations": 10,
        "characterize": True,
        "engine": "auto",
    }

    def __init__(self, diameter: Any, **options: Any) -> None:
        unknown = set(options) - set(self._DEFAULTS)
        if unknown:
            raise TypeError(f"`locate` has no argument {', '.join(sorted(unknown))}")
        self._given = {**self._DEFAULTS, **options, "diameter": diameter}
        choice("engine", self._given["engine"], ("auto", "python", "numba"))
        self._checked: dict[tuple[int, bool], Options] = {}
        self._options(np.size(diameter) if np.size(diameter) > 1 else 2, is_float=False)

    def __call__(self, image: object) -> pd.DataFrame:
        """Return the table of spots, as `locate` does."""
        values = self.array(image)
        names = self.columns(np.squeeze(np.asarray(image)).ndim)
        table = pd.DataFrame(values, columns=_labels(tuple(names)))
        number = getattr(image, "frame_no", None)
        if number is not None:
            table["frame"] = int(number)
        return table

    def columns(self, ndim: int) -> list[str]:
        """Return the names of the columns.

        Parameters
        ----------
        ndim : int
            Axes of the images.

        Returns
        -------
        list of str
            In the order of the table.
        """
        options = self._options(ndim, is_float=False)
        position = list(POSITION_COLUMNS[-ndim:])
        if not self._given["characterize"]:
            return [*position, "mass"]

        def each(name: str, anisotropic: bool) -> list[str]:
            return [f"{name}_{axis}" for axis in position] if anisotropic else [name]

        size = each("size", len(set(options.radius)) > 1)
        error = each("ep", len(set(options.radius)) > 1 or len(set(options.noise_size)) > 1)
        return [*position, "mass", *size, "ecc", "signal", "raw_mass", *error]

    def array(self, image: object) -> npt.NDArray[np.float64]:
        """Return the values of the table without making one.

        Parameters
        ----------
        image : array_like, shape ([Z,] Y, X)
            As in `locate`.

        Returns
        -------
        ndarray of float64, shape (N, len(columns))
            One row a spot.
        """
        diameter_ndim = np.size(self._given["diameter"])
        pixels = gray_image("raw_image", image, diameter_ndim if diameter_ndim > 1 else None)
        options = self._options(pixels.ndim, pixels.dtype.kind == "f")
        if any(d > n for d, n in zip(options.diameter, pixels.shape, strict=True)):
            raise ValueError(
                f"`raw_image` must be at least as large as `diameter` {options.diameter} "
                f"on each axis, got shape {pixels.shape}"
            )
        raw = (inverted(pixels) if self._given["invert"] else pixels)[None]
        engine = backends.of(raw)
        filtered, scale = self._filter(raw, options)
        level = engine.percentile(filtered, options.percentile)
        peaks = engine.local_max(filtered, options.window, level, options.margin)
        positions, windows, mass = engine.centroid(
            filtered, peaks, options.radius, options.max_iterations
        )
        # A spot never outweighs the one that it is dropped for, so the bright ones can be chosen
        # first, and only they are compared.
        bright = mass / scale > options.minmass
        positions, windows, mass = positions[bright], windows[bright], mass[bright]
        if min(options.separation) > 0:
            keep = ~engine.where_close(positions, options.separation, mass)
            positions, windows, mass = positions[keep], windows[keep], mass[keep]
        mass /= scale
        if not self._given["characterize"]:
            return _brightest(np.column_stack([positions, mass]), mass, options.topn)
        return self._characterized(
            raw, filtered, float(scale[0]), positions, windows, mass, options
        )

    def _options(self, ndim: int, is_float: bool) -> Options:
        key = (ndim, is_float)
        if key not in self._checked:
            self._checked[key] = Options.of(self._given, ndim, is_float)
        return self._checked[key]

    def _filter(
        self, raw: npt.NDArray[Any], options: Options
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
        engine = backends.of(raw)
        is_float = raw.dtype.kind == "f"
        dtype = np.dtype(np.uint8) if is_float else raw.dtype
        if self._given["preprocess"]:
            filtered, scale = engine.bandpass(
                raw, options.noise_size, options.smoothing_size, options.threshold, dtype
            )
        elif is_float:
            filtered, scale = engine.quantise(raw.astype(np.float64), dtype)
        elif raw.min() < 0:
            raise ValueError(
                "`raw_image` must not be negative with preprocess=False, "
                f"got a pixel of {raw.min()}"
            )
        else:
            filtered, scale = raw, np.ones(len(raw))
        return filtered, scale

    def _characterized(
        self,
        raw: npt.NDArray[Any],
        filtered: npt.NDArray[Any],
        scale: float,
        positions: npt.NDArray[np.float64],
        windows: npt.NDArray[np.int64],
        mass: npt.NDArray[np.float64],
        options: Options,
    ) -> npt.NDArray[np.float64]:
        engine = backends.of(raw)
        measured = engine.characterize(filtered, raw, windows, options.radius)
        level, noise = engine.background(filtered, raw, options.radius)
        signal_mass = measured.raw_mass - len(mask_offsets(options.radius)) * level[0]
        error = static_error(signal_mass, noise[0], options.radius, options.noise_size)
        table = np.column_stack(
            [
                positions,
                mass,
                measured.size,
                measured.ecc,
                measured.signal / scale,
                measured.raw_mass,
                error,
            ]
        )
        if options.maxsize is not None:
            small = measured.size[:, 0] < options.maxsize
            table, mass = table[small], mass[small]
        return _brightest(table, mass, options.topn)


@lru_cache(maxsize=64)
def _labels(names: tuple[str, ...]) -> pd.Index[str]:
    """Return the index of the columns: to make one takes as long as to fill a small table."""
    return pd.Index(names)


def _brightest(
    table: npt.NDArray[np.float64], mass: npt.NDArray[np.float64], topn: int | None
) -> npt.NDArray[np.float64]:
    if topn is None or len(table) <= topn:
        return table
    if topn == 1:
        return table[[np.argmax(mass)]]
    return table[np.argsort(mass)[-topn:]]
