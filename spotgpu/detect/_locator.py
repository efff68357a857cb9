"""The detector: from one image to a table of spots."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu import backends
from spotgpu.checks import choice
from spotgpu.detect._image import gray_image
from spotgpu.detect._options import Options
from spotgpu.detect._spots import find
from spotgpu.detect._tiles import find_in_tiles
from spotgpu.errors import SpotgpuError
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
        "device": "cpu",
    }

    def __init__(self, diameter: Any, **options: Any) -> None:
        unknown = set(options) - set(self._DEFAULTS)
        if unknown:
            raise TypeError(f"`locate` has no argument {', '.join(sorted(unknown))}")
        self._given = {**self._DEFAULTS, **options, "diameter": diameter}
        choice("engine", self._given["engine"], ("auto", "python", "numba"))
        on_cpu = backends.on(self._given["device"]) is backends.cpu
        #: Where it computes: 'cpu' or 'cuda'.
        self.device = "cpu" if on_cpu else "cuda"
        self._checked: dict[tuple[int, bool], Options] = {}
        self.options(np.size(diameter) if np.size(diameter) > 1 else 2, is_float=False)

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
        options = self.options(ndim, is_float=False)
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
        engine = backends.on(self.device)
        pixels = self.pixels(image)
        room = engine.room(pixels.dtype)
        try:
            if pixels.size <= room:
                return self.arrays(engine.put(pixels[None]))[0]
            options = self.options(pixels.ndim, pixels.dtype.kind == "f")
            return find_in_tiles(pixels, options, engine, room)
        except MemoryError as error:
            if engine is backends.cpu:
                raise
            raise SpotgpuError(
                f"no memory for an image of {' x '.join(map(str, pixels.shape))} pixels "
                f"({error}): use device='cpu'"
            ) from error

    def pixels(self, image: object) -> npt.NDArray[Any]:
        """Return an image as the engine takes it.

        Parameters
        ----------
        image : array_like, shape ([Z,] Y, X)
            As in `locate`.

        Returns
        -------
        ndarray, shape ([Z,] Y, X)
            Checked; of the type that is computed with.
        """
        diameter_ndim = np.size(self._given["diameter"])
        pixels = gray_image("raw_image", image, diameter_ndim if diameter_ndim > 1 else None)
        options = self.options(pixels.ndim, pixels.dtype.kind == "f")
        if any(d > n for d, n in zip(options.diameter, pixels.shape, strict=True)):
            raise ValueError(
                f"`raw_image` must be at least as large as `diameter` {options.diameter} "
                f"on each axis, got shape {pixels.shape}"
            )
        if not options.preprocess and pixels.dtype.kind == "i" and pixels.min() < 0:
            raise ValueError(
                "`raw_image` must not be negative with preprocess=False, "
                f"got a pixel of {pixels.min()}"
            )
        return pixels

    def arrays(self, frames: Any) -> list[npt.NDArray[np.float64]]:
        """Return the values of the tables of many images at once.

        Parameters
        ----------
        frames : ndarray of a backend, shape (F, [Z,] Y, X)
            What `pixels` returned, stacked, on any device.

        Returns
        -------
        list of F ndarray of float64, shape (N, len(columns))
            One row a spot.
        """
        return find(frames, self.options(frames.ndim - 1, frames.dtype.kind == "f"))

    def options(self, ndim: int, is_float: bool) -> Options:
        """Return the options with their defaults.

        Parameters
        ----------
        ndim : int
            Axes of the images.
        is_float : bool
            Whether their pixels are floats.

        Returns
        -------
        Options
            One value per axis.
        """
        key = (ndim, is_float)
        if key not in self._checked:
            self._checked[key] = Options.of(self._given, ndim, is_float)
        return self._checked[key]


@lru_cache(maxsize=64)
def _labels(names: tuple[str, ...]) -> pd.Index[str]:
    """Return the index of the columns: to make one takes as long as to fill a small table."""
    return pd.Index(names)
