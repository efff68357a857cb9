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
from spotgpu.pipeline._analysis import Analysis, without_drift
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._folder import new_folder
from spotgpu.pipeline._overview import Overview
from spotgpu.pipeline._result_files import write_files
from spotgpu.pipeline._table_store import Tables
from spotgpu.pipeline._track_options import input_files

if TYPE_CHECKING:
    from spotgpu.motion import Diffusion

__all__ = ["TrackResult"]


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
        The first frame; of what does not fit the memory, its maximum along z; of shape (0, 0) if a
        plane is too large.
    calibration : Calibration
        Size of the pixels and time between frames, as far as known.
    parameters : dict
        All options.
    input : dict
        Source, axes, shape and type of the movie.
    device : str
        Where the MSD is computed.
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
    device: str
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
            device=self.device,
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
        write_files(self, folder, csv)
