"""`TrackResult`: everything a run found, and its folder."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.pipeline._analysis import msd_table
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._folder import PROGRAM, RUN_FILE, new_folder
from spotgpu.pipeline._report import report
from spotgpu.pipeline._table_files import write_table
from spotgpu.pipeline._track_options import input_files

if TYPE_CHECKING:
    from spotgpu.motion import Diffusion

__all__ = ["TrackResult", "diffusion_record", "json_text"]


@dataclass(frozen=True, repr=False)
class TrackResult:
    """What `track` found.

    Attributes
    ----------
    spots : DataFrame
        All spots, in pixels.
    tracks : DataFrame
        Trajectories of at least ``min_length`` spots, in pixels as seen in the image: the drift
        is in them.
    drift : DataFrame or None
        Drift since the first frame in pixels, indexed by frame; None if it was not subtracted.
    imsd, emsd : DataFrame
        Mean squared displacement of each particle, and of the ensemble with its parts, of the
        positions without drift, in `length_unit` squared; as `spotgpu.motion.imsd` and
        ``emsd(detail=True)`` return them.
    particles : DataFrame
        One row a track, as `spotgpu.motion.characterize` returns it, in the same units.
    diffusion : Diffusion or None
        Diffusion coefficient with its interval, in `length_unit` squared per `time_unit`; None if
        there are too few tracks.
    image : ndarray
        The first frame.
    calibration : Calibration
        Size of the pixels and time between frames, as far as known.
    parameters : dict
        All options.
    input : dict
        Source, axes, shape and type of the movie.
    timings : dict
        Seconds by stage.
    versions : dict
        Of spotgpu, Python and the libraries.
    warnings : tuple of str
        What a reader should know.
    """

    spots: pd.DataFrame
    tracks: pd.DataFrame
    drift: pd.DataFrame | None
    imsd: pd.DataFrame
    emsd: pd.DataFrame
    particles: pd.DataFrame
    diffusion: Diffusion | None
    image: npt.NDArray[Any]
    calibration: Calibration
    parameters: dict[str, Any]
    input: dict[str, Any]
    timings: dict[str, float]
    versions: dict[str, str]
    warnings: tuple[str, ...]

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
        return int(self.input["shape"][0])

    @property
    def n_tracks(self) -> int:
        """Number of trajectories.

        Returns
        -------
        int
            Of at least ``min_length`` spots.
        """
        return int(self.tracks["particle"].nunique())

    def __repr__(self) -> str:
        """Say how much there is."""
        found = f"{len(self.spots)} spots, {self.n_tracks} tracks, {self.n_frames} frames"
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
        tables = {"spots": self.spots, "tracks": self.tracks, "particles": self.particles}
        for name, table in tables.items():
            write_table(table, folder / f"{name}.parquet")
            if csv:
                write_table(table, folder / f"{name}.csv")
        write_table(msd_table(self.emsd, self.calibration), folder / "msd.csv")
        if self.drift is not None:
            self.drift.add_suffix("_px").to_csv(folder / "drift.csv")
        record = diffusion_record(self.diffusion, self.calibration)
        (folder / "diffusion.json").write_text(json_text(record), encoding="utf-8")
        (folder / "report.html").write_text(report(self), encoding="utf-8")
        # The last: by it the folder is known to be a result.
        (folder / RUN_FILE).write_text(json_text(self.record()), encoding="utf-8")

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
            "calibration": self.calibration.record(),
            "drift_subtracted": self.drift is not None,
            "counts": {
                "frames": self.n_frames,
                "spots": len(self.spots),
                "tracks": self.n_tracks,
                "spots_in_tracks": len(self.tracks),
            },
            "diffusion": diffusion_record(self.diffusion, self.calibration),
            "warnings": list(self.warnings),
            "timings_s": self.timings,
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


def json_text(value: object) -> str:
    """Return a value as JSON.

    Parameters
    ----------
    value : object
        Dicts, lists, numbers, arrays, strings; anything else as its text.

    Returns
    -------
    str
        Ends in a newline; NaN and infinity are null.
    """
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Return what JSON can hold; it has no NaN and no infinity."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
