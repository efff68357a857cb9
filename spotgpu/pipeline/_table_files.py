"""Tables in files: Parquet or CSV, by the extension."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

__all__ = ["EXTENSIONS", "check_extension", "read_table", "write_table"]

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


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index; Parquet keeps its ``attrs``.

    Parameters
    ----------
    table : DataFrame
        Spots, trajectories or others.
    path : Path
        Ends in .parquet or .csv.
    """
    check_extension("path", path)
    if path.suffix.lower() == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path, engine="pyarrow", index=False)


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
