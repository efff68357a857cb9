"""The tracking problems, and the distances that a tracker is told for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spotgpu import simulate

#: Of no problem that is scored.
CALIBRATION_SEED = 1000
#: Share of the displacements that a distance holds.
SHARE = 0.99


@dataclass(frozen=True)
class Problem:
    """A scenario but for its seed."""

    motion: str
    particles: float
    snr: float
    side: int
    frames: int

    @property
    def name(self) -> str:
        """What the tables call it beside its motion."""
        crowd = ", crowded" if self.crowded else ""
        return f"{self.particles:g}, SNR {self.snr:g}{crowd}"

    @property
    def crowded(self) -> bool:
        """Whether there is more than a particle on 100 px²."""
        return self.particles / self.side**2 > 0.01

    def scenario(self, seed: int) -> simulate.Scenario:
        """Return truth and detections."""
        return simulate.scenario(
            self.motion,
            n_frames=self.frames,
            density=self.particles,
            snr=self.snr,
            shape=(self.side, self.side),
            seed=seed,
        )


@dataclass(frozen=True)
class Distances:
    """How far trackers look, in px: frame to frame (and for daughters), and over gaps."""

    search: float
    gap: float


def distances(problem: Problem) -> Distances:
    """Return what holds `SHARE` of the displacements of found spots, by one rule for all.

    `search` is for a frame: of particles or, where cells divide, of daughters from their mother,
    who go farther. `gap` is for two frames, as one missed frame is the usual gap.
    """
    scenario = problem.scenario(CALIBRATION_SEED)
    edges = scenario.truth.edges
    found = scenario.spots.query("truth >= 0").set_index("truth")[["y", "x"]]
    splits = edges["kind"] == "split"
    search = _reach(found, edges[splits if splits.any() else ~splits])
    links = edges.loc[~splits, ["source", "target"]]
    two_frames = links.merge(links, left_on="target", right_on="source")
    pairs = two_frames[["source_x", "target_y"]].set_axis(["source", "target"], axis=1)
    return Distances(search, max(search, _reach(found, pairs)))


def _reach(found: pd.DataFrame, pairs: pd.DataFrame) -> float:
    """Return the distance that holds `SHARE` of the pairs that are found."""
    both = pairs[pairs["source"].isin(found.index) & pairs["target"].isin(found.index)]
    shift = found.loc[both["target"]].to_numpy() - found.loc[both["source"]].to_numpy()
    return round(float(np.quantile(np.hypot(*shift.T), SHARE)), 1)


#: Particles, signal-to-noise ratio, side of the image (px) and frames. With many false spots,
#: laptrack takes a time that grows with the square of the frames.
CELLS = [
    (100, 4, 512, 40),
    (500, 4, 512, 40),
    (1000, 4, 512, 40),
    (500, 2, 512, 20),
    (500, 7, 512, 40),
    (500, 4, 150, 40),
]
MOTIONS = ("brownian", "directed", "switching", "dividing")
PROBLEMS = [Problem(motion, *cell) for motion in MOTIONS for cell in CELLS]
#: For a look at whether all works.
QUICK = [
    Problem("brownian", 30, 4, 96, 10),
    Problem("switching", 50, 4, 64, 10),
    Problem("dividing", 80, 4, 160, 10),
]
