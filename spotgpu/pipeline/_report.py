"""The report: one HTML file with everything in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from spotgpu.pipeline._figures import figures
from spotgpu.pipeline._page import card, escaped, gallery, rows_table, shown, template
from spotgpu.pipeline._used import used

if TYPE_CHECKING:
    from spotgpu.pipeline._result import TrackResult

__all__ = ["report"]


def report(result: TrackResult) -> str:
    """Return the report of a run as the text of an HTML file.

    It needs no other file and no network. Without matplotlib it has no figures, and says so.

    Parameters
    ----------
    result : TrackResult
        The run.

    Returns
    -------
    str
        HTML 5.
    """
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return template("report.html").substitute(
        title=escaped(_title(result.input["path"])),
        subtitle=escaped(f"spotgpu {result.versions['spotgpu']}, {made}"),
        headline=_headline(result),
        cards="\n".join(card(value, name) for value, name in _counts(result)),
        warnings=_warnings(result.warnings),
        figures=gallery(figures(result)),
        tables="\n".join(_tables(result)),
    )


def _title(path: str | list[str] | None) -> str:
    if path is None:
        return "Tracking report"
    if isinstance(path, str):
        return Path(path).name
    return f"{Path(path[0]).name} to {Path(path[-1]).name}, {len(path):,} files"


def _headline(result: TrackResult) -> str:
    fit = result.diffusion
    if fit is None:
        return card("No diffusion coefficient", "see the warnings", "card main")
    unit = f"{result.length_unit}²/{result.time_unit}"
    interval = f"{fit.confidence:.0%} interval {fit.ci_low:.4g} to {fit.ci_high:.4g} {unit}"
    how = f"{fit.method}, {fit.ndim}D, {fit.n_tracks} tracks"
    error = "localisation error not resolved"
    if fit.sigma > 0:
        error = f"localisation error {fit.sigma:.3g} {result.length_unit}"
    return card(f"D = {fit.D:.4g} {unit}", f"{interval} · {error} · {how}", "card main")


def _counts(result: TrackResult) -> list[tuple[str, str]]:
    overview = result.overview
    frames = max(overview.frames, 1)
    length = overview.spots_in_tracks / overview.tracks if overview.tracks else 0
    share = overview.spots_in_tracks / overview.spots if overview.spots else 0
    return [
        (f"{overview.frames:,}", "frames"),
        (f"{overview.spots:,}", "spots"),
        (f"{overview.spots / frames:,.1f}", "spots a frame"),
        (f"{overview.tracks:,}", f"tracks of {result.parameters['min_length']} spots or more"),
        (f"{length:,.1f}", "spots a track, on average"),
        (f"{share:.0%}", "of the spots are in these tracks"),
    ]


def _warnings(warnings: Iterable[str]) -> str:
    items = "\n".join(f"<li>{escaped(text)}</li>" for text in warnings)
    return f'<ul class="warnings">\n{items}\n</ul>' if items else '<p class="fine">None.</p>'


def _tables(result: TrackResult) -> list[str]:
    pixel, interval = result.calibration.pixel_size_um, result.calibration.frame_interval_s
    movie = {
        "path": _place(result.input["path"]),
        "axes": result.input["axes"],
        "shape": " × ".join(str(n) for n in result.input["shape"]),
        "type": result.input["dtype"],
        "pixel size": "unknown"
        if pixel is None
        else shown(pixel if len(set(pixel)) > 1 else pixel[0]) + " µm",
        "frame interval": "unknown" if interval is None else f"{interval:.6g} s",
    }
    timings = {name: f"{seconds:.2f} s" for name, seconds in result.timings.items()}
    work = {f"of this, {name}": f"{seconds:.2f} s" for name, seconds in result.work.items()}
    others = (("Movie", movie), ("Time taken", timings | work), ("Versions", result.versions))
    return [
        f"<div>{rows_table('Parameters', used(result))}</div>",
        f"<div>{''.join(rows_table(caption, rows) for caption, rows in others)}</div>",
    ]


def _place(path: str | list[str] | None) -> str:
    if path is None:
        return "(not a file)"
    # A series may have thousands; run.json names them all.
    return path if isinstance(path, str) else f"{path[0]} to {path[-1]}, {len(path):,} files"
