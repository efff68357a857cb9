"""The detector: from one image to a table of spots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu import backends
from spotgpu.checks import choice, integer, long_axes
from spotgpu.detect._host_memory import host_limits, memory_needed
from spotgpu.detect._image import PixelCheck, gray_image, require_gray
from spotgpu.detect._in_tiles import find_in_tiles
from spotgpu.detect._options import PER_AXIS, Options
from spotgpu.detect._parts import Parts
from spotgpu.detect._spots import find
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
        # Before there is an image: as many axes as one of them has values for.
        sizes = [np.size(self._given[name]) for name in PER_AXIS]
        self.options(next((size for size in sizes if size > 1), 2), is_float=False)

    def __call__(self, image: object) -> pd.DataFrame:
        """Return the table of spots, as `locate` does."""
        values = self.array(image)
        names = self.columns(np.squeeze(np.asarray(image)).ndim)
        table = pd.DataFrame(values, columns=_labels(tuple(names)))
        number = getattr(image, "frame_no", None)
        if number is not None:
            table["frame"] = int(number)
        return table

    def on(self, device: str) -> Locator:
        """Return the same detector, which computes elsewhere.

        Parameters
        ----------
        device : {'cpu', 'cuda', 'auto'}
            As in `locate`.

        Returns
        -------
        Locator
            Another one.

        Raises
        ------
        ValueError, SpotgpuError
            As `locate`.
        """
        return Locator(**{**self._given, "device": device})

    def on_axes(self, shape: tuple[int, ...]) -> Locator:
        """Return the detector for images whose axes of length 1 have no say in the options.

        Parameters
        ----------
        shape : tuple of int
            Of the images, ([Z,] Y, X).

        Returns
        -------
        Locator
            Its options with one value per axis may have one for axes of length 1, too, or none.

        Raises
        ------
        TypeError, ValueError
            As `locate`.
        """
        if 1 not in shape:
            return self
        given = {name: long_axes(self._given[name], shape) for name in PER_AXIS}
        return Locator(**{**self._given, **given})

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

    def array(self, image: Any, most: int | None = None) -> npt.NDArray[np.float64]:
        """Return the values of the table without making one.

        Parameters
        ----------
        image : array_like, shape ([Z,] Y, X)
            As in `locate`; or what has a shape and a dtype and gives parts by slices, such as a
            `spotgpu.io.LazyFrame`.
        most : int, optional
            Bytes of the host's memory to use. An image that needs more (`memory_needed`) is read
            in tiles, several times, and never as a whole; the values are the same. A list of
            lists has no parts, and is taken as it is.

        Returns
        -------
        ndarray of float64, shape (N, len(columns))
            One row a spot.

        Raises
        ------
        SpotgpuError
            If `most` or the device's memory is too little for one tile.
        """
        engine = backends.on(self.device)
        if most is not None and hasattr(image, "shape") and hasattr(image, "dtype"):
            most = integer("most", most, at_least=1)
            if memory_needed(image.shape, image.dtype) > most:
                with _device_memory(engine, image.shape):
                    return self._in_tiles(image, engine, most)
            image = image[(slice(None),) * len(image.shape)]
        pixels = self.pixels(image)
        with _device_memory(engine, pixels.shape):
            room = engine.room(pixels.dtype)
            if pixels.size <= room:
                return self.arrays(engine.put(pixels[None]))[0]
            options = self.options(pixels.ndim, pixels.dtype.kind == "f")
            return find_in_tiles(pixels, options, engine, room)

    def _in_tiles(self, image: Any, engine: ModuleType, most: int) -> npt.NDArray[np.float64]:
        shape, dtype = tuple(n for n in image.shape if n != 1), np.dtype(image.dtype)
        require_gray("raw_image", shape, dtype, self._diameter_ndim())
        negative = bool(self._given["preprocess"])
        parts = Parts(image, PixelCheck("raw_image", dtype, negative))
        self._require_large(shape, dtype)
        options = self.options(len(shape), parts.dtype.kind == "f")
        limits = host_limits(parts, options, most, engine.room(parts.dtype))
        return find_in_tiles(parts, options, engine, *limits)

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
        negative = bool(self._given["preprocess"])
        pixels = gray_image("raw_image", image, self._diameter_ndim(), negative)
        self._require_large(pixels.shape, pixels.dtype)
        return pixels

    def _diameter_ndim(self) -> int | None:
        ndim = np.size(self._given["diameter"])
        return ndim if ndim > 1 else None

    def _require_large(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        diameter = self.options(len(shape), dtype.kind == "f").diameter
        if any(d > n for d, n in zip(diameter, shape, strict=True)):
            raise ValueError(
                f"`raw_image` must be at least as large as `diameter` {diameter} "
                f"on each axis, got shape {shape}"
            )

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


@contextmanager
def _device_memory(engine: ModuleType, shape: tuple[int, ...]) -> Iterator[None]:
    """Say what helps where a device has no memory for an image."""
    try:
        yield
    except MemoryError as error:
        if engine is backends.cpu:
            raise
        raise SpotgpuError(
            f"no memory for an image of {' x '.join(map(str, shape))} pixels "
            f"({error}): use device='cpu'"
        ) from error


@lru_cache(maxsize=64)
def _labels(names: tuple[str, ...]) -> pd.Index[str]:
    """Return the index of the columns: to make one takes as long as to fill a small table."""
    return pd.Index(names)
