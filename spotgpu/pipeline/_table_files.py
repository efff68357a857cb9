"""Tables in files: Parquet or CSV, by the extension."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from spotgpu.pipeline._table_file import TableFile

__all__ = ["EXTENSIONS", "check_extension", "read_table", "write_pieces", "write_table"]

#: Of files that are read and written.
EXTENSIONS = (".parquet", ".csv")


def check_extension(name: str, path: Path) -> None:
    """Raise unless the extension is one that can be read and written.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    path : Path
        The file.

    Raises
    ------
    ValueError
        If it is another one.
    """
    if path.suffix.lower() not in EXTENSIONS:
        raise ValueError(f"`{name}` must end in {' or '.join(EXTENSIONS)}, got {path}")


def write_pieces(
    pieces: Iterable[pd.DataFrame],
    path: Path,
    attrs: Mapping[Any, Any],
    row_group: int | None = None,
) -> None:
    """Write a table piece by piece, without its index.

    Parameters
    ----------
    pieces : iterable of DataFrame
        One at least.
    path : Path
        Ends in .parquet or .csv.
    attrs : mapping
        What Parquet keeps as ``attrs``.
    row_group : int, optional
        Rows of a row group of Parquet, as of `TableFile`.
    """
    check_extension("path", path)
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            for k, piece in enumerate(pieces):
                piece.to_csv(file, index=False, header=k == 0)
        return
    table = TableFile(path, attrs, row_group)
    try:
        for piece in pieces:
            table.add(piece)
    except BaseException:
        table.abandon()
        raise
    table.close()


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index; Parquet keeps its ``attrs``.

    Parameters
    ----------
    table : DataFrame
        Spots, trajectories or others.
    path : Path
        Ends in .parquet or .csv.
    """
    write_pieces([table], path, table.attrs)


def read_table(name: str, path: Path) -> pd.DataFrame:
    """Read a table; of Parquet with its ``attrs``.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    path : Path
        Ends in .parquet or .csv.

    Returns
    -------
    DataFrame
        What `write_table` wrote.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    ValueError
        If it is not such a table.
    """
    check_extension(name, path)
    if not path.is_file():
        raise FileNotFoundError(f"`{name}` must be a file, got {path}, which does not exist")
    try:
        if path.suffix.lower() == ".csv":
            return _typed(pd.read_csv(path))
        return pd.read_parquet(path, engine="pyarrow")
    # pyarrow's and pandas' complaints about contents are ValueErrors.
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"`{name}` must be a table, got {path}: {reason}") from error


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of a table without rows, which say nothing of themselves, their types."""
    if len(table):
        return table
    whole = ("frame", "particle")
    return table.astype({name: "int64" if name in whole else "float64" for name in table})
