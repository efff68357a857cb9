"""Pixels and frames in micrometres and seconds, where these are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from spotgpu.checks import long_axes, number, per_axis

__all__ = ["Calibration", "contradictions"]

#: What a file may say about its pixels and frames.
KNOWN = ("pixel_size_um", "frame_interval_s")

#: Of two values that are the same but for rounding.
TOLERANCE = 0.01

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
            Axes of a frame, or of the positions in a table.
        pixel_size_um : float or tuple of float or None
            The caller's, in µm; for axes of length 1, there may be one, or none.
        fps : float or None
            The caller's, in frames per second.
        known : Movie or dict
            What has ``pixel_size_um`` and ``frame_interval_s``, as attributes or as keys.

        Returns
        -------
        Calibration
            Either part may be None. Axes of length 1 have no size.

        Raises
        ------
        TypeError, ValueError
            If a value is not positive, or there is not one for each axis.
        """
        shape = getattr(known, "frame_shape", (2,) * ndim)
        known = _of_source(known)
        interval = known.get("frame_interval_s")
        if fps is not None:
            interval = 1 / number("fps", fps, above=0)
        size = pixel_size_um
        if size is None:
            size = known.get("pixel_size_um")
            # A file may know the size of its pixels and not the distance of its planes.
            if size is not None and any(axis is None for axis in size):
                size = None
        ndim = sum(side > 1 for side in shape)
        size = long_axes(size, shape)
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
        """Return what is known, as the ``attrs`` of a table in pixels and frames.

        Returns
        -------
        dict
            JSON values.
        """
        return {"length_unit": "px", "time_unit": "frame", **self._known()}

    def record(self) -> dict[str, Any]:
        """Return what the motion was measured with.

        Returns
        -------
        dict
            JSON values: units, and sizes where they are known.
        """
        return {"length_unit": self.length_unit, "time_unit": self.time_unit, **self._known()}

    def _known(self) -> dict[str, Any]:
        known: dict[str, Any] = {}
        if self.pixel_size_um is not None:
            known["pixel_size_um"] = list(self.pixel_size_um)
        if self.frame_interval_s is not None:
            known["frame_interval_s"] = self.frame_interval_s
        return known


def contradictions(used: Calibration, known: Any) -> list[str]:
    """Return where the values used differ by more than 1 % from what the file or table says.

    Parameters
    ----------
    used : Calibration
        The caller's values, or the file's.
    known : Movie or dict
        As in `Calibration.of`.

    Returns
    -------
    list of str
        Warnings.
    """
    known, found = _of_source(known), []
    size, interval = known.get("pixel_size_um"), known.get("frame_interval_s")
    if size is not None and used.pixel_size_um is not None:
        pairs = list(zip(used.pixel_size_um, size, strict=False))
        if any(said is not None and _differ(given, said) for given, said in pairs):
            each = len(set(used.pixel_size_um)) == 1 and len(set(size)) > 1
            hint = " Give one for each axis (z, y, x)." if each else ""
            found.append(
                f"The pixel size used ({_listed(used.pixel_size_um)} µm) is not what the file "
                f"says ({_listed(size)} µm).{hint}"
            )
    if interval is not None and _differ(1 / used.fps, float(interval)):
        found.append(
            f"The frame rate used ({used.fps:.6g} fps) is not what the file says "
            f"({1 / float(interval):.6g} fps)."
        )
    return found


def _of_source(known: Any) -> Mapping[str, Any]:
    if isinstance(known, Mapping):
        return known
    said = {name: getattr(known, name, None) for name in KNOWN}
    # Positions have no column for an axis of length 1.
    return {**said, "pixel_size_um": long_axes(said["pixel_size_um"], known.frame_shape)}


def _differ(a: float, b: float) -> bool:
    return abs(a - b) > TOLERANCE * abs(b)


def _listed(sizes: Iterable[float | None]) -> str:
    items = ["unknown" if size is None else f"{size:.6g}" for size in sizes]
    return items[0] if len(set(items)) == 1 else ", ".join(items)
