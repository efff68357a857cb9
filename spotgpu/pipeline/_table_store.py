"""Tables that come piece by piece, and where they go: memory, or Parquet files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from spotgpu.pipeline._folder import writing

__all__ = ["FolderTables", "MemoryTables", "TableFile", "Tables"]

#: Rows of a row group of Parquet, and of a piece that is read. What is written depends on the rows
#: only, not on the pieces in which they came.
ROW_GROUP = 1 << 17


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
        """Append rows, see `Tables`."""
        pieces = self._pieces.setdefault(name, [])
        if len(pieces) == 1 and pieces[0].empty:
            pieces.clear()
        if len(table) or not pieces:
            pieces.append(table)

    def close(self) -> None:
        """Nothing to do."""

    def pieces(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield the pieces, see `Tables`."""
        for piece in self._pieces[name]:
            yield piece if columns is None else piece[list(columns)]

    def whole(self, name: str) -> pd.DataFrame:
        """Return the table, see `Tables`."""
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


class TableFile:
    """A Parquet file that is written piece by piece; pandas reads it with its ``attrs``.

    Parameters
    ----------
    path : Path
        The file.
    attrs : mapping
        Of the table.
    """

    def __init__(self, path: Path, attrs: Mapping[Any, Any]) -> None:
        self._path, self._attrs = path, dict(attrs)
        self._writer: parquet.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, table: pd.DataFrame) -> None:
        """Append rows.

        Parameters
        ----------
        table : DataFrame
            The index is left out.
        """
        rows = pa.Table.from_pandas(table, preserve_index=False)
        if self._writer is None:
            metadata = dict(rows.schema.metadata)
            if self._attrs:
                metadata[b"PANDAS_ATTRS"] = json.dumps(self._attrs).encode()
            schema = rows.schema.with_metadata(metadata)
            self._writer = parquet.ParquetWriter(self._path, schema)
        self._waiting.append(rows.cast(self._writer.schema))
        self._rows += len(table)
        if self._rows >= ROW_GROUP:
            self._write(self._rows - self._rows % ROW_GROUP)

    def close(self) -> None:
        """Write what is left, and end the file."""
        if self._writer is not None:
            self._write(self._rows)
            self._writer.close()

    def abandon(self) -> None:
        """Close the file without what is left; on a full disk not even its end can be written."""
        if self._writer is not None:
            try:
                self._writer.close()
            except OSError:
                # Else it would try, and complain, once more when it goes.
                self._writer.is_open = False

    def _write(self, rows: int) -> None:
        # One chunk a column: how it is cut would show in the pages.
        waiting = pa.concat_tables(self._waiting).combine_chunks()
        self._writer.write_table(waiting.slice(0, rows), row_group_size=ROW_GROUP)  # type: ignore[union-attr]
        self._waiting = [waiting.slice(rows)]
        self._rows -= rows


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

    def add(self, name: str, table: pd.DataFrame) -> None:
        """Append rows, see `Tables`."""
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
        return FolderTables(folder, self._attrs, folder)

    def pieces(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield row groups, see `Tables`."""
        with parquet.ParquetFile(self._path(name)) as file:
            wanted = None if columns is None else list(columns)
            # `iter_batches` would hold many row groups at once.
            for k in range(file.num_row_groups):
                yield file.read_row_group(k, wanted).to_pandas()
            if file.num_row_groups == 0:
                yield file.read(columns=wanted).to_pandas()

    def whole(self, name: str) -> pd.DataFrame:
        """Read the table, see `Tables`."""
        return pd.read_parquet(self._path(name), engine="pyarrow")

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"
