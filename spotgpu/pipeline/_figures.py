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

__all__ = ["Figure", "figures"]

#: Inches, and dots per inch: sharp on paper at half a page's width.
SIZE, WIDE, DPI = (6.0, 4.4), (11.0, 7.0), 150
#: Curves of single particles in the MSD's figure; more would only be a blur.
CURVES = 300


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
    height, width = result.image.shape[-2:]
    # An image that is square would leave half of the page's width empty.
    first = width > 1.2 * height
    shown: list[Figure] = []
    for title, caption, draw in _drawings(result):
        wide = first and not shown
        shown.append(Figure(title, caption, _png(draw, WIDE if wide else SIZE), wide))
    return shown


def _png(draw: Callable[[Any], object], size: tuple[float, float]) -> str:
    # Without pyplot: no window, no global state, and it may run in any thread.
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=size, dpi=DPI, layout="constrained")
    draw(canvas.add_subplot())
    buffer = io.BytesIO()
    canvas.savefig(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _drawings(result: TrackResult) -> Iterator[tuple[str, str, Callable[[Any], object]]]:
    spots, tracks, image = result.spots, result.tracks, result.image
    minmass = result.parameters["minmass"] or None
    view = ", maximum projection along z" if image.ndim == 3 else ""
    if spots.empty:
        yield (
            "First frame",
            f"No spots were found{view}.",
            lambda ax: plot.annotate(spots, image, ax=ax),
        )
    else:
        first = spots[spots["frame"] == spots["frame"].min()]
        yield (
            "Spots",
            f"The {len(first):,} spots of frame {spots['frame'].min()}{view}.",
            lambda ax: plot.annotate(first, image, ax=ax),
        )
    if len(tracks):
        yield (
            "Trajectories",
            f"All {result.n_tracks:,} tracks over the first frame{view}.",
            lambda ax: plot.plot_traj(tracks, superimpose=image, ax=ax),
        )
    if len(spots):
        yield (
            "Mass",
            "Integrated brightness of all spots; minmass belongs into a valley between two peaks.",
            lambda ax: plot.mass_histogram(spots, ax=ax, minmass=minmass),
        )
        yield (
            "Sub-pixel bias",
            "Fractional parts of the positions: even, or with a dip if the diameter is too small.",
            lambda ax: plot.subpx_bias(spots, ax=ax),
        )
    if len(tracks):
        yield (
            "Length of the tracks",
            f"Spots in each track of {result.parameters['min_length']} spots or more.",
            lambda ax: plot.length_histogram(tracks, ax=ax),
        )
        imsd = result.imsd.iloc[:, :: max(1, -(-result.imsd.shape[1] // CURVES))]
        ensemble = result.emsd.set_index("lagt")["msd"]
        shown = f"{imsd.shape[1]} of {result.imsd.shape[1]} particles"
        yield (
            "Mean squared displacement",
            f"{shown}, the ensemble and the fit; {result.length_unit}² over {result.time_unit}.",
            lambda ax: plot.plot_msd(
                imsd=imsd,
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
