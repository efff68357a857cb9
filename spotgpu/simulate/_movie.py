"""Movies of moving spots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.checks import integer, number, per_axis
from spotgpu.simulate._camera import Camera, Scene, pixel_type
from spotgpu.simulate._motion import image_shape
from spotgpu.simulate._render import grey_background, spot_signals, spot_widths
from spotgpu.tables import POSITION_COLUMNS, require_columns

__all__ = ["SimulatedMovie", "movie"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedMovie(Sequence[npt.NDArray[Any]]):
    """A movie of moving spots, drawn frame by frame when asked for; `movie` makes it.

    A frame depends on the movie's options and its number only, not on which frames were drawn
    before. Slices are movies too.

    Attributes
    ----------
    truth : DataFrame
        The table that the movie was made of; its frames are those of the whole movie.
    pixel_size_um : tuple of float or None
        Size of a pixel along each axis of a frame, µm.
    frame_interval_s : float or None
        Time between frames, s.
    """

    truth: pd.DataFrame
    pixel_size_um: tuple[float, ...] | None
    frame_interval_s: float | None
    _scene: Scene
    _numbers: range

    @property
    def axes(self) -> str:  # numpydoc ignore=RT01
        """What the axes of `shape` are: TYX or TZYX."""
        return "TYX" if self.ndim == 3 else "TZYX"

    @property
    def frame_shape(self) -> tuple[int, ...]:  # numpydoc ignore=RT01
        """Shape of a frame, ([Z,] Y, X)."""
        return self._scene.shape

    @property
    def shape(self) -> tuple[int, ...]:  # numpydoc ignore=RT01
        """Number of frames and shape of one."""
        return (len(self._numbers), *self._scene.shape)

    @property
    def ndim(self) -> int:  # numpydoc ignore=RT01
        """Number of axes."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:  # numpydoc ignore=RT01
        """Type of the pixels."""
        return self._scene.camera.dtype

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> npt.NDArray[Any]: ...
    @overload
    def __getitem__(self, index: slice) -> SimulatedMovie: ...
    def __getitem__(self, index: int | slice) -> npt.NDArray[Any] | SimulatedMovie:
        if isinstance(index, slice):
            return replace(self, _numbers=self._numbers[index])
        return self._scene.frame(self._numbers[index])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("`copy` must not be False: the frames are drawn")
        frames = np.empty(self.shape, self.dtype)
        for i, frame in enumerate(self):
            frames[i] = frame
        return frames if dtype is None else frames.astype(dtype, copy=False)

    def __repr__(self) -> str:
        return f"<SimulatedMovie {self.axes} {self.shape} {self.dtype}>"


def movie(
    tracks: pd.DataFrame,
    shape: Sequence[int],
    *,
    n_frames: int | None = None,
    sigma: Any = 2.0,
    signal: Any = 100.0,
    background: Any = 20.0,
    offset: float = 0.0,
    gain: float = 1.0,
    read_noise: float = 2.0,
    bleaching: float = 0.0,
    integrate: bool = False,
    dtype: Any = "uint8",
    pixel_size_um: Any = None,
    frame_interval_s: float | None = None,
    seed: int = 0,
) -> SimulatedMovie:
    r"""Make a movie of Gaussian spots with a camera's noise.

    A pixel with the expected grey level :math:`E` (`render`) becomes

    .. math:: \mathrm{gain} \cdot \mathrm{Poisson}(E / \mathrm{gain})
        + \mathrm{Normal}(0, \mathrm{read\_noise}) + \mathrm{offset}

    with the mean :math:`E + \mathrm{offset}` and the variance :math:`\mathrm{gain} \cdot E +
    \mathrm{read\_noise}^2`, rounded, and clipped to the range of `dtype`.

    Parameters
    ----------
    tracks : DataFrame
        Where the spots are: ``frame`` (from 0) and ``[z,] y, x`` in px, in any order of rows, like
        what `brownian_motion` returns.
    shape : tuple of int
        Shape of a frame, ([Z,] Y, X).
    n_frames : int, optional
        Number of frames. Default: up to the last one in `tracks`.
    sigma : float or sequence of float
        Standard deviation of a spot in px; several values are for ([z,] y, x).
    signal : float or array_like of float
        Height of the spots above the background in grey levels; several values are one for each
        row of `tracks`.
    background : float or array_like of float
        Grey level of light without spots; an array must broadcast to `shape`.
    offset : float
        Grey level without light.
    gain : float
        Grey levels per photon; 0 leaves shot noise out.
    read_noise : float
        Standard deviation of the camera's own noise, in grey levels.
    bleaching : float
        Rate at which the spots fade, per frame: the signal is multiplied with
        ``exp(-bleaching * frame)``.
    integrate : bool
        Average the spots over each pixel (see `render`).
    dtype : {'uint8', 'uint16'}
        Type of the pixels.
    pixel_size_um : float or sequence of float, optional
        Size of a pixel in µm, along ([z,] y, x).
    frame_interval_s : float, optional
        Time between frames in s.
    seed : int
        Same number, same noise.

    Returns
    -------
    SimulatedMovie
        A sequence of frames of `dtype`, shape ([Z,] Y, X), that are drawn when asked for.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If one is out of range or of the wrong shape.

    Examples
    --------
    >>> tracks = brownian_motion(50, 30, (64, 80), D=0.2)
    >>> frames = movie(tracks, (64, 80), sigma=1.5, signal=120)
    >>> frames
    <SimulatedMovie TYX (50, 64, 80) uint8>
    """
    lengths = image_shape(shape)
    ndim = len(lengths)
    columns = list(POSITION_COLUMNS[-ndim:])
    require_columns("tracks", tracks, ["frame", *columns])
    if ndim == 2 and "z" in tracks.columns:
        raise ValueError(f"`shape` must be (Z, Y, X) where `tracks` has z, got {lengths}")
    frames, centres = _checked_rows(tracks, columns)
    if n_frames is None:
        if not len(frames):
            raise ValueError("`n_frames` must be given where `tracks` is empty, got None")
        n_frames = int(frames.max()) + 1
    total = integer("n_frames", n_frames, at_least=1)
    order = np.argsort(frames, kind="stable")
    scene = Scene(
        shape=lengths,
        centres=centres[order],
        heights=spot_signals(signal, len(tracks))[order],
        starts=np.searchsorted(frames[order], np.arange(total + 1)),
        sigma=spot_widths(sigma, ndim),
        background=grey_background(background, lengths),
        integrate=bool(integrate),
        bleaching=number("bleaching", bleaching, at_least=0),
        camera=Camera(
            number("gain", gain, at_least=0),
            number("read_noise", read_noise, at_least=0),
            number("offset", offset),
            pixel_type(dtype),
        ),
        seed=integer("seed", seed, at_least=0),
    )
    positive = partial(number, above=0)
    size = (
        None if pixel_size_um is None else per_axis("pixel_size_um", pixel_size_um, ndim, positive)
    )
    interval = None if frame_interval_s is None else positive("frame_interval_s", frame_interval_s)
    return SimulatedMovie(tracks, size, interval, scene, range(total))


def _checked_rows(tracks: pd.DataFrame, columns: list[str]) -> tuple[npt.NDArray[np.int64], Array]:
    """Return the frame and the position of each row."""
    frames = tracks["frame"].to_numpy(float)
    if not (np.isfinite(frames) & (frames >= 0) & (frames % 1 == 0)).all():
        raise ValueError("`tracks` must have frames that are integers >= 0, got other values")
    centres = tracks[columns].to_numpy(float)
    if not np.isfinite(centres).all():
        raise ValueError("`tracks` must have finite positions, got NaN or infinity")
    return frames.astype(np.int64), centres
