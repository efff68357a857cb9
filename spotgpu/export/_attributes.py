"""What tables say of their pixels and frames, in `DataFrame.attrs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["known_attributes"]

#: Keys of `DataFrame.attrs`.
KEYS = ("length_unit", "time_unit", "pixel_size_um", "frame_interval_s")


def known_attributes(told: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what is said of pixels, frames and units, and nothing else.

    Parameters
    ----------
    told : dict
        The ``attrs`` of a table, or those of a graph.

    Returns
    -------
    dict
        The same values.
    """
    return {key: told[key] for key in KEYS if key in told}
