"""Figures of this room's own: where they are shown, and waiting until they are closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spotgpu.errors import SpotgpuError
from spotgpu.plot._axes import NO_MATPLOTLIB, checked_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["clickable_figure", "drawn_on", "new_figure", "show_figure", "wait_until_closed"]


@contextmanager
def drawn_on(ax: Any) -> Iterator[Axes]:
    """Give the caller's Axes, or those of a new figure, which is shown once it is drawn.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        The caller's.

    Yields
    ------
    matplotlib.axes.Axes
        To draw on.

    Raises
    ------
    SpotgpuError
        If matplotlib is not installed.
    TypeError
        If `ax` is something else.
    """
    if ax is not None:
        yield checked_axes(ax)
        return
    with new_figure() as figure:
        yield figure.add_subplot()
    show_figure()


@contextmanager
def new_figure(**options: Any) -> Iterator[Figure]:
    """Give a new figure of pyplot, which is closed if drawing it fails.

    Parameters
    ----------
    **options
        For ``pyplot.figure``.

    Yields
    ------
    matplotlib.figure.Figure
        Empty.

    Raises
    ------
    SpotgpuError
        If matplotlib is not installed, or its backend cannot be used.
    """
    try:
        from matplotlib import pyplot as plt
    except ModuleNotFoundError as error:
        raise SpotgpuError(NO_MATPLOTLIB) from error
    try:
        # The first figure loads the backend.
        figure = plt.figure(layout="constrained", **options)
    except ImportError as error:
        raise SpotgpuError(
            f"matplotlib's backend cannot be used: {error}. Name another one in MPLBACKEND"
        ) from error
    try:
        yield figure
    except BaseException:
        plt.close(figure)
        raise


def show_figure() -> None:
    """Show pyplot's figures, if its backend shows any: others only write files."""
    from matplotlib import pyplot as plt

    if not _writes_files():
        plt.show()


@contextmanager
def clickable_figure(**options: Any) -> Iterator[Figure]:
    """Give a new figure of pyplot that can be clicked on, which is closed if drawing it fails.

    Parameters
    ----------
    **options
        For ``pyplot.figure``.

    Yields
    ------
    matplotlib.figure.Figure
        Empty.

    Raises
    ------
    SpotgpuError
        If pyplot's backend shows images only, or nothing; or if matplotlib is not installed.
    """
    with new_figure(**options) as figure:
        import matplotlib
        from matplotlib.backend_bases import FigureManagerBase

        # Which backend there is, is known with the first figure; those with windows have managers
        # of their own.
        if type(figure.canvas.manager) is FigureManagerBase:
            raise SpotgpuError(
                "Clicking needs a window, which matplotlib's backend "
                f"{matplotlib.get_backend()!r} has not. In a notebook, `%matplotlib widget` (pip "
                "install ipympl) makes figures that can be clicked on; elsewhere, matplotlib needs "
                "a display and Qt (pip install PySide6) or Tk. Without clicking, `extract_traces` "
                "takes positions"
            )
        yield figure


def wait_until_closed(figure: Figure) -> bool:
    """Show a figure, and wait until its window is closed where that is possible.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Of pyplot.

    Returns
    -------
    bool
        Whether it is closed. It is still open where the backend is driven by the process that
        would wait, as in a notebook.
    """
    from matplotlib import pyplot as plt

    canvas = figure.canvas
    if canvas.required_interactive_framework is None:
        plt.show()
        return False
    canvas.mpl_connect("close_event", lambda _: canvas.stop_event_loop())
    figure.show()
    try:
        # Unlike `plt.show()`, it does not wait for other figures.
        canvas.start_event_loop()
    finally:
        plt.close(figure)
    return True


def _writes_files() -> bool:
    """Return whether pyplot's backend has no windows at all."""
    import matplotlib
    from matplotlib.backends import BackendFilter, backend_registry

    silent = backend_registry.list_builtin(BackendFilter.NON_INTERACTIVE)
    return matplotlib.get_backend().lower() in silent
