"""Tables that come piece by piece, and where they go: memory, or Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from pyarrow import parquet

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._folder import RUN_FILE
from spotgpu.pipeline._table_file import TableFile
from spotgpu.pipeline._writing import writing

__all__ = ["FolderTables", "MemoryTables", "Tables"]


class Tables(Protocol):
    """Tables by name."""

    def add(self, name: str, table: pd.DataFrame) -> None:
        """Append rows to a table.

        Parameters
        ----------
        name : str
            Which; a new one begins with its first piece, which may have no rows.
        table : DataFrame
            The rows, with the same columns each time.
        """

    def close(self) -> None:
        """Nothing will be added any more; before that nothing is read."""

    def pieces(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield a table piece by piece.

        Parameters
        ----------
        name : str
            Which.
        columns : sequence of str, optional
            Those that are needed.

        Yields
        ------
        DataFrame
            Rows in the order in which they were added; one piece at least.
        """
        ...

    def whole(self, name: str) -> pd.DataFrame:
        """Return a table.

        Parameters
        ----------
        name : str
            Which.

        Returns
        -------
        DataFrame
            All of its rows.
        """
        ...


class MemoryTables:
    """Tables in memory.

    Parameters
    ----------
    attrs : mapping
        ``attrs`` of each table.
    """

    def __init__(self, attrs: Mapping[Any, Any]) -> None:
        self._attrs = dict(attrs)
        self._pieces: dict[str, list[pd.DataFrame]] = {}

    def add(self, name: str, table: pd.DataFrame) -> None:
        """Append rows.

        Parameters
        ----------
        name : str
            Of the table.
        table : DataFrame
            The rows.
        """
        pieces = self._pieces.setdefault(name, [])
        if len(pieces) == 1 and pieces[0].empty:
            pieces.clear()
        if len(table) or not pieces:
            pieces.append(table)

    def close(self) -> None:
        """Nothing to do."""

    def pieces(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield the pieces as they came.

        Parameters
        ----------
        name : str
            Of the table.
        columns : sequence of str, optional
            Those that are needed.

        Yields
        ------
        DataFrame
            Rows in the order in which they were added; one piece at least.
        """
        for piece in self._pieces[name]:
            yield piece if columns is None else piece[list(columns)]

    def whole(self, name: str) -> pd.DataFrame:
        """Return a table; from now on it is one piece.

        Parameters
        ----------
        name : str
            Which.

        Returns
        -------
        DataFrame
            All of its rows.
        """
        pieces = self._pieces[name]
        if len(pieces) > 1:
            # Column by column: there is never more than one twice.
            joined = {}
            for column in map(str, list(pieces[0])):
                joined[column] = _joined([piece.pop(column) for piece in pieces])
            pieces[:] = [pd.DataFrame(joined, copy=False)]
        pieces[0].attrs.update(self._attrs)
        return pieces[0]


def _joined(parts: list[pd.Series]) -> Any:
    if isinstance(parts[0].dtype, np.dtype):
        return np.concatenate([part.to_numpy() for part in parts])
    return pd.concat(parts, ignore_index=True)


class FolderTables:
    """Tables in Parquet files.

    Parameters
    ----------
    folder : Path
        For NAME.parquet.
    attrs : mapping
        ``attrs`` of each table.
    target : Path
        What the folder will be: failures to write are told of this one.
    """

    def __init__(self, folder: Path, attrs: Mapping[str, Any], target: Path) -> None:
        self.folder, self._attrs, self._target = folder, dict(attrs), target
        self._files: dict[str, TableFile] = {}
        # By which results are known not to have been replaced.
        self._seal: tuple[int, int] | None = None

    def add(self, name: str, table: pd.DataFrame) -> None:
        """Append rows.

        Parameters
        ----------
        name : str
            Of the table.
        table : DataFrame
            The rows.
        """
        if name not in self._files:
            self._files[name] = TableFile(self._path(name), self._attrs)
        with writing(self._target):
            self._files[name].add(table)

    def close(self) -> None:
        """End the files."""
        for name in tuple(self._files):
            with writing(self._target):
                self._files[name].close()
            del self._files[name]

    def abandon(self) -> None:
        """Let go of the files; what is in them is not whole."""
        while self._files:
            _, file = self._files.popitem()
            file.abandon()

    def moved(self, folder: Path) -> FolderTables:
        """Return the same tables in the folder that this one has become.

        Parameters
        ----------
        folder : Path
            Its new name.

        Returns
        -------
        FolderTables
            For reading.
        """
        tables = FolderTables(folder, self._attrs, folder)
        tables._seal = tables._sealed()
        return tables

    def pieces(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield the row groups.

        Parameters
        ----------
        name : str
            Of the table.
        columns : sequence of str, optional
            Those that are needed.

        Yields
        ------
        DataFrame
            Rows in the order in which they were added; one piece at least.
        """
        with parquet.ParquetFile(self._path(name)) as file:
            wanted = None if columns is None else list(columns)
            # `iter_batches` would hold many row groups at once.
            for k in range(file.num_row_groups):
                yield file.read_row_group(k, wanted).to_pandas()
            if file.num_row_groups == 0:
                yield file.read(columns=wanted).to_pandas()

    def whole(self, name: str) -> pd.DataFrame:
        """Read a table.

        Parameters
        ----------
        name : str
            Which.

        Returns
        -------
        DataFrame
            All of its rows.
        """
        return pd.read_parquet(self._path(name), engine="pyarrow")

    def _path(self, name: str) -> Path:
        if self._seal is not None and self._sealed() != self._seal:
            raise SpotgpuError(
                f"the results in {self.folder} are not those of this run any more: they were moved "
                "or replaced"
            )
        return self.folder / f"{name}.parquet"

    def _sealed(self) -> tuple[int, int] | None:
        try:
            told = (self.folder / RUN_FILE).stat()
        except OSError:
            return None
        return told.st_ino, told.st_mtime_ns
