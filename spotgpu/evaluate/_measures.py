"""What the differences of two graphs say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

import pandas as pd

from spotgpu.checks import integer, number
from spotgpu.evaluate._divisions import match_divisions
from spotgpu.evaluate._graphs import SpotPairs, edits
from spotgpu.evaluate._spots import ratio
from spotgpu.tables import Tracks

__all__ = ["CTC_WEIGHTS", "LineageMatch", "measures"]

#: What each operation on the graph costs in the Cell Tracking Challenge.
CTC_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"ns": 5.0, "fn": 10.0, "fp": 1.0, "ed": 1.0, "ea": 1.5, "ec": 1.0}
)


@dataclass(frozen=True, eq=False)
class LineageMatch:
    """Found graph against the true one; numbers that have no meaning, like 0/0, are NaN.

    Attributes
    ----------
    tra : float
        Tracking: 1 if the graphs are equal, 0 if to mend the found one costs as much as to make
        the true one from nothing, or more.
    det : float
        Detection: the same with the operations on spots only.
    lnk : float
        Linking: the same with the operations on edges only.
    aogm : float
        Cost of all operations, their numbers times the weights.
    ns : int
        Spots to split: a found spot that is n true ones counts n - 1 times.
    fn : int
        Spots to add.
    fp : int
        Spots to delete.
    ed : int
        Edges to delete: both of their spots are right, but the truth has no such edge.
    ea : int
        Edges to add.
    ec : int
        Edges to change: the truth has them, but they join two tracks in one graph and continue
        one in the other.
    division_recall : float
        Share of the true divisions that are found.
    division_precision : float
        Share of the found divisions that are true.
    division_f1 : float
        Harmonic mean of both: branching correctness BC(i), with i = `frame_tolerance`.
    n_true, n_found, n_matched : int
        True spots, found ones, and pairs of both.
    n_true_edges, n_found_edges : int
        Edges of the graphs.
    n_true_divisions, n_found_divisions, n_matched_divisions : int
        Spots with several children in the truth, in what is found, and pairs of both.
    pairs : DataFrame
        A row for each pair of spots: ``found`` and ``truth``, their ids.
    """

    tra: float
    det: float
    lnk: float
    aogm: float
    ns: int
    fn: int
    fp: int
    ed: int
    ea: int
    ec: int
    division_recall: float
    division_precision: float
    division_f1: float
    n_true: int
    n_found: int
    n_matched: int
    n_true_edges: int
    n_found_edges: int
    n_true_divisions: int
    n_found_divisions: int
    n_matched_divisions: int
    pairs: pd.DataFrame


def _costs(weights: Mapping[str, float] | None) -> dict[str, float]:
    """Return the weight of each operation."""
    costs = dict(CTC_WEIGHTS)
    if weights is None:
        return costs
    if not isinstance(weights, Mapping):
        raise TypeError(f"`weights` must be a mapping, got {type(weights).__name__}")
    for name, value in weights.items():
        if name not in costs:
            raise ValueError(f"`weights` must have names of {', '.join(costs)}, got {name!r}")
        costs[name] = number(f"weights[{name!r}]", value, at_least=0)
    return costs


def measures(
    found: Tracks,
    truth: Tracks,
    pairs: SpotPairs,
    frame_tolerance: int,
    weights: Mapping[str, float] | None,
) -> LineageMatch:
    """Return all that follows from the pairs of spots.

    Parameters
    ----------
    found, truth : Tracks
        The graphs.
    pairs : SpotPairs
        Which of their spots are the same.
    frame_tolerance : int
        How many frames apart two divisions may be.
    weights : mapping of str to float or None
        What operations cost.

    Returns
    -------
    LineageMatch
        By the formulas that `match_lineages` states.

    Raises
    ------
    TypeError, ValueError
        If an option does not fit.
    """
    cost = _costs(weights)
    tolerance = integer("frame_tolerance", frame_tolerance, at_least=0)
    count = asdict(edits(found, truth, pairs))
    on_spots = sum(cost[k] * count[k] for k in ("ns", "fn", "fp"))
    on_edges = sum(cost[k] * count[k] for k in ("ed", "ea", "ec"))
    all_spots, all_edges = cost["fn"] * len(truth.spots), cost["ea"] * len(truth.edges)
    n_true, n_found, n = match_divisions(found, truth, pairs, tolerance)
    spot_ids = {
        name: tracks.spots["id"].to_numpy()[rows]
        for name, tracks, rows in (("found", found, pairs.found), ("truth", truth, pairs.truth))
    }
    return LineageMatch(
        tra=_share_left(on_spots + on_edges, all_spots + all_edges),
        det=_share_left(on_spots, all_spots),
        lnk=_share_left(on_edges, all_edges),
        aogm=on_spots + on_edges,
        **count,
        division_recall=ratio(n, n_true),
        division_precision=ratio(n, n_found),
        division_f1=ratio(2 * n, n_true + n_found),
        n_true=len(truth.spots),
        n_found=len(found.spots),
        n_matched=len(pairs.truth),
        n_true_edges=len(truth.edges),
        n_found_edges=len(found.edges),
        n_true_divisions=n_true,
        n_found_divisions=n_found,
        n_matched_divisions=n,
        pairs=pd.DataFrame(spot_ids),
    )


def _share_left(cost: float, whole: float) -> float:
    """Return how much cheaper it is to mend than to make."""
    return 1 - ratio(min(cost, whole), whole)
