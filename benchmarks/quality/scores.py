"""What trackers make of problems, measured."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from benchmarks.quality.peers import TrackerError
from benchmarks.quality.problems import Distances, Problem, distances
from benchmarks.quality.trackers import TRACKERS, dividing
from spotgpu import evaluate

#: Attributes of `TrackMatch` and, where cells divide, of `LineageMatch`.
MEASURES = ["alpha", "beta", "jsc", "jsc_theta", "link_recall", "link_precision"]
LINEAGE_MEASURES = ["tra", "lnk", "division_f1"]
#: From here on, in px, a found spot has nothing to do with a true one.
MAX_DISTANCE = 5.0

COLUMNS = ["motion", "problem", "seed", "package", "settings", *MEASURES, *LINEAGE_MEASURES]

Job = tuple[Problem, Distances, int]


def scores(problem: Problem, reach: Distances, seed: int) -> list[dict[str, Any]]:
    """Return a row for each tracker, without measures where it gave up."""
    scenario = problem.scenario(seed)
    truth = scenario.truth.to_dataframe()
    spots = scenario.spots[["frame", "y", "x"]].rename_axis("id").reset_index()
    rows = []
    for tracker in TRACKERS:
        if not tracker.suits(problem):
            continue
        row: dict[str, Any] = {"package": tracker.package, "settings": tracker.settings}
        try:
            tracks = tracker.tracks(spots, reach)
        except TrackerError:
            rows.append(row)
            continue
        match = evaluate.match_tracks(tracks.to_dataframe(), truth, MAX_DISTANCE)
        row |= {name: getattr(match, name) for name in MEASURES}
        if dividing(problem):
            lineages = evaluate.match_lineages(tracks, scenario.truth, MAX_DISTANCE)
            row |= {name: getattr(lineages, name) for name in LINEAGE_MEASURES}
        rows.append(row)
    key = {"motion": problem.motion, "problem": problem.name, "seed": seed}
    return [key | row for row in rows]


def _scores_of(job: Job) -> list[dict[str, Any]]:
    return scores(*job)


def measured(
    problems: Sequence[Problem], seeds: Iterable[int], workers: int
) -> tuple[dict[Problem, Distances], pd.DataFrame]:
    """Return the distances of each problem, and the scores of all trackers on all seeds."""
    from loky import get_reusable_executor

    reach = {problem: distances(problem) for problem in problems}
    seeds = list(seeds)
    jobs = [(problem, reach[problem], seed) for problem in problems for seed in seeds]
    environment = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    executor = get_reusable_executor(max_workers=workers, env=environment)
    rows = []
    for done, part in enumerate(executor.map(_scores_of, jobs), 1):
        rows += part
        print(f"\r{done} of {len(jobs)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return reach, values_of(rows)


def values_of(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return the table of all scores; measures are NaN where there are none."""
    return pd.DataFrame(rows, columns=COLUMNS)
