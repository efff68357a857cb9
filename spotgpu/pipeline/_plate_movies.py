"""The table of movies in a plate's report."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pandas as pd

from spotgpu.pipeline._page import escaped

__all__ = ["movies_table"]

#: Letters of an error in the table.
LETTERS = 120

Cell = Callable[[Any], str]


def movies_table(table: pd.DataFrame) -> str:
    """Return one row a movie, with a link to its report.

    Parameters
    ----------
    table : DataFrame
        As from `summary_table`.

    Returns
    -------
    str
        HTML; columns of numbers have the class ``n``.
    """
    units = table.loc[table["D"].notna(), "D_unit"].unique()
    one = f" ({units[0]})" if len(units) == 1 else ""
    columns: list[tuple[str, str, Cell]] = [("movie", "", _movie)]
    if (table["well"] != "").any():
        columns.append(("well", "", lambda row: escaped(row.well)))
    columns += [
        ("frames", "n", lambda row: _count(row.frames)),
        ("spots a frame", "n", lambda row: _number(row.spots_per_frame, ",.1f")),
        ("tracks", "n", lambda row: _count(row.tracks)),
        ("spots in tracks", "n", lambda row: _number(row.spots_in_tracks_share, ".0%")),
        (f"D{one}", "n", lambda row: _number(row.D, "#.4g")),
        ("interval of D", "n", _interval),
    ]
    if len(units) > 1:
        columns.append(("unit of D", "", lambda row: escaped(row.D_unit)))
    columns += [("alpha", "n", lambda row: _number(row.alpha, ".2f")), ("flags", "", _flags)]
    heads = "".join(f"<th{_kind(kind)}>{escaped(name)}</th>" for name, kind, _ in columns)
    rows = table.itertuples(index=False)
    body = "\n".join(
        f"<tr>{''.join(f'<td{_kind(kind)}>{cell(row)}</td>' for _, kind, cell in columns)}</tr>"
        for row in rows
    )
    head = f"<thead><tr>{heads}</tr></thead>"
    return f'<table class="movies">\n{head}\n<tbody>\n{body}\n</tbody>\n</table>'


def _kind(kind: str) -> str:
    return f" class={kind}" if kind else ""


def _movie(row: Any) -> str:
    name = escaped(row.movie)
    if not row.folder:
        return name
    # "./": a folder may be called "javascript:".
    place = quote(row.folder.replace(os.sep, "/"))
    return f'<a href="./{place}/report.html">{name}</a>'


def _count(value: Any) -> str:
    return "" if pd.isna(value) else f"{value:,}"


def _number(value: float, digits: str) -> str:
    # "#" keeps the zeros at the end, and a point where there is nothing behind it.
    return "" if pd.isna(value) else format(value, digits).rstrip(".")


def _interval(row: Any) -> str:
    if pd.isna(row.D_low) or pd.isna(row.D_high):
        return ""
    return f"{_number(row.D_low, '#.3g')} to {_number(row.D_high, '#.3g')}"


def _flags(row: Any) -> str:
    if row.status == "failed":
        error = row.error if len(row.error) <= LETTERS else f"{row.error[:LETTERS]}…"
        return f"<b class=bad>failed</b> <small>{escaped(error)}</small>"
    return " ".join(f"<b>{escaped(flag)}</b>" for flag in row.flags.split(";") if flag)
