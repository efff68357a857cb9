"""From trajectories to what they say about the motion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu import motion
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._track_pieces import TrackPieces
from spotgpu.tables import POSITION_COLUMNS, position_columns

__all__ = ["DRIFT_TRACKS", "Analysis", "analyse", "msd_table", "without_drift"]

#: Mean number of tracks in a frame from which the drift is subtracted unless the caller chooses.
#: Subtracting the mean of N particles takes 1/N of each one's own motion away.
DRIFT_TRACKS = 10
#: Tracks of a sample and their spots, at most, and curves of single particles in the MSD's figure;
#: more would only be a blur.
SHOWN, SHOWN_SPOTS, CURVES = 5000, 1 << 18, 300
#: Steps longer than this part of the search range are counted.
LONG = 0.8


@dataclass(frozen=True)
class Analysis:
    """What was measured.

    Attributes
    ----------
    drift : DataFrame or None
        In pixels by frame; None if it was not subtracted.
    emsd : DataFrame
        Of the ensemble, in the calibration's units.
    diffusion : Diffusion or None
        In the calibration's units.
    problem : str or None
        Why there is no diffusion coefficient.
    alpha : float
        Median exponent of the tracks; NaN if none has one.
    tracks : DataFrame
        Every n-th track as it was found; n is 1 up to 5,000 tracks and 262,144 spots.
    curves : DataFrame
        MSD of up to 300 of these.
    long_steps : float
        Share of the steps from frame to frame that are longer than 80 % of the search range.
    """

    drift: pd.DataFrame | None
    emsd: pd.DataFrame
    diffusion: motion.Diffusion | None
    problem: str | None
    alpha: float
    tracks: pd.DataFrame
    curves: pd.DataFrame
    long_steps: float

    @property
    def n_shown(self) -> int:
        """Number of tracks in the sample.

        Returns
        -------
        int
            All of them, up to 5,000.
        """
        return int(self.tracks["particle"].nunique())


def analyse(
    pieces: TrackPieces,
    calibration: Calibration,
    *,
    tracks_per_frame: float,
    drift: bool | None,
    drift_smoothing: int,
    max_lagtime: int,
    confidence: float,
    device: str,
    search_range: Any = np.inf,
    take: Callable[[pd.DataFrame], None] | None = None,
) -> Analysis:
    """Measure the motion, in one pass over the frames for the drift and one over the tracks.

    Parameters
    ----------
    pieces : TrackPieces
        Trajectories in pixels.
    calibration : Calibration
        Units of the result.
    tracks_per_frame : float
        Mean number of tracks in a frame.
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
    search_range : float or tuple of float
        With which the tracks were linked.
    take : callable, optional
        Gets the measures of the particles, as `characterize` returns them, piece by piece.

    Returns
    -------
    Analysis
        With empty tables, and why, if there is too little.
    """
    found = None
    if drift or (drift is None and tracks_per_frame >= DRIFT_TRACKS):
        found = _drift(pieces, drift_smoothing)
    units: dict[str, Any] = {"mpp": calibration.mpp, "fps": calibration.fps}
    means = motion.EnsembleMeans(**units, max_lagtime=max_lagtime, detail=True, device=device)
    fit = motion.DiffusionFit(**units, confidence=confidence)
    sample, alphas, steps = _Sample(pieces), [np.empty(0)], np.zeros(2, np.int64)
    for tracks in pieces.by_track():
        moved = without_drift(tracks, found)
        means.add(moved)
        fit.add(moved)
        particles = motion.characterize(moved, **units)
        alpha = particles["alpha"].to_numpy()
        alphas.append(alpha[~np.isnan(alpha)])
        if take is not None:
            take(particles)
        sample.add(tracks)
        steps += _steps(tracks, search_range)
    try:
        diffusion, problem = fit.result(), None
    except ValueError as error:
        # Too few or too short tracks; the report says so.
        diffusion, problem = None, str(error)
    alpha = np.concatenate(alphas)
    return Analysis(
        drift=found,
        emsd=pd.DataFrame(means.result()),
        diffusion=diffusion,
        problem=problem,
        alpha=float(np.median(alpha)) if len(alpha) else np.nan,
        tracks=sample.tracks,
        curves=sample.curves(found, units, max_lagtime, device),
        long_steps=float(steps[0] / steps[1]) if steps[1] else 0.0,
    )


def without_drift(tracks: pd.DataFrame, drift: pd.DataFrame | None) -> pd.DataFrame:
    """Subtract a drift, if there is one.

    Parameters
    ----------
    tracks : DataFrame
        Trajectories.
    drift : DataFrame or None
        By frame, without gaps.

    Returns
    -------
    DataFrame
        Other positions, in the same order.
    """
    return tracks if drift is None else motion.subtract_drift(tracks, drift)


def _drift(pieces: TrackPieces, smoothing: int) -> pd.DataFrame | None:
    steps, last = motion.DriftSteps(smoothing), 0
    for frames in pieces.by_frame():
        steps.add(frames)
        last = int(frames["frame"].max()) if len(frames) else last
    drift = _without_gaps(steps.result(), last)
    return None if drift.empty else drift


class _Sample:
    """Every n-th track of those that come by."""

    def __init__(self, pieces: TrackPieces) -> None:
        self._every = max(1, -(-pieces.n_tracks // SHOWN), -(-pieces.n_rows // SHOWN_SPOTS))
        self._seen = 0
        self._tables: list[pd.DataFrame] = []

    def add(self, tracks: pd.DataFrame) -> None:
        particles = np.unique(tracks["particle"].to_numpy())
        if self._every > 1:
            chosen = particles[-self._seen % self._every :: self._every]
            tracks = tracks[tracks["particle"].isin(chosen)]
        self._seen += len(particles)
        self._tables.append(tracks)

    @property
    def tracks(self) -> pd.DataFrame:
        return pd.concat(self._tables, ignore_index=True)

    def curves(
        self, drift: pd.DataFrame | None, units: dict[str, Any], max_lagtime: int, device: str
    ) -> pd.DataFrame:
        tracks = self.tracks
        particles = np.unique(tracks["particle"].to_numpy())
        every = max(1, -(-len(particles) // CURVES))
        shown = tracks[tracks["particle"].isin(particles[::every])].reset_index(drop=True)
        moved = without_drift(shown, drift)
        return motion.imsd(moved, **units, max_lagtime=max_lagtime, device=device)


def _steps(tracks: pd.DataFrame, search_range: Any) -> npt.NDArray[np.int64]:
    """Count the steps from frame to frame that are long, and all."""
    ordered = tracks.sort_values(["particle", "frame"])
    columns = position_columns("tracks", ordered)
    same = (np.diff(ordered["particle"]) == 0) & (np.diff(ordered["frame"]) == 1)
    moved = np.diff(ordered[columns].to_numpy(np.float64), axis=0)[same]
    moved /= np.broadcast_to(np.asarray(search_range, np.float64), (len(columns),))
    return np.array([np.count_nonzero((moved**2).sum(axis=1) > LONG**2), len(moved)])


def _without_gaps(drift: pd.DataFrame, last: int) -> pd.DataFrame:
    """Give the frames in which no particle could be followed the drift of the frame before."""
    if drift.empty:
        return drift
    # Without its value, the last frame would jump back by all of the drift.
    frames = pd.RangeIndex(drift.index[0], last + 1, name=drift.index.name)
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
