"""What lies in the folder of a GEFF graph, before a library reads it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spotgpu.errors import SpotgpuError

__all__ = ["check_codecs", "is_graph"]

#: Zarr's files that name codecs, in its versions 2 and 3.
METADATA = {".zarray", ".zmetadata", "zarr.json"}
#: Attributes, which may say anything.
FREE = ("attributes", ".zattrs")


def is_graph(path: Path) -> bool:
    """Tell whether a folder says that it holds a GEFF graph.

    Parameters
    ----------
    path : Path
        The folder.

    Returns
    -------
    bool
        Whether the attributes of a Zarr group are there and have a key ``geff``.
    """
    for name in (".zattrs", "zarr.json"):
        try:
            told = json.loads((path / name).read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        if name == "zarr.json" and isinstance(told, dict):
            told = told.get("attributes")
        if isinstance(told, dict) and "geff" in told:
            return True
    return False


def check_codecs(path: Path) -> None:
    """Raise if reading the arrays in a folder could run a program or lead out of it.

    Parameters
    ----------
    path : Path
        The folder.

    Raises
    ------
    SpotgpuError
        If an array is compressed with pickle, a folder inside is a link, or metadata are no JSON.
    """
    for place, folders, files in os.walk(path):
        for name in folders:
            if Path(place, name).is_symlink():
                raise SpotgpuError(
                    f"{path} has a link to another folder, which is not followed: "
                    f"{Path(place, name)}"
                )
        for name in METADATA.intersection(files):
            file = Path(place, name)
            try:
                codecs = list(_codecs(json.loads(file.read_bytes())))
            except (OSError, ValueError, RecursionError) as error:
                raise SpotgpuError(f"{file} is truncated or corrupt: {error}") from error
            if any("pickle" in codec.lower() for codec in codecs):
                raise SpotgpuError(
                    f"{path} is compressed with pickle, which can run any program: "
                    "the file is not read"
                )


def _codecs(told: Any) -> Iterator[str]:
    """Yield the names of all codecs, those within codecs too."""
    if isinstance(told, dict):
        for key, value in told.items():
            if key in {"id", "name"} and isinstance(value, str):
                yield value
            if not key.endswith(FREE):
                yield from _codecs(value)
    elif isinstance(told, list):
        for value in told:
            yield from _codecs(value)
