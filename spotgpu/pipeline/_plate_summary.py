"""What many runs of `track` found: one row a movie."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.pipeline._wells import wells

__all__ = ["FLAGS", "summary_table"]

#: Tracks below which numbers say little.
FEW = 10
#: Movies below which they are not compared with each other.
COMPARED = 5
#: Spreads from the median beyond which a movie is an outlier, and the least spread of log D.
FAR, SAME = 5.0, 0.01

#: What each flag says.
FLAGS = {
    "no spots": "no spots were found",
    "few tracks": f"fewer than {FEW} tracks, or none",
    "no D": "no diffusion coefficient; its report says why",
    "other unit": "its D is in another unit than that of most movies, and not compared with them",
    "D outlier": f"log D is more than {FAR:g} spreads from the median of the movies of its unit, "
    "or D is not positive",
    "count outlier": f"spots per frame or tracks are more than {FAR:g} spreads from the median",
    "warnings": "it has a warning that at most half of the movies have",
}

#: Type by column, in their order.
COLUMNS = {
    "movie": "str",
    "well": "str",
    "status": "str",
    "frames": "Int64",
    "spots": "Int64",
    "spots_per_frame": "float64",
    "tracks": "Int64",
    "spots_in_tracks_share": "float64",
    "D": "float64",
    "D_low": "float64",
    "D_high": "float64",
    "D_unit": "str",
    "alpha": "float64",
    "sigma": "float64",
    "flags": "str",
    "error": "str",
    "folder": "str",
}


def summary_table(
    records: Sequence[Mapping[str, Any]], failures: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """Return one row a movie, in the order of their names, where 2 comes before 10.

    Parameters
    ----------
    records : sequence of dict
        ``movie``: its name; ``folder``: that of its results; ``run``: what its run.json holds.
    failures : sequence of dict
        ``movie`` and ``error``.

    Returns
    -------
    DataFrame
        ``movie``, ``well`` (see `wells`, or empty), ``status`` ('ok' or 'failed'), ``frames``,
        ``spots``, ``spots_per_frame``, ``tracks``, ``spots_in_tracks_share`` (0 to 1), ``D``,
        ``D_low``, ``D_high`` in ``D_unit``, ``alpha`` (the median of the tracks), ``sigma`` (in the
        unit of length that ``D_unit`` begins with), ``flags``, ``error``, ``folder``. Numbers that
        there are not are NaN or NA, texts are empty. Bytes of names that are no UTF-8 are written
        as ``\\udc80`` and so on.

        ``flags`` are joined by ``;``:

        - no spots: none were found;
        - few tracks: fewer than 10;
        - no D: no diffusion coefficient;
        - other unit: D is in another unit than that of most movies;
        - D outlier: log D is more than 5 spreads from the median of the movies of its unit, or D
          is not positive;
        - count outlier: the same for spots per frame or for tracks;
        - warnings: a warning that at most half of the movies that did not fail have, numbers in it
          left aside.

        The spread is 1.4826 times the median absolute deviation, or what chance alone makes if
        that is more: the root of the median count; 1 % of D. Fewer than 5 movies are not compared.

        ``attrs["warnings"]`` has the kinds of warnings, most frequent first: ``text`` (that of the
        first movie), ``movies`` (how many), ``varies`` (whether other movies have other numbers).
    """
    rows = [_row(record) for record in records]
    rows += [
        {"movie": _text(failure["movie"]), "status": "failed", "error": _text(failure["error"])}
        for failure in failures
    ]
    order = sorted(range(len(rows)), key=lambda row: _natural(rows[row]["movie"]))
    table = pd.DataFrame([rows[row] for row in order], columns=list(COLUMNS))
    table["well"] = pd.Series([well or "" for well in wells(table["movie"].tolist())], dtype=object)
    texts = [name for name, kind in COLUMNS.items() if kind == "str"]
    table[texts] = table[texts].astype(object).fillna("")
    table = table.astype(COLUMNS)
    warnings = [[*records[row]["run"]["warnings"]] if row < len(records) else [] for row in order]
    table["flags"] = pd.Series(_flags(table, warnings), dtype="str")
    table.attrs["warnings"] = _kinds(warnings)
    return table


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    run = record["run"]
    counts, fit = run["counts"], run["diffusion"]
    share = counts["spots_in_tracks"] / counts["spots"] if counts["spots"] else None
    return {
        "movie": _text(record["movie"]),
        "status": "ok",
        "frames": counts["frames"],
        "spots": counts["spots"],
        "spots_per_frame": counts["spots"] / counts["frames"] if counts["frames"] else None,
        "tracks": counts["tracks"],
        "spots_in_tracks_share": share,
        "D": fit["D"],
        "D_low": fit.get("ci_low"),
        "D_high": fit.get("ci_high"),
        "D_unit": fit["unit"],
        "alpha": run.get("alpha"),
        "sigma": fit.get("sigma"),
        "folder": _text(record["folder"]),
    }


def _natural(name: str) -> tuple[list[Any], str]:
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if place % 2 else part.lower() for place, part in enumerate(parts)], name


def _text(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def _kind(warning: str) -> str:
    return re.sub(r"[0-9]+([.,][0-9]+)*", "#", warning)


def _kinds(warnings: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    movies = Counter(kind for texts in warnings for kind in {_kind(text) for text in texts})
    first: dict[str, str] = {}
    varies = set()
    for text in (text for texts in warnings for text in texts):
        if first.setdefault(_kind(text), text) != text:
            varies.add(_kind(text))
    kinds = sorted(first, key=lambda kind: -movies[kind])
    return [{"text": first[k], "movies": movies[k], "varies": k in varies} for k in kinds]


def _flags(table: pd.DataFrame, warnings: Sequence[Sequence[str]]) -> list[str]:
    """Return the flags of each row, joined."""
    ok = (table["status"] == "ok").to_numpy()
    units = table["D_unit"].where(ok & table["D"].notna().to_numpy(), "")
    usual = units[units != ""].mode()
    diffusion = np.zeros(len(table), bool)
    for unit in units[units != ""].unique():
        one = (units == unit).to_numpy()
        # No logarithm: as far out as can be.
        with np.errstate(divide="ignore"):
            logs = np.log(table.loc[one, "D"].clip(lower=0).to_numpy(np.float64))
        diffusion[one] = _far(logs, SAME)
    counts = np.zeros(len(table), bool)
    for column in ("spots_per_frame", "tracks"):
        values = table.loc[ok, column].to_numpy(np.float64, na_value=math.nan)
        middle = float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
        counts[ok] |= _far(values, math.sqrt(middle))
    often = ok.sum() / 2
    known = Counter(kind for texts in warnings for kind in {_kind(text) for text in texts})
    rare = [any(known[_kind(text)] <= often for text in texts) for texts in warnings]
    raised = {
        "no spots": ok & (table["spots"] == 0).fillna(False).to_numpy(bool),
        "few tracks": ok & (table["tracks"] < FEW).fillna(False).to_numpy(bool),
        "no D": ok & table["D"].isna().to_numpy(),
        "other unit": ((units != "") & ~units.isin(usual[:1])).to_numpy(),
        "D outlier": diffusion,
        "count outlier": counts,
        "warnings": np.array(rare, bool),
    }
    return [";".join(flag for flag in FLAGS if raised[flag][row]) for row in range(len(table))]


def _far(values: npt.NDArray[np.float64], least: float) -> npt.NDArray[np.bool_]:
    """Return which values are outliers; NaN is none, infinity is one."""
    known = values[np.isfinite(values)]
    if len(known) < COMPARED:
        return np.zeros(len(values), bool)
    middle = np.median(known)
    spread = max(1.4826 * float(np.median(np.abs(known - middle))), least)
    return np.abs(values - middle) > FAR * spread
