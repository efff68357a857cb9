"""The spots found so far, in files that are there whole or not at all."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import parquet

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._writing import settle

__all__ = ["SpotParts"]

#: Seconds after which what was found is written, and spots that are not kept longer. At most so
#: much work is lost when a run is killed.
KEEP_S, KEEP_SPOTS = 5.0, 1 << 18

NAME, PARTIAL = re.compile(r"(\d{12})-(\d{12})\.parquet"), ".partial"
TOLD = b"spotgpu.frames"


class SpotParts:
    """A folder of Parquet files, one for some frames each: START-STOP.parquet, counted from 0.

    Parameters
    ----------
    folder : Path
        Made if need be; what is in it and does not belong there is removed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._files: list[Path] = []
        self._waiting: list[Found] = []
        self._spots, self._since = 0, time.monotonic()
        #: Frames in the files.
        self.n_frames = 0
        self.bytes = 0
        for path in sorted(folder.iterdir()):
            named = NAME.fullmatch(path.name)
            found = _read(path) if named and int(named[1]) == self.n_frames else None
            if named and found is not None and int(named[2]) == self.n_frames + len(found):
                self._files.append(path)
                self.n_frames = int(named[2])
                self.bytes += path.stat().st_size
            else:
                # Written half, or after a gap that a broken file left.
                path.unlink()

    @staticmethod
    def named(name: str) -> bool:
        """Tell whether a file has a name that is given here.

        Parameters
        ----------
        name : str
            Of a file in the folder.

        Returns
        -------
        bool
            Whether it may be removed.
        """
        return NAME.fullmatch(name.replace(PARTIAL, ".parquet")) is not None

    def frames(self) -> Iterator[Found]:
        """Yield what is in the files.

        Yields
        ------
        Found
            Frames in order.

        Raises
        ------
        SpotgpuError
            If a file has changed since it was looked at.
        """
        for path in tuple(self._files):
            found = _read(path)
            if found is None:
                raise SpotgpuError(f"{path} has changed while it was in use: run again")
            yield from found

    def add(self, found: Found, columns: Sequence[str]) -> bool:
        """Take a frame; it is written with others when some seconds have passed.

        Parameters
        ----------
        found : Found
            The next frame.
        columns : sequence of str
            Names of the columns of its rows.

        Returns
        -------
        bool
            Whether it was the turn to write.

        Raises
        ------
        OSError
            If that failed; no file is there then.
        """
        self._waiting.append(found)
        self._spots += len(found[1])
        if self._spots < KEEP_SPOTS and time.monotonic() - self._since < KEEP_S:
            return False
        self.flush(columns)
        return True

    def flush(self, columns: Sequence[str]) -> None:
        """Write what waits.

        Parameters
        ----------
        columns : sequence of str
            As for `add`.

        Raises
        ------
        OSError
            If that fails; no file is there then.
        """
        if not self._waiting:
            return
        # Forgotten first: what is interrupted below is found again, never kept twice.
        waiting, self._waiting, self._spots = self._waiting, [], 0
        rows = np.concatenate([rows for _, rows in waiting])
        frames = [(number, len(rows)) for number, rows in waiting]
        told = {"frames": frames, "sum": _sum(frames, rows)}
        table = pa.table(dict(zip(columns, rows.T, strict=True)))
        table = table.replace_schema_metadata({TOLD: json.dumps(told).encode()})
        stop = self.n_frames + len(frames)
        path = self._folder / f"{self.n_frames:012}-{stop:012}.parquet"
        partial = path.with_suffix(PARTIAL)
        try:
            parquet.write_table(table, partial)
            settle(partial)
            partial.rename(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        self.n_frames = stop
        self._files.append(path)
        self.bytes += path.stat().st_size
        settle(self._folder)
        self._since = time.monotonic()


def _sum(frames: list[tuple[int, int]], rows: npt.NDArray[np.float64]) -> int:
    """Return a checksum of all that is read of a file."""
    return zlib.crc32(rows.tobytes(), zlib.crc32(json.dumps(frames).encode()))


def _read(path: Path) -> list[Found] | None:
    """Return the frames of a file, or None if they are not as they were written."""
    try:
        with parquet.ParquetFile(path) as file:
            table = file.read(use_threads=False)
        told = json.loads(table.schema.metadata[TOLD])
        frames, sum_ = told["frames"], told["sum"]
        columns = [table.column(k).to_numpy() for k in range(table.num_columns)]
        rows = np.column_stack(columns) if columns else np.empty((table.num_rows, 0))
        if sum_ != _sum(frames, rows):
            return None
    # pyarrow's errors are these, or their children.
    except (OSError, ValueError, LookupError, TypeError, NotImplementedError):
        return None
    ends = np.cumsum([n for _, n in frames])[:-1]
    # Copies: who keeps some frames must not keep all of them.
    parts = (part.copy() for part in np.split(rows, ends))
    return list(zip([number for number, _ in frames], parts, strict=True))
