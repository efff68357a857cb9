"""A backend of matplotlib whose windows are clicked on by a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib.backend_bases import CloseEvent, FigureManagerBase, MouseButton, MouseEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg


class FigureManager(FigureManagerBase):
    def show(self) -> None:
        """The script needs no screen."""


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager
    #: What a user does while the window is open.
    script: Callable[[Any], None]
    stopped = False
    asked_to_draw = 0

    def draw_idle(self) -> None:
        """Windows draw once they have nothing else to do: here, the script says when."""
        self.asked_to_draw += 1

    def start_event_loop(self, timeout: float = 0) -> None:  # noqa: ARG002
        self.draw()
        type(self).script(self)
        self.callbacks.process("close_event", CloseEvent("close_event", self))
        if not self.stopped:
            raise RuntimeError("the loop goes on although the window is closed")

    def stop_event_loop(self) -> None:
        self.stopped = True

    def click(
        self, x: float, y: float, *, axes: int = 0, right: bool = False, double: bool = False
    ) -> None:
        """Press a button at a place in the coordinates of the axes."""
        where = self.figure.axes[axes].transData.transform((x, y))
        button = MouseButton.RIGHT if right else MouseButton.LEFT
        event = MouseEvent("button_press_event", self, *where, button=button, dblclick=double)
        self.callbacks.process(event.name, event)
