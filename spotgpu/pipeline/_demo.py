"""A movie with known motion, tracked, and what was found beside the truth."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from spotgpu import evaluate, io, motion, simulate
from spotgpu.checks import choice
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._folder import check_new_folder, new_folder
from spotgpu.pipeline._progress import Progress
from spotgpu.pipeline._result import TrackResult
from spotgpu.pipeline._table_files import write_table
from spotgpu.pipeline._track import track

__all__ = ["Comparison", "demo"]


@dataclass(frozen=True)
class Scene:
    """What is simulated, and the options to track it with. Lengths are in pixels."""

    shape: tuple[int, ...]
    frames: int
    particles: int
    pixel_size_um: tuple[float, ...]
    frame_interval_s: float
    D: float
    drift: tuple[float, ...]
    sigma: tuple[float, ...]
    diameter: tuple[int, ...]
    separation: tuple[float, ...]
    minmass: float
    search_range: tuple[float, ...]


#: D is in µm²/s. The walls are far apart beside a step, as they hold it up.
SCENES = {
    2: Scene(
        shape=(512, 512),
        frames=120,
        particles=150,
        pixel_size_um=(0.16, 0.16),
        frame_interval_s=0.05,
        D=0.5,
        drift=(0.04, -0.03),
        sigma=(1.6, 1.6),
        diameter=(9, 9),
        separation=(7.0, 7.0),
        minmass=500,
        search_range=(7.0, 7.0),
    ),
    3: Scene(
        shape=(40, 144, 144),
        frames=60,
        particles=60,
        pixel_size_um=(0.4, 0.16, 0.16),
        frame_interval_s=0.05,
        D=0.25,
        drift=(0.0, 0.03, -0.02),
        sigma=(1.3, 1.8, 1.8),
        diameter=(9, 11, 11),
        separation=(6.0, 9.0, 9.0),
        minmass=1500,
        search_range=(3.0, 6.0, 6.0),
    ),
}


@dataclass(frozen=True)
class Comparison:
    """Found beside true.

    Attributes
    ----------
    rows : tuple of tuple of str
        What, found, true, remark.
    D_in_interval : bool
        Whether the interval of the diffusion coefficient contains the true one.
    """

    rows: tuple[tuple[str, str, str, str], ...]
    D_in_interval: bool

    def text(self) -> str:
        """Return the table in plain text.

        Returns
        -------
        str
            One line a row, columns aligned.
        """
        lines = [("", "found", "true", ""), *self.rows]
        widths = [max(len(line[k]) for line in lines) for k in range(3)]
        shown = []
        for what, found, true, remark in lines:
            cells = f"{what:<{widths[0]}}  {found:>{widths[1]}}  {true:>{widths[2]}}  {remark}"
            shown.append(cells.rstrip())
        return "\n".join(shown)


def demo(
    ndim: int, folder: str | os.PathLike[str], overwrite: bool, progress: Progress
) -> tuple[TrackResult, Comparison]:
    """Simulate a movie, track it and compare; all of it stays in a folder.

    Parameters
    ----------
    ndim : {2, 3}
        Planes or volumes.
    folder : path
        For movie.tif, truth.parquet, comparison.txt and the files of `TrackResult.save`.
    overwrite : bool
        Whether the folder of an earlier run may be replaced.
    progress : Progress
        Where stages show.

    Returns
    -------
    TrackResult
        What `track` found.
    Comparison
        That beside the truth.

    Raises
    ------
    ValueError
        If `ndim` is another number, or the folder exists.
    SpotgpuError
        If it cannot be written.
    """
    scene = SCENES[choice("ndim", ndim, (2, 3))]
    target = Path(folder)
    check_new_folder(target, overwrite=overwrite)
    truth = _truth(scene)
    with new_folder(target, overwrite=overwrite) as inside:
        with progress.stage("simulate"):
            _write_movie(scene, truth, inside / "movie.tif")
        result = track(
            inside / "movie.tif",
            scene.diameter,
            scene.search_range,
            minmass=scene.minmass,
            separation=scene.separation,
            memory=2,
            drift=True,
            progress=progress,
        )
        # Where the movie will be.
        place = str(target.absolute() / "movie.tif")
        result = replace(
            result,
            input={**result.input, "path": place},
            fingerprint={**result.fingerprint, "source": place},
        )
        comparison = _compared(scene, truth, result)
        with progress.stage("report"):
            write_table(truth, inside / "truth.parquet")
            (inside / "comparison.txt").write_text(comparison.text() + "\n", encoding="utf-8")
            result.write_files(inside)
    return result, comparison


def _truth(scene: Scene) -> pd.DataFrame:
    """Return trajectories that stay where spots can be found."""
    per_frame = scene.D * scene.frame_interval_s / np.square(scene.pixel_size_um)
    carried = np.abs(scene.drift) * scene.frames
    return simulate.brownian_motion(
        scene.frames,
        scene.particles,
        scene.shape,
        D=per_frame[None],
        drift=scene.drift,
        margin=np.array(scene.diameter) / 2 + 1 + carried,
        seed=1,
    )


def _write_movie(scene: Scene, truth: pd.DataFrame, path: Path) -> None:
    frames = simulate.movie(
        truth,
        scene.shape,
        n_frames=scene.frames,
        sigma=scene.sigma,
        signal=110,
        background=20,
        pixel_size_um=scene.pixel_size_um,
        frame_interval_s=scene.frame_interval_s,
        seed=2,
    )
    try:
        io.save_tiff(
            path,
            frames,
            pixel_size_um=scene.pixel_size_um,
            frame_interval_s=scene.frame_interval_s,
        )
    except SpotgpuError as error:
        # It names a temporary folder; `new_folder` names the one that was asked for.
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        raise


def _compared(scene: Scene, truth: pd.DataFrame, result: TrackResult) -> Comparison:
    spots = evaluate.match_spots(result.spots, truth, max_distance=2)
    rows = [
        (
            "spots",
            f"{spots.n_found:,}",
            f"{spots.n_true:,}",
            f"recall {spots.recall:.1%}, precision {spots.precision:.1%}",
        ),
        (
            "localisation error",
            f"{spots.pairs['distance'].median():.3f} px",
            "",
            f"median; root mean square {spots.rmse:.3f} px",
        ),
        (
            "tracks",
            f"{result.n_tracks:,}",
            f"{scene.particles:,}",
            f"of {result.parameters['min_length']} spots or more; a gap makes two of one",
        ),
        *_drift_rows(scene, truth, result),
    ]
    fit = result.diffusion
    if fit is None:
        return Comparison((*rows, ("D", "none", f"{scene.D:g} µm²/s", "")), False)
    inside = fit.ci_low <= scene.D <= fit.ci_high
    half = (fit.ci_high - fit.ci_low) / 2
    interval = f"the {fit.confidence:.0%} interval {fit.ci_low:.4f} to {fit.ci_high:.4f}"
    remark = f"{interval} {'contains' if inside else 'does not contain'} the truth"
    rows.append(("D", f"{fit.D:.4f} ± {half:.4f} µm²/s", f"{scene.D:.4f} µm²/s", remark))
    return Comparison(tuple(rows), inside)


def _drift_rows(
    scene: Scene, truth: pd.DataFrame, result: TrackResult
) -> list[tuple[str, str, str, str]]:
    """Compare the mean displacement of the particles: the stage's, and what is left by chance."""
    if result.drift is None or result.drift.empty:
        return []
    true, found = motion.compute_drift(truth).iloc[-1], result.drift.iloc[-1]
    last = int(result.drift.index[-1])
    # Standard deviation of the mean of independent walks without walls.
    chance = math.sqrt(2 * scene.D * scene.frame_interval_s * last / scene.particles)
    rows = []
    for axis, drift, pixel in zip(
        result.drift.columns, scene.drift, scene.pixel_size_um, strict=True
    ):
        remark = (
            f"mean of {scene.particles} particles after {last} frames; "
            f"drift {drift * last:.2f} px, chance ± {chance / pixel:.2f} px"
        )
        found_px, true_px = f"{found[axis]:.2f} px", f"{true[axis]:.2f} px"
        rows.append((f"mean displacement along {axis}", found_px, true_px, remark))
    return rows
