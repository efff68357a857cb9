"""The options of a run with what stood for those that were not given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spotgpu.pipeline._result import TrackResult

__all__ = ["used"]


def used(result: TrackResult) -> dict[str, Any]:
    """Return the options of a run as a reader wants them: no default goes unsaid.

    Parameters
    ----------
    result : TrackResult
        The run.

    Returns
    -------
    dict
        Value or text by name.
    """
    given = result.parameters
    known = result.calibration
    diameter = given["diameter"]
    sides = diameter if isinstance(diameter, (list, tuple)) else [diameter]
    separation = [side + 1 for side in sides]
    size, interval = known.pixel_size_um, known.frame_interval_s
    defaults = {
        "minmass": 0,
        "maxsize": "no limit",
        "separation": separation if len(sides) > 1 else separation[0],
        "smoothing_size": diameter,
        "threshold": "1/255" if result.image.dtype.kind == "f" else 1,
        "topn": "all",
        "drift": "subtracted" if result.drift is not None else "not subtracted",
        "pixel_size_um": "unknown" if size is None else _said(", ".join(f"{s:.6g}" for s in size)),
        "fps": "unknown" if interval is None else _said(f"{1 / interval:.6g}"),
        "axes": _said(result.input["axes"]),
        "channel": "the only one",
        "max_gb": "half of the memory",
    }
    return {name: defaults[name] if value is None else value for name, value in given.items()}


def _said(text: str) -> str:
    return f"{text} (from the file)"
