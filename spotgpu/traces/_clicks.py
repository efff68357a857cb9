"""Positions that are clicked on an image."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Clicks"]


class Clicks:
    """Positions on an image, added and removed by clicks.

    The left button adds a position, or removes the one that is the same; the right removes the
    nearest. What does not count: clicks outside the image, the second of a double click, and
    clicks while the figure is being zoomed or panned.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With an image of pixels at whole numbers.
    shape : tuple of int
        Shape (Y, X) of the image.
    order : {'xy', 'yx'}
        Of the components of a position, see `spotgpu.traces`.
    whole : bool
        Take the pixel that was clicked on rather than the place in it.
    single : bool
        Keep the last position only.
    changed : callable, optional
        Called without arguments after each change.

    Attributes
    ----------
    positions : list of tuple
        In the order of the clicks. Always the same list.
    """

    def __init__(
        self,
        ax: Axes,
        shape: tuple[int, int],
        *,
        order: str = "xy",
        whole: bool = True,
        single: bool = False,
        changed: Callable[[], None] | None = None,
    ) -> None:
        self.positions: list[tuple[float, float]] = []
        self._ax, self._shape, self._order = ax, shape, order
        self._whole, self._single, self._changed = whole, single, changed
        self._marks = ax.scatter([], [], zorder=3, edgecolors="white", linewidths=0.8)
        # A bound method by itself would be forgotten once nobody else holds this object.
        ax.figure.canvas.mpl_connect("button_press_event", partial(self._clicked))

    def _clicked(self, event: Any) -> None:
        from matplotlib.backend_bases import MouseButton

        toolbar_is_off = event.canvas.widgetlock.available(self)
        if event.inaxes is not self._ax or event.dblclick or not toolbar_is_off:
            return
        place = self._place(event.xdata, event.ydata)
        if place is None:
            return
        if event.button == MouseButton.RIGHT and self.positions:
            here = (event.xdata, event.ydata)[:: 1 if self._order == "xy" else -1]
            distances = [math.dist(here, position) for position in self.positions]
            del self.positions[int(np.argmin(distances))]
        elif event.button == MouseButton.LEFT:
            self._toggle(place)
        else:
            return
        self._draw()
        if self._changed is not None:
            self._changed()
        event.canvas.draw_idle()

    def _place(self, x: float, y: float) -> tuple[float, float] | None:
        """Return the position that was clicked on, None outside the image."""
        height, width = self._shape
        column, row = math.floor(x + 0.5), math.floor(y + 0.5)
        if not (0 <= column < width and 0 <= row < height):
            return None
        across, down = (column, row) if self._whole else (float(x), float(y))
        return (across, down) if self._order == "xy" else (down, across)

    def _toggle(self, place: tuple[float, float]) -> None:
        if place in self.positions:
            self.positions.remove(place)
            return
        if self._single:
            self.positions.clear()
        self.positions.append(place)

    def _draw(self) -> None:
        points = np.array(self.positions, float).reshape(-1, 2)
        self._marks.set_offsets(points if self._order == "xy" else points[:, ::-1])
        # The colours that lines get in turn.
        self._marks.set_facecolor([f"C{i}" for i in range(len(points))])
