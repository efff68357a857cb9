"""Trajectories in pieces that fit into memory: some frames of all, or all frames of some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.backends.freed_memory import return_freed_memory
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._table_store import Tables

__all__ = ["ROWS", "TrackPieces"]

#: Rows of a piece, at most, unless one frame or one track has more.
ROWS = 1 << 18

Ints = npt.NDArray[np.int64]


class TrackPieces:
    """The table ``tracks``, in order of frames, cut in one way or the other.

    The cuts depend on the rows alone, so that what is computed from the pieces is the same however
    the table is kept.

    Parameters
    ----------
    tables : Tables
        Where it is.
    columns : sequence of str
        Those of the positions.
    particle, count : ndarray of int64, shape (n_tracks,)
        Numbers of the particles, ascending, and the rows of each.
    scratch : Path, optional
        Folder for temporary files. Default: the system's.
    """

    def __init__(
        self,
        tables: Tables,
        columns: Sequence[str],
        particle: Ints,
        count: Ints,
        scratch: Path | None = None,
    ) -> None:
        self._tables, self._columns = tables, list(columns)
        self._needed = [*self._columns, "frame", "particle"]
        self._particle, self._count, self._scratch = particle, count, scratch
        self.n_tracks, self.n_rows = len(particle), int(count.sum())

    def by_frame(self) -> Iterator[pd.DataFrame]:
        """Yield all rows of some frames at a time.

        Yields
        ------
        DataFrame
            Positions, ``frame`` and ``particle``; one at least, which may be empty.
        """
        waiting: list[pd.DataFrame] = []
        rows, none = 0, True
        for piece in self._tables.pieces("tracks", self._needed):
            waiting.append(piece)
            rows += len(piece)
            while rows > ROWS:
                table = pd.concat(waiting, ignore_index=True)
                frame = table["frame"].to_numpy()
                # The last frame that fits whole; a single one that does not must be whole, too.
                cut = int(np.searchsorted(frame, frame[ROWS]))
                cut = cut or int(np.searchsorted(frame, frame[0], side="right"))
                if cut == len(table):
                    waiting = [table]
                    break
                yield table.iloc[:cut]
                return_freed_memory()
                none = False
                waiting, rows = [table.iloc[cut:]], len(table) - cut
        if rows or none:
            yield pd.concat(waiting, ignore_index=True)

    def by_track(self) -> Iterator[pd.DataFrame]:
        """Yield all rows of some particles at a time.

        Yields
        ------
        DataFrame
            Positions, ``frame`` and ``particle``, in order of frames; one at least, which may be
            empty.
        """
        ends = self._cuts()
        if len(ends) == 1:
            yield pd.concat(self._tables.pieces("tracks", self._needed), ignore_index=True)
            return
        with TemporaryDirectory(prefix="spotgpu-", dir=self._scratch) as folder:
            files = [Path(folder) / str(k) for k in range(len(ends))]
            self._deal(files, ends)
            for file in files:
                values = np.fromfile(file).reshape(-1, len(self._needed))
                file.unlink()
                table = pd.DataFrame(values, columns=self._needed)
                yield table.astype({"frame": np.int64, "particle": np.int64})
                return_freed_memory()

    def _cuts(self) -> list[int]:
        """Return, for each piece, the number of the last particle in it."""
        ends, total = [], np.cumsum(self._count)
        before, start = 0, 0
        while start < len(total):
            stop = max(int(np.searchsorted(total, before + ROWS, side="right")), start + 1)
            ends.append(int(self._particle[stop - 1]))
            before, start = int(total[stop - 1]), stop
        return ends or [0]

    def _deal(self, files: list[Path], ends: list[int]) -> None:
        """Write the rows into the files of their pieces, as float64, which holds their integers."""
        for table in self._tables.pieces("tracks", self._needed):
            values = table.to_numpy(np.float64)
            piece = np.searchsorted(ends, table["particle"].to_numpy())
            order = np.argsort(piece, kind="stable")
            values, piece = values[order], piece[order]
            present, starts = np.unique(piece, return_index=True)
            for k, rows in zip(present.tolist(), np.split(values, starts[1:]), strict=True):
                _append(files[k], rows)


def _append(path: Path, rows: npt.NDArray[np.float64]) -> None:
    try:
        with path.open("ab") as file:
            file.write(np.ascontiguousarray(rows).data)
    except OSError as error:
        raise SpotgpuError(
            f"could not write temporary files in {path.parent.parent}: {error.strerror}; "
            "make room on its disk, then run again"
        ) from error
