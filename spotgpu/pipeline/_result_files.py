"""The files of a run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spotgpu.pipeline._analysis import msd_table
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._folder import RUN_FILE
from spotgpu.pipeline._json import json_text
from spotgpu.pipeline._manifest import PROGRAM
from spotgpu.pipeline._report import report
from spotgpu.pipeline._table_files import write_pieces, write_table
from spotgpu.pipeline._table_store import FolderTables

if TYPE_CHECKING:
    from spotgpu.motion import Diffusion
    from spotgpu.pipeline._result import TrackResult

__all__ = ["diffusion_record", "record", "write_files"]

#: Tables of a run.
TABLES = ("spots", "tracks", "particles")


def write_files(result: TrackResult, folder: Path, csv: bool) -> None:
    """Write the files of a result into a folder that is there.

    Parameters
    ----------
    result : TrackResult
        Of a run.
    folder : Path
        Files of the same names are replaced; tables that are there already stay.
    csv : bool
        Write the tables as .csv as well.
    """
    tables, attrs = result.tables, result.calibration.attrs()
    there = isinstance(tables, FolderTables) and tables.folder == folder
    for name in TABLES:
        if not there:
            write_pieces(tables.pieces(name), folder / f"{name}.parquet", attrs)
        if csv:
            write_pieces(tables.pieces(name), folder / f"{name}.csv", attrs)
    write_table(msd_table(result.emsd, result.calibration), folder / "msd.csv")
    if result.drift is not None:
        result.drift.add_suffix("_px").to_csv(folder / "drift.csv")
    fit = diffusion_record(result.diffusion, result.calibration)
    (folder / "diffusion.json").write_text(json_text(fit), encoding="utf-8")
    (folder / "report.html").write_text(report(result), encoding="utf-8")
    # The last: by it the folder is known to be a result.
    (folder / RUN_FILE).write_text(json_text(record(result)), encoding="utf-8")


def record(result: TrackResult) -> dict[str, Any]:
    """Return what run.json holds.

    Parameters
    ----------
    result : TrackResult
        Of a run.

    Returns
    -------
    dict
        JSON values.
    """
    overview = result.overview
    return {
        "program": PROGRAM,
        "command": "track",
        "parameters": result.parameters,
        "input": result.input,
        "fingerprint": result.fingerprint,
        "calibration": result.calibration.record(),
        "drift_subtracted": result.drift is not None,
        "counts": {
            "frames": overview.frames,
            "spots": overview.spots,
            "tracks": overview.tracks,
            "spots_in_tracks": overview.spots_in_tracks,
        },
        "alpha": result.analysis.alpha,
        "diffusion": diffusion_record(result.diffusion, result.calibration),
        "warnings": list(result.warnings),
        "timings_s": result.timings,
        "work_s": result.work,
        "versions": result.versions,
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
