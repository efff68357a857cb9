"""The figures of a plate's report, as images in text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu import plot
from spotgpu.pipeline._figures import Figure, png

__all__ = ["distributions", "heatmaps"]

#: Inches of half a page and of a whole one.
HALF, WIDE = (6.0, 3.8), (11.0, 4.4)
#: Movies that have a line with their name in the figure of D; more are drawn side by side.
NAMED = 40
#: Letters of a name in a figure.
LETTERS = 36
#: Colours of data, of what stands out, of a median and its surroundings.
DATA, ACCENT, BAND = "#0072B2", "#D55E00", "#DCE9F1"

Draw = Callable[..., object]


def heatmaps(table: pd.DataFrame) -> list[Figure] | None:
    """Return one figure a quantity, by well; of D one for each unit.

    Parameters
    ----------
    table : DataFrame
        As from `summary_table`.

    Returns
    -------
    list of Figure or None
        Without those for which there are no values; None if matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        return None
    placed = table[table["well"] != ""]
    failed = sorted(placed.loc[placed["status"] == "failed", "well"].unique())
    most = placed["well"].value_counts().max()
    caption = f"Median of the movies of a well, up to {most:,}. " if most > 1 else ""
    caption += "White: no movie; grey: no value"
    caption += "; cross: a movie failed." if failed else "."
    shown = []
    for title, label, values in _quantities(placed):
        if values.isna().all():
            continue
        medians = values.groupby(placed["well"]).median()
        by_well = {str(well): float(value) for well, value in medians.items()}
        draw = partial(plot.plate_heatmap, by_well, label=label, failed=failed)
        shown.append(Figure(title, caption, png(draw, HALF, measured=True), False))
    return shown


def _quantities(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.Series]]:
    """Yield title, label and values of what is shown by well."""
    units = _units(table)
    for unit in units:
        title = "Diffusion coefficient" + (f" in {unit}" if len(units) > 1 else "")
        yield title, f"D ({unit})", table["D"].where(table["D_unit"] == unit)
    yield "Exponent of the MSD", "alpha (median of the tracks)", table["alpha"]
    yield "Spots per frame", "spots per frame", table["spots_per_frame"]
    yield "Tracks", "tracks", table["tracks"].astype("float64")


def distributions(table: pd.DataFrame) -> list[Figure] | None:
    """Return the figures over all movies: D of each unit, and histograms.

    Parameters
    ----------
    table : DataFrame
        As from `summary_table`.

    Returns
    -------
    list of Figure or None
        Without those for which there are fewer than two movies; None if matplotlib is not
        installed.
    """
    if find_spec("matplotlib") is None:
        return None
    shown = []
    units = _units(table)
    for unit in units:
        known = table[table["D"].notna() & (table["D_unit"] == unit)].sort_values("D")
        if len(known) > 1:
            named = len(known) <= NAMED
            size = (WIDE[0], 1.3 + 0.23 * len(known)) if named else WIDE
            title = "Diffusion coefficient" + (f" in {unit}" if len(units) > 1 else "")
            caption = (
                f"D of {len(known):,} movies in the order of D, with its interval. Line and band: "
                "median, and the middle half of the movies."
            )
            if known["flags"].str.contains("D outlier").any():
                caption += " Orange: D outlier."
            draw = partial(_named if named else _ranked, known, unit)
            shown.append(Figure(title, caption, png(draw, size, measured=True), True))
    for title, label, values in _counted(table):
        if len(values) > 1:
            caption = f"{len(values):,} movies; dashed: their median."
            draw = partial(_histogram, values.to_numpy(np.float64), label)
            shown.append(Figure(title, caption, png(draw, HALF, measured=True), False))
    return shown


def _counted(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.Series]]:
    """Yield title, label and values of the histograms."""
    yield "Exponent of the MSD", "alpha, median of the tracks", table["alpha"].dropna()
    yield "Spots per frame", "spots per frame", table["spots_per_frame"].dropna()
    yield "Tracks", "tracks", table["tracks"].dropna()
    yield (
        "Spots in tracks",
        "share of the spots that are in tracks (%)",
        100 * table["spots_in_tracks_share"].dropna(),
    )


def _units(table: pd.DataFrame) -> list[str]:
    """Return the units of D that are there, the most frequent first."""
    return [str(unit) for unit in table.loc[table["D"].notna(), "D_unit"].value_counts().index]


def _colours(known: pd.DataFrame) -> npt.NDArray[np.str_]:
    return np.where(known["flags"].str.contains("D outlier"), ACCENT, DATA)


def _intervals(known: pd.DataFrame) -> tuple[Any, Any, bool]:
    """Return the ends of the intervals, and whether the axis should be logarithmic.

    An end that is not positive is drawn down to a tenth of the least D there.
    """
    value = known["D"].to_numpy()
    wide = bool(value[0] > 0 and value[-1] > 20 * value[0])
    low, high = (known[end].fillna(known["D"]).to_numpy() for end in ("D_low", "D_high"))
    return (np.maximum(low, value[0] / 10) if wide else low), high, wide


def _named(known: pd.DataFrame, unit: str, ax: Any) -> None:
    """Draw one line a movie, with its name."""
    rows = np.arange(len(known))
    low, high, wide = _intervals(known)
    colours = _colours(known)
    ax.axvspan(*known["D"].quantile([0.25, 0.75]), color=BAND, zorder=0)
    ax.axvline(known["D"].median(), color=DATA, linewidth=1, zorder=1)
    ax.hlines(rows, low, high, colors=colours, linewidth=1.8)
    ax.scatter(known["D"], rows, c=colours, s=26, zorder=3)
    ax.set_yticks(rows, [_plain(name) for name in known["movie"]], fontsize=8.5)
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
    ax.set_ylim(-0.7, len(known) - 0.3)
    ax.set_xscale("log" if wide else "linear")
    ax.set_xlabel(f"D ({unit})")


def _ranked(known: pd.DataFrame, unit: str, ax: Any) -> None:
    """Draw all movies side by side."""
    ranks = np.arange(1, len(known) + 1)
    low, high, wide = _intervals(known)
    colours = _colours(known)
    many = len(known) > 500
    ax.axhspan(*known["D"].quantile([0.25, 0.75]), color=BAND, zorder=0)
    ax.axhline(known["D"].median(), color=DATA, linewidth=1, zorder=1)
    ax.vlines(ranks, low, high, colors=colours, linewidth=0.5 if many else 1.2, alpha=0.6)
    ax.scatter(ranks, known["D"], c=colours, s=3 if many else 14, zorder=3)
    ax.set_xlim(1 - 0.01 * len(known), 1.01 * len(known))
    ax.set_yscale("log" if wide else "linear")
    ax.set_xlabel("movies in the order of D")
    ax.set_ylabel(f"D ({unit})")


def _plain(name: str) -> str:
    """Return a name in letters that every font has, not too long: its end tells movies apart."""
    known = "".join(c if c.isprintable() and ord(c) < 0x250 else "?" for c in name)
    return known if len(known) <= LETTERS else f"…{known[1 - LETTERS :]}"


def _edges(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the edges of 8 to 60 bins; as many whole numbers are in each bin of whole numbers."""
    bins = int(np.clip(2 * np.sqrt(len(values)), 8, 60))
    low, high = float(values.min()), float(values.max())
    if np.array_equal(values, np.round(values)):
        step = max(1.0, np.ceil((high - low + 1) / bins))
        return np.arange(low, high + 1 + step, step) - 0.5
    # Values that differ in their last digits are the same.
    pad = 0.5 if high - low < 1e-9 * max(1.0, abs(high)) else 0.0
    return np.linspace(low - pad, high + pad, bins + 1)


def _histogram(values: Any, label: str, ax: Any) -> None:
    counts, edges = np.histogram(values, _edges(values))
    ax.stairs(counts, edges, fill=True, color=DATA)
    middle = float(np.median(values))
    ax.axvline(middle, color=ACCENT, linestyle="--", label=f"median {middle:.4g}")
    ax.set_ylim(0, 1.2 * max(1, counts.max()))
    ax.legend(loc="upper right", framealpha=1.0, edgecolor="none")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel(label)
    ax.set_ylabel("movies")
