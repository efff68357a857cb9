"""Pixels and frames in micrometres and seconds, where these are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from spotgpu.checks import number, per_axis

__all__ = ["Calibration"]

#: What a file may say about its pixels and frames.
KNOWN = ("pixel_size_um", "frame_interval_s")

_positive = partial(number, above=0)


@dataclass(frozen=True)
class Calibration:
    """Size of a pixel per axis in image order, in µm, and time between frames, in s."""

    pixel_size_um: tuple[float, ...] | None
    frame_interval_s: float | None

    @classmethod
    def of(cls, ndim: int, pixel_size_um: Any, fps: Any, known: Any) -> Calibration:
        """Take what the caller gave, else what the file or table says.

        Parameters
        ----------
        ndim : int
            Axes of a frame.
        pixel_size_um : float or tuple of float or None
            The caller's, in µm.
        fps : float or None
            The caller's, in frames per second.
        known : Movie or dict
            What has ``pixel_size_um`` and ``frame_interval_s``, as attributes or as keys.

        Returns
        -------
        Calibration
            Either part may be None.

        Raises
        ------
        TypeError, ValueError
            If a value is not positive, or there is not one for each axis.
        """
        if not isinstance(known, Mapping):
            known = {name: getattr(known, name, None) for name in KNOWN}
        interval = known.get("frame_interval_s")
        if fps is not None:
            interval = 1 / number("fps", fps, above=0)
        size = pixel_size_um
        if size is None:
            size = known.get("pixel_size_um")
            # A file may know the size of its pixels and not the distance of its planes.
            if size is not None and any(axis is None for axis in size):
                size = None
        checked = None if size is None else per_axis("pixel_size_um", size, ndim, _positive)
        return cls(checked, None if interval is None else float(interval))

    @property
    def length_unit(self) -> str:
        """Unit of lengths.

        Returns
        -------
        str
            'µm', or 'px' if the pixel size is unknown.
        """
        return "px" if self.pixel_size_um is None else "µm"

    @property
    def time_unit(self) -> str:
        """Unit of times.

        Returns
        -------
        str
            's', or 'frame' if the interval is unknown.
        """
        return "frame" if self.frame_interval_s is None else "s"

    @property
    def fps(self) -> float:
        """Frames per unit of time.

        Returns
        -------
        float
            1 if the interval is unknown.
        """
        return 1.0 if self.frame_interval_s is None else 1 / self.frame_interval_s

    @property
    def mpp(self) -> float | tuple[float, ...]:
        """Units of length per pixel.

        Returns
        -------
        float or tuple of float
            Per axis in image order; 1 if the pixel size is unknown.
        """
        return 1.0 if self.pixel_size_um is None else self.pixel_size_um

    def attrs(self) -> dict[str, Any]:
        """Return what is known, as a table's ``attrs``.

        Returns
        -------
        dict
            JSON values.
        """
        known: dict[str, Any] = {"length_unit": "px", "time_unit": "frame"}
        if self.pixel_size_um is not None:
            known["pixel_size_um"] = list(self.pixel_size_um)
        if self.frame_interval_s is not None:
            known["frame_interval_s"] = self.frame_interval_s
        return known
