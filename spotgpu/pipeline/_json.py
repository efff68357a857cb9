"""Values as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

__all__ = ["json_text"]


def json_text(value: object) -> str:
    """Return a value as JSON.

    Parameters
    ----------
    value : object
        Dicts, lists, numbers, arrays, strings; anything else as its text.

    Returns
    -------
    str
        Ends in a newline; NaN and infinity are null. Bytes of file names that are no UTF-8, which
        Python has as lone surrogates, are escaped, and read back as they were.
    """
    text = json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # What this writes for a lone surrogate is its escape in JSON.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(value: Any) -> Any:
    """Return what JSON can hold; it has no NaN and no infinity."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
