"""The position columns of tables, and the check that a table has what it must."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

__all__ = ["POSITION_COLUMNS", "position_columns", "require_columns"]

#: Names of the position columns, in image order.
POSITION_COLUMNS = ("z", "y", "x")


def require_columns(name: str, table: object, columns: Iterable[str]) -> pd.DataFrame:
    """Return `table` if it is a DataFrame that has all `columns`.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    table : pandas.DataFrame
        What the caller passed.
    columns : iterable of str
        Columns that must be there.

    Returns
    -------
    pandas.DataFrame
        `table` itself.

    Raises
    ------
    TypeError
        If it is not a DataFrame.
    ValueError
        If a column is missing.
    """
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"`{name}` must be a pandas DataFrame, got {type(table).__name__}")
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(
            f"`{name}` must have the column(s) {', '.join(missing)}, "
            f"got {', '.join(map(str, table.columns)) or 'none'}"
        )
    return table


def position_columns(
    name: str, table: pd.DataFrame, pos_columns: Sequence[str] | None = None
) -> list[str]:
    """Return the names of the position columns.

    Parameters
    ----------
    name : str
        Name of the argument that `table` came in by, for the message.
    table : pandas.DataFrame
        Spots or trajectories.
    pos_columns : sequence of str, optional
        The caller's choice; by default z (if the table has it), y and x, in this order.

    Returns
    -------
    list of str
        Columns that `table` has.

    Raises
    ------
    ValueError
        If one is missing, or `pos_columns` is empty or names one twice.
    """
    if pos_columns is None:
        pos_columns = [c for c in POSITION_COLUMNS if c != "z" or c in table.columns]
    columns = [pos_columns] if isinstance(pos_columns, str) else list(pos_columns)
    if not columns or len(set(columns)) != len(columns):
        raise ValueError(f"`pos_columns` must be distinct column names, got {pos_columns!r}")
    require_columns(name, table, columns)
    return columns
