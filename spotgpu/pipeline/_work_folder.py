"""The folder in which a run works: NAME.unfinished, until it becomes NAME."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._folder import RUN_FILE, WRITTEN, check_new_folder
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._json import json_text
from spotgpu.pipeline._lock import LOCK, locked
from spotgpu.pipeline._manifest import PROGRAM, Manifest, few
from spotgpu.pipeline._spot_parts import SpotParts
from spotgpu.pipeline._writing import settle, writing

__all__ = ["SUFFIX", "FinishedError", "OtherRunError", "WorkFolder", "work_folder"]

SUFFIX = ".unfinished"
MANIFEST, PARTIAL = "manifest.json", "manifest.json.partial"
SPOTS, RESULT, SCRATCH = "spots", "result", "scratch"
#: The results that are being replaced, until the new ones have their place.
EARLIER = "earlier"
FILES, FOLDERS = {LOCK, MANIFEST, PARTIAL}, {SPOTS, RESULT, SCRATCH, EARLIER}


class FinishedError(ValueError):
    """The same run has ended before: its results are there."""


class OtherRunError(ValueError):
    """What is there is of another run; it may be replaced with `overwrite`."""


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
        If another run is at work there, or nothing can be written there.
    """
    folder = output.with_name(output.name + SUFFIX)
    with writing(output):
        foreign = _foreign(folder)
    if foreign is not None or not folder.exists():
        _check_output(output, manifest, overwrite=overwrite, keep=keep)
    if foreign is not None:
        raise ValueError(
            f"`output` needs the folder {folder} for an unfinished run, which holds something "
            f"else ({foreign}): move it elsewhere, or choose another output"
        )
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ValueError(
            f"`output` needs the folder {folder}, which is something else: move it elsewhere, or "
            "choose another output"
        )
    with locked(folder, output):
        try:
            _begin(folder, output, manifest, overwrite=overwrite, keep=keep)
            with writing(output):
                work = WorkFolder(output, folder)
        except BaseException:
            if not any((folder / SPOTS).glob("*.parquet")):
                _remove(folder)
            raise
        try:
            yield work
            with writing(output):
                for path in (*work.result.iterdir(), work.result):
                    settle(path)
                check_new_folder(output, overwrite=overwrite, keep=keep)
                _into_place(work)
        except BaseException as error:
            _leave(work, error)
            raise
        _remove(folder)


def _foreign(folder: Path) -> str | None:
    """Return what in a folder is none of a run's, if anything is."""
    if not folder.is_dir():
        return None
    names = {entry.name: entry.is_dir() for entry in folder.iterdir()}
    for name, is_folder in sorted(names.items()):
        if name not in (FOLDERS if is_folder else FILES):
            return name
    for name in (SPOTS, RESULT):
        known = SpotParts.named if name == SPOTS else WRITTEN.__contains__
        for entry in (folder / name).iterdir() if name in names else ():
            if entry.is_dir() or not known(entry.name):
                return f"{name}/{entry.name}"
    if names.keys() & FOLDERS and _manifest(folder) is None:
        return f"no {MANIFEST} of {PROGRAM}"
    return MANIFEST if MANIFEST in names and _manifest(folder) is None else None


def _manifest(folder: Path) -> Manifest | None:
    return Manifest.of_file(folder / MANIFEST)


def _begin(
    folder: Path, output: Path, manifest: Manifest, *, overwrite: bool, keep: Sequence[Path]
) -> None:
    """See that the run may work here, and that what lies here is of this run or nothing."""
    earlier = _manifest(folder)
    differences = [] if earlier is None else earlier.differences(manifest)
    try:
        with writing(output):
            _put_back(folder, output)
        _check_output(output, manifest, overwrite=overwrite, keep=keep)
    except (ValueError, SpotgpuError) as error:
        # Nothing is in it; or it was left when the results were whole.
        if earlier is None or (isinstance(error, FinishedError) and not differences):
            _remove(folder)
        raise
    if differences and not overwrite and any((folder / SPOTS).glob("*.parquet")):
        raise OtherRunError(
            f"`output` has an unfinished run that differs, in {folder}: {few(differences)}. "
            "Finish that one with the same options and files (cp -p keeps a file's time), choose "
            "another output, or start anew with `overwrite` (--overwrite)"
        )
    with writing(output):
        if differences and (folder / SPOTS).exists():
            shutil.rmtree(folder / SPOTS)
        if differences or earlier is None:
            (folder / PARTIAL).write_text(json_text(manifest), encoding="utf-8")
            settle(folder / PARTIAL)
            (folder / PARTIAL).replace(folder / MANIFEST)
            settle(folder)


def _check_output(
    output: Path, manifest: Manifest, *, overwrite: bool, keep: Sequence[Path]
) -> None:
    if not overwrite and (output / RUN_FILE).is_file():
        earlier = Manifest.of_file(output / RUN_FILE)
        differences = None if earlier is None else earlier.differences(manifest)
        if differences == []:
            raise FinishedError(
                f"`output` has the results of this run already: {output}; `overwrite` "
                "(--overwrite) makes them again"
            )
        if differences:
            raise OtherRunError(
                f"`output` must be a new folder, got {output}, the results of another run "
                f"({few(differences)}): choose another, or allow replacing it with `overwrite` "
                "(--overwrite)"
            )
    check_new_folder(output, overwrite=overwrite, keep=keep)


def _into_place(work: WorkFolder) -> None:
    """Give the results their name; those that are there wait in the folder until it is theirs."""
    if work.output.exists():
        work.output.rename(work.folder / EARLIER)
    work.result.rename(work.output)
    settle(work.output.parent)
    _put_back(work.folder, work.output)


def _put_back(folder: Path, output: Path) -> None:
    """Give earlier results their name again, unless new ones have it."""
    earlier = folder / EARLIER
    if not earlier.exists():
        return
    if not output.exists():
        earlier.rename(output)
    elif Manifest.of_file(output / RUN_FILE) is not None:
        shutil.rmtree(earlier, ignore_errors=True)


def _leave(work: WorkFolder, error: BaseException) -> None:
    """Keep the spots that were found, and nothing that is half."""
    with suppress(OSError):
        _put_back(work.folder, work.output)
    # A full disk may be why we are here: these frames are found again then.
    with suppress(SpotgpuError):
        work.flush()
    for path in (work.result, work.scratch):
        shutil.rmtree(path, ignore_errors=True)
    if work.parts.n_frames == 0:
        _remove(work.folder)
        return
    error.add_note(
        f"the spots of {work.parts.n_frames:,} frames are kept in {work.folder}: the same command "
        "goes on from there"
    )


def _remove(folder: Path) -> None:
    """Remove what is ours, the manifest after what it tells of, and the folder if it is empty."""
    for name in (SPOTS, RESULT, SCRATCH):
        shutil.rmtree(folder / name, ignore_errors=True)
    if (folder / EARLIER).exists():
        # Results that could not be put back, or removed: the next call tries again.
        return
    with suppress(OSError):
        # The lock is ours as long as it is there.
        for name in (PARTIAL, MANIFEST, LOCK):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
