"""From trajectories to what they say about the motion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from spotgpu import motion
from spotgpu.pipeline._calibration import Calibration
from spotgpu.tables import POSITION_COLUMNS

__all__ = ["DRIFT_TRACKS", "Analysis", "analyse", "msd_table", "tracks_per_frame"]

#: Mean number of tracks in a frame from which the drift is subtracted unless the caller chooses.
#: Subtracting the mean of N particles takes 1/N of each one's own motion away.
DRIFT_TRACKS = 10


@dataclass(frozen=True)
class Analysis:
    """Drift in pixels (None if it was not subtracted), the rest in the calibration's units."""

    drift: pd.DataFrame | None
    imsd: pd.DataFrame
    emsd: pd.DataFrame
    particles: pd.DataFrame
    diffusion: motion.Diffusion | None
    problem: str | None


def tracks_per_frame(tracks: pd.DataFrame) -> float:
    """Return the mean number of tracks in the frames that have any.

    Parameters
    ----------
    tracks : DataFrame
        Trajectories.

    Returns
    -------
    float
        0 if there are none.
    """
    return len(tracks) / tracks["frame"].nunique() if len(tracks) else 0.0


def analyse(
    tracks: pd.DataFrame,
    calibration: Calibration,
    *,
    drift: bool | None,
    drift_smoothing: int,
    max_lagtime: int,
    confidence: float,
    device: str,
) -> Analysis:
    """Measure the motion.

    Parameters
    ----------
    tracks : DataFrame
        Trajectories in pixels.
    calibration : Calibration
        Units of the result.
    drift : bool or None
        Whether the common drift is subtracted; None: if there are ten tracks a frame.
    drift_smoothing : int
        Frames over which the drift is averaged.
    max_lagtime : int
        Longest lag of the MSD, in frames.
    confidence : float
        Of the interval of the diffusion coefficient.
    device : str
        As in `imsd`.

    Returns
    -------
    Analysis
        With empty tables, and why, if there is too little.
    """
    found = None
    moved = tracks
    if drift or (drift is None and tracks_per_frame(tracks) >= DRIFT_TRACKS):
        found = _without_gaps(motion.compute_drift(tracks, smoothing=drift_smoothing))
        moved = motion.subtract_drift(tracks, found)
        found = None if found.empty else found
    moved = moved.reset_index(drop=True)
    units: dict[str, Any] = {"mpp": calibration.mpp, "fps": calibration.fps}
    imsd = motion.imsd(moved, **units, max_lagtime=max_lagtime, device=device)
    emsd = pd.DataFrame(
        motion.emsd(moved, **units, max_lagtime=max_lagtime, detail=True, device=device)
    )
    particles = motion.characterize(moved, **units)
    try:
        diffusion, problem = motion.fit_diffusion(moved, **units, confidence=confidence), None
    except ValueError as error:
        # Too few or too short tracks; the report says so.
        diffusion, problem = None, str(error)
    return Analysis(found, imsd, emsd, particles, diffusion, problem)


def _without_gaps(drift: pd.DataFrame) -> pd.DataFrame:
    """Give the frames in which no particle could be followed the drift of the frame before."""
    if drift.empty:
        return drift
    frames = pd.RangeIndex(drift.index[0], drift.index[-1] + 1, name=drift.index.name)
    return drift.reindex(frames, method="ffill")


def msd_table(emsd: pd.DataFrame, calibration: Calibration) -> pd.DataFrame:
    """Return the ensemble's MSD with the units in the names of the columns.

    Parameters
    ----------
    emsd : DataFrame
        As `spotgpu.motion.emsd` returns it with ``detail=True``.
    calibration : Calibration
        Units.

    Returns
    -------
    DataFrame
        ``lag_frames``, ``lag_s`` (if known), ``msd_um2`` or ``msd_px2``, per axis the mean
        displacement and its square, and ``N``, the effective number of independent displacements.
    """
    length = "px" if calibration.pixel_size_um is None else "um"
    time = "frames" if calibration.frame_interval_s is None else "s"
    names = {"msd": f"msd_{length}2", "N": "N"}
    for axis in POSITION_COLUMNS:
        names[f"<{axis}>"] = f"mean_{axis}_{length}"
        names[f"<{axis}^2>"] = f"mean_{axis}2_{length}2"
    table = pd.DataFrame({"lag_frames": emsd.index.to_numpy()})
    if time == "s" and "lagt" in emsd:
        table["lag_s"] = emsd["lagt"].to_numpy()
    for name in ("msd", *(n for n in emsd.columns if n not in {"msd", "lagt"})):
        if name in emsd:
            table[names[name]] = emsd[name].to_numpy()
    return table
