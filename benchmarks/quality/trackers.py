"""The trackers that are compared: a line each in `TRACKERS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from benchmarks.quality.peers import laptrack, trackpy
from benchmarks.quality.problems import Distances, Problem
from spotgpu.linking import NearestVelocityPredict, link, link_kalman, link_lap
from spotgpu.tables import Tracks

#: What names of settings mean. Trackers of two packages with the same name are a pair.
SETTINGS = {
    "link": "Crocker and Grier's linking: `link(spots, search)` of both",
    "link, memory": "the same with `memory=2`",
    "link, memory, adaptive": "the same with `memory=2, adaptive_stop=search / 5`",
    "link, velocity": "the same with `NearestVelocityPredict` of both",
    "link, velocity, memory": "the same with `NearestVelocityPredict` and `memory=2`",
    "link, memory, growing": '`link(spots, search, memory=2, range_growth="sqrt")`',
    "lap": "assignment problems, without gaps: `LapTrack(cutoff=search**2, "
    'gap_closing_cutoff=False)`, and `link_lap(spots, search, preset="laptrack")`',
    "lap, gaps": "the same, gaps closed over up to 2 missed frames within `gap`",
    "lap, gaps, splits": "the same, and tracks split within `search`",
    "lap, gaps, default": "`link_lap` by its default rules, gaps as above",
    "lap, gaps, splits, default": "the same, and tracks split within `search`",
    "kalman": "`link_kalman(spots, search)`, which bridges up to 2 missed frames",
    "kalman, estimated": 'the same with `process_noise="estimate"`',
    "kalman, estimated, gaps": "the same, and gaps closed over up to 2 missed frames within `gap`",
}


def moving(problem: Problem) -> bool:
    """Return whether particles go on as they went."""
    return problem.motion in ("directed", "switching")


def roomy(problem: Problem) -> bool:
    """Return the same, where trackpy does not take minutes before it gives up."""
    return moving(problem) and not problem.crowded


def crowded(problem: Problem) -> bool:
    """Return whether many particles compete."""
    return problem.crowded


def dividing(problem: Problem) -> bool:
    """Return whether cells divide."""
    return problem.motion == "dividing"


@dataclass(frozen=True)
class Tracker:
    """A way to make tracks of spots, within some distances."""

    package: str
    settings: str
    run: Callable[[pd.DataFrame, Distances], Tracks | pd.DataFrame]
    #: The problems that it is for; where it cannot help it is left out.
    suits: Callable[[Problem], bool] = lambda _: True

    def tracks(self, spots: pd.DataFrame, reach: Distances) -> Tracks:
        """Return the tracks; raises `TrackerError` if it gives up."""
        found = self.run(spots, reach)
        return found if isinstance(found, Tracks) else Tracks.from_dataframe(found)


TRACKERS = [
    Tracker("spotgpu", "link", lambda f, d: link(f, d.search)),
    Tracker("spotgpu", "link, memory", lambda f, d: link(f, d.search, memory=2)),
    Tracker(
        "spotgpu",
        "link, memory, adaptive",
        lambda f, d: link(f, d.search, memory=2, adaptive_stop=d.search / 5),
        crowded,
    ),
    Tracker(
        "spotgpu",
        "link, velocity",
        lambda f, d: link(f, d.search, predictor=NearestVelocityPredict()),
        moving,
    ),
    Tracker(
        "spotgpu",
        "link, velocity, memory",
        lambda f, d: link(f, d.search, memory=2, predictor=NearestVelocityPredict()),
        roomy,
    ),
    Tracker(
        "spotgpu",
        "link, memory, growing",
        lambda f, d: link(f, d.search, memory=2, range_growth="sqrt"),
    ),
    Tracker("spotgpu", "lap", lambda f, d: link_lap(f, d.search, preset="laptrack")),
    Tracker(
        "spotgpu",
        "lap, gaps",
        lambda f, d: link_lap(
            f, d.search, gap_closing_distance=d.gap, max_frame_gap=3, preset="laptrack"
        ),
    ),
    Tracker(
        "spotgpu",
        "lap, gaps, default",
        lambda f, d: link_lap(f, d.search, gap_closing_distance=d.gap, max_frame_gap=3),
    ),
    Tracker(
        "spotgpu",
        "lap, gaps, splits",
        lambda f, d: link_lap(
            f,
            d.search,
            gap_closing_distance=d.gap,
            max_frame_gap=3,
            splitting_distance=d.search,
            preset="laptrack",
        ),
        dividing,
    ),
    Tracker(
        "spotgpu",
        "lap, gaps, splits, default",
        lambda f, d: link_lap(
            f,
            d.search,
            gap_closing_distance=d.gap,
            max_frame_gap=3,
            splitting_distance=d.search,
        ),
        dividing,
    ),
    Tracker("spotgpu", "kalman", lambda f, d: link_kalman(f, d.search), moving),
    Tracker(
        "spotgpu",
        "kalman, estimated",
        lambda f, d: link_kalman(f, d.search, process_noise="estimate"),
        moving,
    ),
    Tracker(
        "spotgpu",
        "kalman, estimated, gaps",
        lambda f, d: link_kalman(
            f,
            d.search,
            process_noise="estimate",
            gap_closing_distance=d.gap,
            max_frame_gap=3,
        ),
        moving,
    ),
    Tracker("trackpy", "link", lambda f, d: trackpy(f, d.search)),
    Tracker("trackpy", "link, memory", lambda f, d: trackpy(f, d.search, memory=2)),
    Tracker(
        "trackpy",
        "link, memory, adaptive",
        lambda f, d: trackpy(f, d.search, memory=2, adaptive_stop=d.search / 5),
        crowded,
    ),
    Tracker("trackpy", "link, velocity", lambda f, d: trackpy(f, d.search, velocity=True), moving),
    Tracker(
        "trackpy",
        "link, velocity, memory",
        lambda f, d: trackpy(f, d.search, memory=2, velocity=True),
        roomy,
    ),
    Tracker("laptrack", "lap", lambda f, d: laptrack(f, d.search)),
    Tracker("laptrack", "lap, gaps", lambda f, d: laptrack(f, d.search, gap=d.gap)),
    Tracker(
        "laptrack",
        "lap, gaps, splits",
        lambda f, d: laptrack(f, d.search, gap=d.gap, splitting=d.search),
        dividing,
    ),
]
