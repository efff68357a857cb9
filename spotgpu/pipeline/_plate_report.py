"""The report of many movies: one HTML file with everything in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from spotgpu.pipeline._page import card, escaped, gallery, rows_table, style, template
from spotgpu.pipeline._plate_figures import distributions, heatmaps
from spotgpu.pipeline._plate_movies import movies_table
from spotgpu.pipeline._plate_summary import FLAGS

__all__ = ["plate_report"]

#: Different errors and warnings that are shown above the table, and movies named with each.
LISTED, NAMED = 20, 5
#: Letters of an error.
LETTERS = 1000


def plate_report(
    table: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    parameters: Mapping[str, Any],
    seconds: float | None,
    versions: Mapping[str, Any],
) -> str:
    """Return the report of many movies as the text of an HTML file.

    It needs no other file and no network; its links lead to the reports of the movies beside it.
    Without matplotlib it has no figures, and says so. A script in it sorts the table of movies.

    Parameters
    ----------
    table : DataFrame
        As from `summary_table`, with its ``attrs``.
    title, subtitle : str
        Its head.
    parameters : mapping of str to object
        Options of all runs.
    seconds : float or None
        Time taken; None if it is not known.
    versions : mapping of str to str
        Version by name.

    Returns
    -------
    str
        HTML 5. About 0.5 MB for the figures, and 0.3 kB for each movie.
    """
    how = {"Parameters": parameters, "Versions": versions}
    return template("plate.html").substitute(
        title=escaped(title),
        subtitle=escaped(subtitle),
        style=style(),
        headline=_headline(table),
        cards="\n".join(_cards(table, seconds)),
        sections="\n".join(
            f"<section>\n<h2>{name}</h2>\n{content}\n</section>"
            for name, content in _sections(table)
        ),
        movies=movies_table(table),
        tables="\n".join(f"<div>{rows_table(name, rows)}</div>" for name, rows in how.items()),
    )


def _headline(table: pd.DataFrame) -> str:
    """Return the median of D with its spread, for each unit."""
    known = table[table["D"].notna()]
    units = known["D_unit"].value_counts().index
    if known.empty:
        why = "see the flags" if (table["status"] == "ok").any() else "no movie was tracked"
        return card("No diffusion coefficient", why, "card main")
    boxes = []
    for unit in units:
        values = known.loc[known["D_unit"] == unit, "D"]
        if len(values) == 1:
            one = known.loc[values.index[0]]
            spread = f"one movie, interval {one['D_low']:.4g} to {one['D_high']:.4g}"
            if pd.isna(one["D_low"]):
                spread = "one movie"
            boxes.append(card(f"D = {values.iloc[0]:.4g} {unit}", spread, "card main"))
            continue
        low, middle, high = values.quantile([0.25, 0.5, 0.75])
        spread = (
            f"half of the movies from {low:.4g} to {high:.4g} · all from {values.min():.4g} to "
            f"{values.max():.4g} {unit} · {len(values):,} movies"
        )
        boxes.append(card(f"median D = {middle:.4g} {unit}", spread, "card main"))
    return "\n".join(boxes)


def _cards(table: pd.DataFrame, seconds: float | None) -> Iterator[str]:
    failed = int((table["status"] == "failed").sum())
    yield card(f"{len(table):,}", "movie" if len(table) == 1 else "movies")
    yield card(f"{failed:,}", "failed", "card bad" if failed else "card")
    yield card(f"{int((table['flags'] != '').sum()):,}", "flagged")
    for column in ("spots", "tracks"):
        yield card(f"{int(table[column].sum()):,}", column)
    if seconds is not None:
        yield card(_duration(seconds), "time taken")


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _sections(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield heading and content of what there is something to say about."""
    failures = table[table["status"] == "failed"]
    if len(failures):
        yield "Failed", _failures(failures)
    if table.attrs.get("warnings"):
        yield "Warnings", _warnings(table)
    by_well = heatmaps(table)
    if by_well:
        yield "By well", gallery(by_well)
    over_all = distributions(table)
    if over_all is None or over_all:
        yield "All movies", gallery(over_all)
    if len(table) > len(failures):
        yield "Flags", _flags(table)


def _failures(failures: pd.DataFrame) -> str:
    """Return each error with the movies that have it."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for movie, error in zip(failures["movie"], failures["error"], strict=True):
        alike.setdefault(error.replace(movie, "…"), []).append((movie, error))
    items = []
    for kind, movies in [*alike.items()][:LISTED]:
        names = ", ".join(movie for movie, _ in movies[:NAMED])
        more = f" and {len(movies) - NAMED:,} more" if len(movies) > NAMED else ""
        text = movies[0][1] if len(movies) == 1 else kind
        text = text if len(text) <= LETTERS else f"{text[:LETTERS]}…"
        items.append(f"<li><strong>{escaped(names + more)}</strong>: {escaped(text)}</li>")
    if len(alike) > LISTED:
        rest = sum(len(movies) for movies in [*alike.values()][LISTED:])
        items.append(f"<li>{rest:,} more, see the table of movies.</li>")
    return '<ul class="failures">\n' + "\n".join(items) + "\n</ul>"


def _warnings(table: pd.DataFrame) -> str:
    kinds = table.attrs["warnings"]
    done = int((table["status"] == "ok").sum())
    items = []
    for kind in kinds[:LISTED]:
        others = ", with other numbers in others" if kind["varies"] else ""
        where = f"{kind['movies']:,} of {done:,} movies{others}"
        items.append(f"<li><strong>{where}</strong>: {escaped(kind['text'])}</li>")
    if len(kinds) > LISTED:
        items.append(f"<li>{len(kinds) - LISTED:,} more, see the reports of the movies.</li>")
    return '<ul class="warnings">\n' + "\n".join(items) + "\n</ul>"


def _flags(table: pd.DataFrame) -> str:
    """Return how often each flag is raised, and what it says."""
    raised = table["flags"].str.split(";")
    rows = []
    for flag, meaning in FLAGS.items():
        movies = sum(flag in flags for flags in raised)
        rows.append(f"<tr><th>{flag}</th><td>{movies:,}</td><td>{escaped(meaning)}</td></tr>")
    return (
        '<table class="flags">\n' + "\n".join(rows) + "\n</table>\n"
        '<p class="soft">A spread is 1.4826 times the median absolute deviation, or what chance '
        "alone makes if that is more: the root of the median count; 1 % of D. Fewer than five "
        "movies are not compared.</p>"
    )
