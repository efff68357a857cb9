"""The report's figures, as images in text."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from spotgpu import plot

if TYPE_CHECKING:
    from spotgpu.pipeline._result import TrackResult

__all__ = ["Figure", "figures", "png"]

#: Inches, and dots per inch: sharp on paper at half a page's width.
SIZE, WIDE, DPI = (6.0, 4.4), (11.0, 7.0), 150
#: Inches beside the axes: for the labels, and on the other sides.
LEFT, BELOW, ABOVE = 0.78, 0.52, 0.15


@dataclass(frozen=True)
class Figure:
    """One figure: a PNG in base64, what it shows, and whether it takes the page's whole width."""

    title: str
    caption: str
    png: str
    wide: bool


def figures(result: TrackResult) -> list[Figure] | None:
    """Return the figures for which there are data.

    Parameters
    ----------
    result : TrackResult
        The run.

    Returns
    -------
    list of Figure or None
        None if matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        return None
    height, width = result.input["shape"][-2:]
    # An image that is square would leave half of the page's width empty.
    first = width > 1.2 * height
    shown: list[Figure] = []
    for title, caption, draw in _drawings(result):
        wide = first and not shown
        shown.append(Figure(title, caption, png(draw, WIDE if wide else SIZE), wide))
    return shown


def png(draw: Callable[..., object], size: tuple[float, float], *, measured: bool = False) -> str:
    """Return a drawing as a PNG in base64.

    Parameters
    ----------
    draw : callable
        ``draw(ax=axes)`` draws it.
    size : tuple of float
        Width and height in inches.
    measured : bool
        Whether there is more beside the axes than the usual labels. To measure it takes as long as
        to draw everything.

    Returns
    -------
    str
        The image.
    """
    # Without pyplot: no window, no global state, and it may run in any thread.
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=size, dpi=DPI, layout="constrained" if measured else None)
    if not measured:
        width, height = size
        canvas.subplots_adjust(LEFT / width, BELOW / height, 1 - ABOVE / width, 1 - ABOVE / height)
    draw(ax=canvas.add_subplot())
    buffer = io.BytesIO()
    canvas.savefig(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _drawings(result: TrackResult) -> Iterator[tuple[str, str, Callable[[Any], object]]]:
    overview, analysis = result.overview, result.analysis
    # Of a plane that takes too much memory there is none.
    image = result.image if result.image.size else None
    minmass = result.parameters["minmass"] or None
    view = ", maximum projection along z" if "z" in overview.first_spots else ""
    over = f" over the first frame{view}."
    if image is None:
        over = "; a plane of the first frame takes too much memory (max_gb) to be shown below them."
    elif overview.spots == 0:
        yield (
            "First frame",
            f"No spots were found{view}.",
            lambda ax: plot.annotate(overview.first_spots, image, ax=ax),
        )
    else:
        first = overview.first_spots
        yield (
            "Spots",
            f"The {len(first):,} spots of frame {first['frame'].iloc[0]}{view}.",
            lambda ax: plot.annotate(first, image, ax=ax),
        )
    if result.n_tracks:
        yield (
            "Trajectories",
            f"{_share(analysis.n_shown, result.n_tracks)} tracks{over}",
            lambda ax: plot.plot_traj(analysis.tracks, superimpose=image, ax=ax),
        )
    if overview.spots:
        yield (
            "Mass",
            "Integrated brightness; minmass belongs into a valley between two peaks. "
            + _share(len(overview.sample), overview.spots)
            + " spots.",
            lambda ax: plot.mass_histogram(overview.sample, ax=ax, minmass=minmass),
        )
        yield (
            "Sub-pixel bias",
            "Fractional parts of the positions: even, or with a dip if the diameter is too small.",
            lambda ax: plot.subpx_bias(overview.sample, ax=ax),
        )
    if result.n_tracks:
        yield (
            "Length of the tracks",
            f"Spots in each track of {result.parameters['min_length']} spots or more.",
            lambda ax: plot.length_histogram(overview.lengths, ax=ax),
        )
        ensemble = result.emsd.set_index("lagt")["msd"]
        shown = f"{analysis.curves.shape[1]:,} of {result.n_tracks:,} particles"
        yield (
            "Mean squared displacement",
            f"{shown}, the ensemble and the fit; {result.length_unit}² over {result.time_unit}.",
            lambda ax: plot.plot_msd(
                imsd=analysis.curves,
                emsd=ensemble,
                fit=result.diffusion,
                ax=ax,
                length_unit=result.length_unit,
                time_unit=result.time_unit,
            ),
        )
    if result.drift is not None:
        drift = result.drift
        yield (
            "Drift",
            "Motion that all particles share. It was subtracted before the MSD was taken.",
            lambda ax: plot.plot_drift(drift, mpp=result.calibration.pixel_size_um, ax=ax),
        )


def _share(shown: int, of: int) -> str:
    return f"All {of:,}" if shown == of else f"A sample of {shown:,} of the {of:,}"
