"""Which trackers did better than their peers, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.quality.intervals import Interval, interval
from benchmarks.quality.scores import LINEAGE_MEASURES, MEASURES

PEERS = ("trackpy", "laptrack")


@dataclass(frozen=True)
class Comparison:
    """One of our trackers and one of a peer, on the seeds of a problem where the peer finished."""

    motion: str
    problem: str
    peer: str
    ours: str
    theirs: str
    runs: int
    #: Seeds on which all measures are equal.
    equal: int
    #: By measure: ours less theirs.
    differences: dict[str, Interval]


def measures_of(values: pd.DataFrame) -> list[str]:
    """Return the measures that were taken."""
    return [name for name in MEASURES + LINEAGE_MEASURES if values[name].notna().any()]


def scores_of(values: pd.DataFrame, package: str, settings: str) -> pd.DataFrame:
    """Return the scores of one tracker on one problem, by seed, where it did not give up."""
    rows = values[(values["package"] == package) & (values["settings"] == settings)]
    return rows[rows["alpha"].notna()].set_index("seed")[measures_of(values)]


def compared(values: pd.DataFrame, peer: str, ours: str, theirs: str) -> Comparison | None:
    """Compare two trackers on one problem; None if the peer finished fewer than two seeds."""
    difference = scores_of(values, "spotgpu", ours) - scores_of(values, peer, theirs)
    difference = difference.dropna()
    if len(difference) < 2:
        return None
    return Comparison(
        motion=values["motion"].iloc[0],
        problem=values["problem"].iloc[0],
        peer=peer,
        ours=ours,
        theirs=theirs,
        runs=len(difference),
        equal=int((difference == 0).all(axis=1).sum()),
        differences={name: interval(column) for name, column in difference.items()},
    )


def problems(values: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows of each problem, in the order of the table."""
    return [part for _, part in values.groupby(["motion", "problem"], sort=False)]


def pairs(values: pd.DataFrame) -> list[tuple[str, str]]:
    """Return settings that one of our trackers shares with a peer, and the peer."""
    known = values[["package", "settings"]].drop_duplicates()
    ours = set(known.loc[known["package"] == "spotgpu", "settings"])
    return [(s, p) for p, s in known.itertuples(index=False) if p in PEERS and s in ours]


def same_settings(values: pd.DataFrame) -> list[Comparison]:
    """Compare all pairs on all problems."""
    found = [
        compared(part, peer, settings, settings)
        for settings, peer in pairs(values)
        for part in problems(values)
    ]
    return [comparison for comparison in found if comparison is not None]


def best(values: pd.DataFrame, package: str) -> str | None:
    """Return the settings of a package with the highest mean alpha on one problem.

    None if none finished on all seeds.
    """
    alpha = values[values["package"] == package].groupby("settings", sort=False)["alpha"]
    means = alpha.mean().where(alpha.count() == alpha.size()).dropna()
    return None if means.empty else str(means.idxmax())


def best_settings(values: pd.DataFrame) -> list[Comparison]:
    """Compare our best settings with the best of each peer, on each problem."""
    found = []
    for part in problems(values):
        ours = best(part, "spotgpu")
        for peer in PEERS:
            theirs = best(part, peer)
            if ours is not None and theirs is not None:
                found.append(compared(part, peer, ours, theirs))
    return [comparison for comparison in found if comparison is not None]


def unfinished(values: pd.DataFrame) -> pd.Series:
    """Return on how many seeds a tracker gave up, by problem and tracker; only where it did."""
    keys = ["motion", "problem", "package", "settings"]
    counts = values["alpha"].isna().groupby([values[key] for key in keys], sort=False).sum()
    return counts[counts > 0].astype(np.int64)
