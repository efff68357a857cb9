"""The colours of time."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError

__all__ = ["FLOWTRACE", "check_colours", "colours"]

#: Name of flowtrace's own colours.
FLOWTRACE = "flowtrace"
#: Violet of the first frame, orange of the last: red, green and blue out of 255.
VIOLET, ORANGE = (90, 10, 250), (255, 153, 0)


def check_colours(name: str, value: Any) -> bool | str:
    """Return what stands for the colours of time, if there are such.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : object
        True, False or the name of a colour map.

    Returns
    -------
    bool or str
        False for none, 'flowtrace' for True.

    Raises
    ------
    TypeError, ValueError
        If it is something else.
    SpotgpuError
        If it needs matplotlib, which is not there.
    """
    if isinstance(value, (bool, np.bool_)):
        return FLOWTRACE if value else False
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be True, False or the name of a colour map, got {value!r}")
    if value != FLOWTRACE:
        known = _matplotlib().colormaps
        if value not in known:
            close = get_close_matches(value, list(known), n=1)
            hint = f": did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"`{name}` must be True, False, 'flowtrace' or a colour map of matplotlib, "
                f"got {value!r}{hint}"
            )
    return value


def colours(name: str, planes: int) -> npt.NDArray[np.float64]:
    """Return the colour of each plane of a window.

    Parameters
    ----------
    name : str
        'flowtrace', or a colour map of matplotlib.
    planes : int
        How many there are.

    Returns
    -------
    ndarray of float64, shape (planes, 3)
        Red, green and blue from 0 to 1, from the first colour of the map to the last in equal
        steps.

    Raises
    ------
    SpotgpuError
        If it needs matplotlib, which is not there.
    """
    if name == FLOWTRACE:
        first, last = np.array([VIOLET, ORANGE]) / 255
        return np.linspace(first, last, planes)
    colour_map = _matplotlib().colormaps[name]
    return np.array(colour_map(np.linspace(0, 1, planes)), np.float64)[:, :3]


def _matplotlib() -> Any:
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as error:
        raise SpotgpuError(
            'Colour maps by name need matplotlib: pip install "spotgpu[plot]" brings it'
        ) from error
    return mpl
