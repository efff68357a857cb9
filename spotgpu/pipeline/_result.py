"""`TrackResult`: everything a run found, and its folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import pandas as pd

from spotgpu import motion
from spotgpu.pipeline._analysis import Analysis, msd_table, without_drift
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._folder import RUN_FILE, new_folder
from spotgpu.pipeline._json import json_text
from spotgpu.pipeline._manifest import PROGRAM
from spotgpu.pipeline._overview import Overview
from spotgpu.pipeline._report import report
from spotgpu.pipeline._table_files import write_pieces, write_table
from spotgpu.pipeline._table_store import FolderTables, Tables
from spotgpu.pipeline._track_options import input_files

if TYPE_CHECKING:
    from spotgpu.motion import Diffusion

__all__ = ["TrackResult", "diffusion_record"]

#: Tables of a run.
TABLES = ("spots", "tracks", "particles")


@dataclass(frozen=True, repr=False)
class TrackResult:
    """What `track` found.

    Its tables are in memory, or, of a run with an `output`, in files, and read when they are asked
    for.

    Attributes
    ----------
    tables : Tables
        Where ``spots``, ``tracks`` and ``particles`` are.
    overview : Overview
        Counts, and a sample of the spots.
    analysis : Analysis
        What was measured, and a sample of the tracks.
    image : ndarray
        The first frame; of a volume that does not fit into memory, its maximum along z.
    calibration : Calibration
        Size of the pixels and time between frames, as far as known.
    parameters : dict
        All options.
    input : dict
        Source, axes, shape and type of the movie.
    fingerprint : dict
        By which a changed input is known, see `spotgpu.io.fingerprint`.
    timings : dict
        Seconds by stage.
    work : dict
        Seconds by kind of work, summed over all processes.
    versions : dict
        Of spotgpu, Python and the libraries.
    warnings : tuple of str
        What a reader should know.
    """

    tables: Tables
    overview: Overview
    analysis: Analysis
    image: npt.NDArray[Any]
    calibration: Calibration
    parameters: dict[str, Any]
    input: dict[str, Any]
    fingerprint: dict[str, Any]
    timings: dict[str, float]
    work: dict[str, float]
    versions: dict[str, str]
    warnings: tuple[str, ...]

    @property
    def spots(self) -> pd.DataFrame:
        """All spots, in pixels.

        Returns
        -------
        DataFrame
            One row a spot.
        """
        return self.tables.whole("spots")

    @property
    def tracks(self) -> pd.DataFrame:
        """Trajectories of at least ``min_length`` spots.

        Returns
        -------
        DataFrame
            In pixels as seen in the image: the drift is in them.
        """
        return self.tables.whole("tracks")

    @property
    def particles(self) -> pd.DataFrame:
        """Measures of the tracks.

        Returns
        -------
        DataFrame
            One row a track, as `spotgpu.motion.characterize` returns it, of the positions without
            drift, in `length_unit`.
        """
        return self.tables.whole("particles")

    @cached_property
    def imsd(self) -> pd.DataFrame:
        """Mean squared displacement of each particle, computed when it is first asked for.

        Returns
        -------
        DataFrame
            Of the positions without drift, in `length_unit` squared; as `spotgpu.motion.imsd`.
        """
        return motion.imsd(
            without_drift(self.tracks, self.drift),
            self.calibration.mpp,
            self.calibration.fps,
            max_lagtime=self.parameters["max_lagtime"],
            device=self.parameters["device"],
        )

    @property
    def emsd(self) -> pd.DataFrame:
        """Mean squared displacement of the ensemble, with its parts.

        Returns
        -------
        DataFrame
            As ``spotgpu.motion.emsd(detail=True)``, like `imsd`.
        """
        return self.analysis.emsd

    @property
    def drift(self) -> pd.DataFrame | None:
        """Drift since the first frame in pixels.

        Returns
        -------
        DataFrame or None
            Indexed by frame; None if it was not subtracted.
        """
        return self.analysis.drift

    @property
    def diffusion(self) -> Diffusion | None:
        """Diffusion coefficient with its interval.

        Returns
        -------
        Diffusion or None
            In `length_unit` squared per `time_unit`; None if there are too few tracks.
        """
        return self.analysis.diffusion

    @property
    def length_unit(self) -> str:
        """Unit of lengths.

        Returns
        -------
        str
            'µm', or 'px' if the pixel size is unknown.
        """
        return self.calibration.length_unit

    @property
    def time_unit(self) -> str:
        """Unit of times.

        Returns
        -------
        str
            's', or 'frame' if the frame rate is unknown.
        """
        return self.calibration.time_unit

    @property
    def n_frames(self) -> int:
        """Number of frames of the movie.

        Returns
        -------
        int
            Those without spots included.
        """
        return self.overview.frames

    @property
    def n_tracks(self) -> int:
        """Number of trajectories.

        Returns
        -------
        int
            Of at least ``min_length`` spots.
        """
        return self.overview.tracks

    def __repr__(self) -> str:
        """Say how much there is."""
        found = f"{self.overview.spots} spots, {self.n_tracks} tracks, {self.n_frames} frames"
        if self.diffusion is None:
            return f"<TrackResult: {found}>"
        unit = f"{self.length_unit}²/{self.time_unit}"
        return f"<TrackResult: {found}, D = {self.diffusion.D:.4g} {unit}>"

    def save(
        self, folder: str | os.PathLike[str], csv: bool = False, *, overwrite: bool = False
    ) -> Path:
        """Write tables, numbers and the report into a new folder.

        The files are spots.parquet, tracks.parquet, particles.parquet, msd.csv, drift.csv (if it
        was subtracted), diffusion.json, report.html and run.json. They are written to a temporary
        folder, which takes the name at the end: there is never half a result.

        Parameters
        ----------
        folder : path
            Must not exist.
        csv : bool
            Write spots.csv, tracks.csv and particles.csv as well.
        overwrite : bool
            Replace the folder of an earlier run: one that holds nothing else, nor the movie.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        ValueError
            If it exists.
        SpotgpuError
            If it cannot be written; nothing is left then.
        """
        keep = input_files(self.input["path"])
        with new_folder(folder, overwrite=overwrite, keep=keep) as inside:
            self.write_files(inside, csv)
        return Path(folder)

    def write_files(self, folder: Path, csv: bool = False) -> None:
        """Write the files of `save` into a folder that is there.

        Parameters
        ----------
        folder : Path
            Files of the same names are replaced.
        csv : bool
            As in `save`.
        """
        there = isinstance(self.tables, FolderTables) and self.tables.folder == folder
        for name in TABLES:
            if not there:
                write_pieces(self.tables.pieces(name), folder / f"{name}.parquet", self._attrs)
            if csv:
                write_pieces(self.tables.pieces(name), folder / f"{name}.csv", self._attrs)
        write_table(msd_table(self.emsd, self.calibration), folder / "msd.csv")
        if self.drift is not None:
            self.drift.add_suffix("_px").to_csv(folder / "drift.csv")
        record = diffusion_record(self.diffusion, self.calibration)
        (folder / "diffusion.json").write_text(json_text(record), encoding="utf-8")
        (folder / "report.html").write_text(report(self), encoding="utf-8")
        # The last: by it the folder is known to be a result.
        (folder / RUN_FILE).write_text(json_text(self.record()), encoding="utf-8")

    @property
    def _attrs(self) -> dict[str, Any]:
        return self.calibration.attrs()

    def record(self) -> dict[str, Any]:
        """Return what run.json holds: parameters, input, counts, timings and versions.

        Returns
        -------
        dict
            JSON values.
        """
        return {
            "program": PROGRAM,
            "command": "track",
            "parameters": self.parameters,
            "input": self.input,
            "fingerprint": self.fingerprint,
            "calibration": self.calibration.record(),
            "drift_subtracted": self.drift is not None,
            "counts": {
                "frames": self.n_frames,
                "spots": self.overview.spots,
                "tracks": self.n_tracks,
                "spots_in_tracks": self.overview.spots_in_tracks,
            },
            "alpha": self.analysis.alpha,
            "diffusion": diffusion_record(self.diffusion, self.calibration),
            "warnings": list(self.warnings),
            "timings_s": self.timings,
            "work_s": self.work,
            "versions": self.versions,
        }


def diffusion_record(diffusion: Diffusion | None, calibration: Calibration) -> dict[str, Any]:
    """Return what diffusion.json holds.

    Parameters
    ----------
    diffusion : Diffusion or None
        None if there was too little to fit.
    calibration : Calibration
        Units.

    Returns
    -------
    dict
        Its values with their units; ``D`` is None if there is none.
    """
    units = {
        "unit": f"{calibration.length_unit}²/{calibration.time_unit}",
        "sigma_unit": calibration.length_unit,
    }
    values = {"D": None} if diffusion is None else diffusion.to_dict()
    return {**values, **units}
