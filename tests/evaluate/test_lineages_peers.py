"""The measures of the Cell Tracking Challenge, beside py-ctcmetrics and traccuracy."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from spotgpu.evaluate import LineageMatch, match_labels, match_lineages
from tests.evaluate.sequences import Sequence, corrupted, simulated


def compared(found: Sequence, truth: Sequence, frame_tolerance: int = 0) -> LineageMatch:
    return match_labels(
        found.tracks(),
        truth.tracks(),
        found.labels,
        truth.labels,
        frame_tolerance=frame_tolerance,
    )


def by_files(found: Sequence, truth: Sequence, folder: Path) -> dict[str, float]:
    """Return py-ctcmetrics' numbers."""
    from ctc_metrics import evaluate_sequence

    found.write(folder / "01_RES", "mask", "res_track.txt")
    truth.write(folder / "01_GT/TRA", "man_track", "man_track.txt")
    names = ["Valid", "DET", "TRA", "LNK", "BC"]
    result = evaluate_sequence(str(folder / "01_RES"), str(folder / "01_GT"), names, threads=1)
    assert result["Valid"]
    return result


def traccuracy_is_missing() -> str | None:
    """Say why traccuracy is not here, if it is not."""
    if find_spec("traccuracy") is not None:
        return None
    click = metadata.version("click")
    if tuple(map(int, click.split(".")[:2])) < (8, 2):
        return None  # it could be here: the import says that it is not
    return f"traccuracy needs click < 8.2, the lint group's import-linter brings {click}"


@pytest.fixture
def traccuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = traccuracy_is_missing()
    if missing:
        pytest.skip(missing)
    monkeypatch.setenv("TQDM_DISABLE", "1")


def graphs(*sequences: Sequence, at: tuple[str, ...] = ("y", "x")) -> list[Any]:
    """Return sequences as traccuracy has them."""
    from traccuracy import TrackingGraph

    result = []
    for sequence in sequences:
        graph, tracks = sequence.graph(), sequence.tracks()
        for label, y, x in tracks.spots[["label", *at]].itertuples(index=False):
            graph.nodes[label].update(y=y, x=x)
        result.append(TrackingGraph(graph, sequence.labels, location_keys=at))
    return result


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_as_py_ctcmetrics(seed: int, gaps: bool, tmp_path: Path) -> None:
    truth = simulated(seed)
    if gaps:
        truth = corrupted(truth, seed + 100, gaps=True)
    found = corrupted(truth, seed, gaps=gaps)
    theirs, ours = by_files(found, truth, tmp_path), compared(found, truth)
    for name in ("ns", "fn", "fp", "ed", "ea", "ec"):
        assert getattr(ours, name) == theirs[f"AOGM_{name.upper()}"], name
    assert ours.aogm == theirs["AOGM"] > 0
    for name in ("tra", "det", "lnk"):
        assert getattr(ours, name) == pytest.approx(theirs[name.upper()], abs=1e-12), name
    if gaps:
        return  # There, a mother is what she is after her last gap; here, all of her.
    for tolerance in range(4):
        ours = compared(found, truth, tolerance)
        n, n_found = ours.n_matched_divisions, ours.n_found_divisions
        assert n == theirs[f"tp_div({tolerance})"]
        assert n_found - n == theirs[f"fp_div({tolerance})"]
        assert ours.n_true_divisions - n == theirs[f"fn_div({tolerance})"]


@pytest.mark.parametrize("merges", [False, True])
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.filterwarnings("ignore:'(gt|res)_boxes'")
@pytest.mark.usefixtures("traccuracy")
def test_as_traccuracy(seed: int, merges: bool) -> None:
    from traccuracy.matchers import CTCMatcher
    from traccuracy.metrics import AOGMMetrics

    truth = simulated(seed)
    found = corrupted(truth, seed + 200, merges=merges)
    matched = CTCMatcher().compute_mapping(*graphs(truth, found))
    theirs, ours = AOGMMetrics(5, 1, 10, 1, 1.5, 1).compute(matched).results, compared(found, truth)
    names = {"fn": "fn_nodes", "fp": "fp_nodes", "ed": "fp_edges", "ea": "fn_edges"}
    for name, theirs_is in {**names, "ec": "ws_edges"}.items():
        assert getattr(ours, name) == theirs[theirs_is], name
    # It counts objects to split; the definition, how often.
    assert ours.pairs["found"].duplicated(keep=False).sum() - theirs["ns_nodes"] == ours.ns


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.usefixtures("traccuracy")
def test_by_position_as_traccuracy(seed: int) -> None:
    from traccuracy.matchers import PointMatcher
    from traccuracy.metrics import CTCMetrics, DivisionMetrics

    # Small errors of position leave no choice of pairs.
    # It calls a division found if its daughters are, whoever else the mother has.
    truth = simulated(seed)
    found = corrupted(truth, seed, children=2)
    matched = PointMatcher(1.0).compute_mapping(*graphs(truth, found))
    theirs = CTCMetrics().compute(matched).results
    ours = match_lineages(found.tracks(), truth.tracks(), 1.0)
    assert ours.ns == 0
    for name in ("tra", "det", "lnk", "aogm"):
        assert getattr(ours, name) == pytest.approx(theirs[name.upper()], abs=1e-12), name
    divisions = DivisionMetrics().compute(matched).results["Frame Buffer 0"]
    assert ours.n_matched_divisions == divisions["True Positive Divisions"]
    assert ours.n_true_divisions == divisions["Total GT Divisions"]
    assert ours.n_found_divisions == divisions["Total Predicted Divisions"]


def test_the_mistakes_are_of_all_kinds() -> None:
    found = [(corrupted(simulated(s), s, gaps=True), simulated(s)) for s in range(8)]
    results = [compared(*both) for both in found]
    for name in ("ns", "fn", "fp", "ed", "ea", "ec"):
        assert sum(getattr(result, name) for result in results) >= 5, name
    matched = [sum(compared(*both, i).n_matched_divisions for both in found) for i in range(2)]
    assert 0 < matched[0] < matched[1]
    assert sum(result.n_found_divisions for result in results) > matched[1]
