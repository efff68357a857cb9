"""The spots found so far, in files that are there whole or not at all."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from spotgpu.pipeline._folder import settle
from spotgpu.pipeline._found import Found

__all__ = ["SpotParts"]

#: Seconds after which what was found is written, and spots that are not kept longer. At most so
#: much work is lost when a run is killed.
KEEP_S, KEEP_SPOTS = 5.0, 1 << 18

NAME = re.compile(r"(\d{12})-(\d{12})\.parquet")
NUMBERS = b"spotgpu.frames"


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
            if named and int(named[1]) == self.n_frames and _whole(path):
                self._files.append(path)
                self.n_frames = int(named[2])
                self.bytes += path.stat().st_size
            else:
                # Written half, or after a gap that a broken file left.
                path.unlink()

    def frames(self) -> Iterator[Found]:
        """Yield what is in the files.

        Yields
        ------
        Found
            Frames in order.
        """
        for path in tuple(self._files):
            table = parquet.read_table(path, page_checksum_verification=True)
            frames = json.loads(table.schema.metadata[NUMBERS])
            columns = [table.column(k).to_numpy() for k in range(table.num_columns)]
            rows = np.column_stack(columns) if columns else np.empty((table.num_rows, 0))
            ends = np.cumsum(frames["spots"])[:-1]
            yield from zip(frames["numbers"], np.split(rows, ends), strict=True)

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
        numbers = [number for number, _ in self._waiting]
        spots = [len(rows) for _, rows in self._waiting]
        rows = np.concatenate([rows for _, rows in self._waiting])
        told = json.dumps({"numbers": numbers, "spots": spots}).encode()
        table = pa.table(dict(zip(columns, rows.T, strict=True)))
        stop = self.n_frames + len(numbers)
        path = self._folder / f"{self.n_frames:012}-{stop:012}.parquet"
        partial = path.with_suffix(".partial")
        try:
            parquet.write_table(
                table.replace_schema_metadata({NUMBERS: told}), partial, write_page_checksum=True
            )
            settle(partial)
            partial.rename(path)
            settle(self._folder)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        self._files.append(path)
        self.n_frames, self.bytes = stop, self.bytes + path.stat().st_size
        self._waiting, self._spots, self._since = [], 0, time.monotonic()


def _whole(path: Path) -> bool:
    """Tell whether every page of a file is as it was written."""
    try:
        table = parquet.read_table(path, page_checksum_verification=True)
        frames = json.loads(table.schema.metadata[NUMBERS])
    # pyarrow's errors are these, or their children.
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return sum(frames["spots"]) == table.num_rows
