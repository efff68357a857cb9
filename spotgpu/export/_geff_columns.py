"""Columns of tables as properties of GEFF graphs, and such properties as columns."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import infer_dtype, is_bool_dtype, is_float_dtype, is_integer_dtype

__all__ = ["as_column", "as_property"]

#: pandas' types, in which values may be missing, for objects of these kinds.
NUMBERS: dict[str, Any] = {
    "integer": "Int64",
    "floating": "Float64",
    "mixed-integer-float": "Float64",
    "boolean": "boolean",
}
#: What the format's arrays of text cannot hold.
NO_TEXT = re.compile(r"\0\Z|[\ud800-\udfff]")
#: Sizes in bytes of the floats that GEFF has.
FLOATS = (4, 8)


def as_property(name: str, table: pd.DataFrame, column: str) -> dict[str, Any]:
    """Return a column as GEFF's arrays.

    Parameters
    ----------
    name : str
        Name of the argument that `table` came in by, for the message.
    table : DataFrame
        Spots or edges.
    column : str
        One of its columns.

    Returns
    -------
    dict
        ``values``, and ``missing``: None, or where there are none. Floats have NaN instead.

    Raises
    ------
    ValueError
        If the name is none for a folder, or the values are neither numbers, bools nor text.
    """
    if not isinstance(column, str) or not _is_folder_name(column):
        raise ValueError(
            f"`{name}` must have columns whose names can be those of folders, got {column!r}"
        )
    values = table[column]
    if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype == object:
        values = values.astype(object)
        values = values.astype(NUMBERS.get(infer_dtype(values, skipna=True), object))
    missing = values.isna().to_numpy()
    mask = missing if missing.any() else None
    if is_float_dtype(values) and values.dtype.itemsize <= max(FLOATS):  # type: ignore[union-attr]
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        narrow = values.dtype.itemsize <= min(FLOATS)  # type: ignore[union-attr]
        return {"values": numbers.astype(np.float32) if narrow else numbers, "missing": None}
    if is_integer_dtype(values) or is_bool_dtype(values):
        plain: Any = getattr(values.dtype, "numpy_dtype", values.dtype)
        filled = values.fillna(False if is_bool_dtype(values) else 0)
        return {"values": filled.to_numpy(plain), "missing": mask}
    if infer_dtype(values, skipna=True) not in {"string", "empty"}:
        raise ValueError(
            f"`{name}` must have columns of numbers, bools or text, got {column} of "
            f"{table[column].dtype}"
        )
    text = np.where(missing, "", values.to_numpy(object))
    odd = [word for word in set(text) if NO_TEXT.search(word)]
    if odd:
        raise ValueError(
            f"`{name}` must have no text with half a character or a zero at its end, "
            f"got {odd[0]!r} in {column}"
        )
    return {"values": text.astype(str), "missing": mask}


def _is_folder_name(name: str) -> bool:
    # What begins with a point or two low lines, and zarr.json, are Zarr's own.
    return not (
        name in {"", "zarr.json"} or name.startswith((".", "__")) or set(name) & set("/\\\0")
    )


def as_column(values: npt.NDArray[Any], missing: npt.NDArray[np.bool_] | None) -> pd.Series[Any]:
    """Return a property as a column.

    Parameters
    ----------
    values : ndarray, shape (n, ...)
        Of the property.
    missing : ndarray of bool, shape (n,), optional
        Where there is none.

    Returns
    -------
    Series
        NaN or None where there is none: integers and bools are then of pandas' types that allow
        for it. What is no number, bool or text, or is more than one for each row, are objects.

    Raises
    ------
    ValueError
        If a text is none.
    """
    gone = np.zeros(len(values), bool) if missing is None else missing
    if values.ndim != 1 or values.dtype.kind not in "biufUT":
        return pd.Series(list(values), dtype=object).where(~gone, None)
    if values.dtype.kind == "U" and values.size and values.dtype.itemsize:
        native = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
        if native.view(np.uint32).max() > sys.maxunicode:  # Python would crash
            raise ValueError("text with a character that does not exist")
    if values.dtype.kind in "UT":
        column = pd.Series(values.tolist(), dtype="str")
    else:
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        column = pd.Series(values)
        if gone.any() and values.dtype.kind != "f":
            column = column.convert_dtypes()
    return column.mask(gone)
