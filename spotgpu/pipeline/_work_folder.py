"""The folder in which a run works: NAME.unfinished, until it becomes NAME."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._folder import (
    RUN_FILE,
    check_new_folder,
    move_into_place,
    settle,
    writing,
)
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._json import json_text
from spotgpu.pipeline._lock import LOCK, locked
from spotgpu.pipeline._manifest import Manifest, few
from spotgpu.pipeline._spot_parts import SpotParts

__all__ = ["SUFFIX", "FinishedError", "WorkFolder", "work_folder"]

SUFFIX = ".unfinished"
MANIFEST, SPOTS, RESULT, SCRATCH = "manifest.json", "spots", "result", "scratch"


class FinishedError(ValueError):
    """The same run has ended before: its results are there."""


class WorkFolder:
    """What a run has done so far.

    Parameters
    ----------
    output : Path
        The folder of results that it will be.
    folder : Path
        Where it works; locked.
    """

    def __init__(self, output: Path, folder: Path) -> None:
        self.output, self.folder = output, folder
        self.result, self.scratch = folder / RESULT, folder / SCRATCH
        for path in (self.result, self.scratch):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
        self.parts = SpotParts(folder / SPOTS)
        self._columns: list[str] = []

    def keep(self, found: Found, columns: list[str]) -> bool:
        """Keep the spots of the next frame.

        Parameters
        ----------
        found : Found
            Its number and spots.
        columns : list of str
            Names of the columns of the rows.

        Returns
        -------
        bool
            Whether it was the turn to write.

        Raises
        ------
        SpotgpuError
            If they cannot be written.
        """
        self._columns = columns
        with writing(self.output):
            return self.parts.add(found, columns)

    def flush(self) -> None:
        """Write what waits.

        Raises
        ------
        SpotgpuError
            If it cannot be written.
        """
        with writing(self.output):
            self.parts.flush(self._columns)


@contextmanager
def work_folder(
    output: Path, manifest: Manifest, *, overwrite: bool, keep: Sequence[Path] = ()
) -> Iterator[WorkFolder]:
    """Yield the folder of a run, new or as an earlier try left it, which becomes the results.

    Parameters
    ----------
    output : Path
        Folder of the results; its parents are made.
    manifest : Manifest
        What the run is.
    overwrite : bool
        Whether the results of an earlier run may be replaced, and what another run has left
        unfinished thrown away.
    keep : sequence of Path
        As for `check_new_folder`.

    Yields
    ------
    WorkFolder
        ``result`` is to be filled, run.json last.

    Raises
    ------
    FinishedError
        If the same run has ended before, and must not be replaced.
    ValueError
        As `check_new_folder`; if another run has been left unfinished there.
    SpotgpuError
        If another process is at this run, or nothing can be written there.
    """
    _check_output(output, manifest, overwrite=overwrite, keep=keep)
    folder = output.with_name(output.name + SUFFIX)
    _made(folder, output)
    with locked(folder, output):
        _check_unfinished(folder, manifest, overwrite=overwrite)
        with writing(output):
            work = WorkFolder(output, folder)
        try:
            yield work
            with writing(output):
                for file in work.result.iterdir():
                    settle(file)
                check_new_folder(output, overwrite=overwrite, keep=keep)
                move_into_place(work.result, output)
        except BaseException as error:
            _leave(work, error)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def _check_output(
    output: Path, manifest: Manifest, *, overwrite: bool, keep: Sequence[Path]
) -> None:
    if not overwrite and (output / RUN_FILE).is_file():
        earlier = Manifest.read((output / RUN_FILE).read_text(encoding="utf-8"))
        differences = None if earlier is None else earlier.differences(manifest)
        if differences == []:
            raise FinishedError(
                f"`output` has the results of this run already: {output}; `overwrite` "
                "(--overwrite) makes them again"
            )
        if differences:
            raise ValueError(
                f"`output` must be a new folder, got {output}, the results of another run "
                f"({few(differences)}): choose another, or allow replacing it with `overwrite` "
                "(--overwrite)"
            )
    check_new_folder(output, overwrite=overwrite, keep=keep)


def _made(folder: Path, output: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ValueError(f"`output` needs the folder {folder}, which is something else")
    with writing(output):
        folder.mkdir(parents=True, exist_ok=True)


def _check_unfinished(folder: Path, manifest: Manifest, *, overwrite: bool) -> None:
    """See that what lies there is of this run, or nothing; there is a manifest then."""
    known = {MANIFEST, LOCK, SPOTS, RESULT, SCRATCH, f"{MANIFEST}.partial"}
    names = {entry.name for entry in folder.iterdir()}
    path = folder / MANIFEST
    earlier = Manifest.read(path.read_text(encoding="utf-8")) if path.is_file() else None
    if names - known or (earlier is None and names - {LOCK, f"{MANIFEST}.partial"}):
        what = min(names - known) if names - known else "no manifest of spotgpu"
        raise ValueError(
            f"`output` needs the folder {folder} for an unfinished run, which holds something "
            f"else ({what}): move it elsewhere, or choose another output"
        )
    differences = [] if earlier is None else earlier.differences(manifest)
    if differences and not overwrite:
        raise ValueError(
            f"`output` has an unfinished run that differs, in {folder}: {few(differences)}. "
            "Run that one again to finish it, choose another output, or start anew with "
            "`overwrite` (--overwrite)"
        )
    if differences:
        shutil.rmtree(folder / SPOTS, ignore_errors=True)
    if differences or earlier is None:
        partial = folder / f"{MANIFEST}.partial"
        with writing(folder):
            partial.write_text(json_text(manifest), encoding="utf-8")
            settle(partial)
            partial.replace(path)


def _leave(work: WorkFolder, error: BaseException) -> None:
    """Keep the spots that were found, and nothing that is half."""
    # A full disk may be why we are here: these frames are found again then.
    with suppress(SpotgpuError):
        work.flush()
    for path in (work.result, work.scratch):
        shutil.rmtree(path, ignore_errors=True)
    if work.parts.n_frames == 0:
        shutil.rmtree(work.folder, ignore_errors=True)
        return
    error.add_note(
        f"the spots of {work.parts.n_frames:,} frames are kept in {work.folder}: the same command "
        "goes on from there"
    )
