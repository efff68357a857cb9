"""A Parquet file that grows piece by piece."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

__all__ = ["TableFile"]

#: Rows of a row group of Parquet, and of a piece that is read. What is written depends on the rows
#: only, not on the pieces in which they came.
ROW_GROUP = 1 << 17


class TableFile:
    """A Parquet file that is written piece by piece; pandas reads it with its ``attrs``.

    Parameters
    ----------
    path : Path
        The file.
    attrs : mapping
        Of the table.
    row_group : int, optional
        Rows of a row group; so many wait in memory. Default: 131,072.
    """

    def __init__(self, path: Path, attrs: Mapping[Any, Any], row_group: int | None = None) -> None:
        self._path, self._attrs = path, dict(attrs)
        self._row_group = ROW_GROUP if row_group is None else row_group
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
        if self._rows >= self._row_group:
            self._write(self._rows - self._rows % self._row_group)

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
        self._writer.write_table(waiting.slice(0, rows), row_group_size=self._row_group)  # type: ignore[union-attr]
        self._waiting = [waiting.slice(rows)]
        self._rows -= rows
