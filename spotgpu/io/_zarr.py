"""Zarr arrays, versions 2 and 3, and OME-Zarr images, 0.4 and 0.5, in local folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import copy
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import zarr
from zarr.errors import BaseZarrError

from spotgpu.errors import SpotgpuError
from spotgpu.io._arrays import array_facts
from spotgpu.io._blocks import BlockFrames, chunk_length
from spotgpu.io._chunk_files import ChunkFiles, chunk_files_of
from spotgpu.io._layout import Facts, Layout
from spotgpu.io._units import micrometres, seconds

__all__ = ["ZarrFrames", "ZarrSource", "is_zarr"]

METADATA = ("zarr.json", ".zarray", ".zgroup")
#: What zarr and its codecs meet broken data with.
BROKEN: tuple[type[Exception], ...] = (
    BaseZarrError, ValueError, TypeError, LookupError, RuntimeError, OSError, ArithmeticError,
)  # fmt: skip


def is_zarr(path: Path) -> bool:
    """Tell whether a folder holds a Zarr array or group.

    Parameters
    ----------
    path : Path
        The folder.

    Returns
    -------
    bool
        Whether there is one of Zarr's files in it.
    """
    return any((path / name).is_file() for name in METADATA)


class ZarrSource:
    """A Zarr array, or the full-size array of an OME-Zarr image.

    Parameters
    ----------
    path : Path
        Folder of the array, of the image, or of a group with one array or image in it.
    series : int, optional
        Which image of a group of several.
    """

    def __init__(self, path: Path, series: int | None = None) -> None:
        self.path, multiscale, channels = _located(path, series)
        self._array = _opened(self.path)
        name = str(self.path)
        shape = tuple(self._array.shape)
        facts = array_facts(name, shape, self._array.dtype.newbyteorder("="))
        letters = _letters(self._array, multiscale)
        if letters is None:
            self.facts = facts
        elif len(letters) != len(shape):
            raise SpotgpuError(
                f"{name} is corrupt: its metadata name {len(letters)} axes, it has {len(shape)}"
            )
        else:
            sizes, interval = _scales(multiscale)
            self.facts = Facts(name, letters, shape, facts.dtype, sizes, interval, channels)

    def frames(self, layout: Layout) -> ZarrFrames:
        """Return what reads the frames.

        Parameters
        ----------
        layout : Layout
            Of this array.

        Returns
        -------
        ZarrFrames
            The reader.
        """
        chunk = chunk_length(self._array, layout)
        array = chunk_files_of(self._array) or self._array
        return ZarrFrames(array, layout, chunk, str(self.path), BROKEN)


class ZarrFrames(BlockFrames):
    """Reads frames from an array in local files; can be pickled."""

    file_backed = True

    def another(self, threads: int) -> ZarrFrames:
        """Return what reads the same frames, with a block of its own.

        Parameters
        ----------
        threads : int
            How many decode the chunks of one block.

        Returns
        -------
        ZarrFrames
            Another one.
        """
        other = copy(self)
        if isinstance(self._array, ChunkFiles):
            other._array = self._array.with_threads(threads)
        return other


def _metadata(folder: Path) -> dict[str, Any]:
    """Return the metadata and attributes of an array or group, as one dictionary."""
    for name in METADATA:
        if (folder / name).is_file():
            told = _json(folder / name)
            if name != "zarr.json" and (folder / ".zattrs").is_file():
                told["attributes"] = _json(folder / ".zattrs")
            return {"is_array": name == ".zarray" or told.get("node_type") == "array", **told}
    raise FileNotFoundError(f"`source` must be a Zarr array or group, got {folder}")


def _json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise SpotgpuError(f"{path} is truncated or corrupt: {error}") from error
    if not isinstance(told, dict):
        raise SpotgpuError(f"{path} is corrupt: no JSON object")
    return told


def _located(path: Path, series: int | None) -> tuple[Path, dict[str, Any], tuple[str, ...]]:
    """Return the array's folder, the multiscale that it belongs to, and its channels."""
    told = _metadata(path)
    if told["is_array"]:
        if series is not None:
            raise ValueError(f"`series` must be None for one array, got {series}: {path}")
        return path, {}, ()
    attributes = told.get("attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    ome = attributes.get("ome", attributes)
    if not isinstance(ome, dict) or "multiscales" not in ome:
        return _only(path, series)
    if series not in {None, 0}:
        raise ValueError(f"`series` must be None or 0 for one image, got {series}: {path}")
    try:
        multiscale = dict(ome["multiscales"][0])
        inside = PurePosixPath(multiscale["datasets"][0]["path"])
        channels = tuple(
            str(channel.get("label", i))
            for i, channel in enumerate(ome.get("omero", {}).get("channels", ()))
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise SpotgpuError(f"{path} has broken OME-Zarr metadata: {error!r}") from error
    if inside.is_absolute() or ".." in inside.parts:
        raise SpotgpuError(f"{path} has an image outside of itself, which is not read: {inside}")
    return path / inside, multiscale, channels


def _only(path: Path, series: int | None) -> tuple[Path, dict[str, Any], tuple[str, ...]]:
    """Return the one image or array of a group, or the one chosen."""
    inside = sorted(
        (entry for entry in path.iterdir() if entry.is_dir() and is_zarr(entry)),
        key=lambda entry: (len(entry.name), entry.name),
    )
    # Bio-Formats keeps the XML beside the images.
    inside = [entry for entry in inside if entry.name != "OME"]
    listed = ", ".join(f"{i} ({entry.name!r})" for i, entry in enumerate(inside)) or "nothing"
    if series is None and len(inside) != 1:
        raise ValueError(
            f"`source` must be one array or image, got a Zarr group with {listed}: {path}; "
            "pass the path of one of them, or series="
        )
    if not 0 <= (series or 0) < len(inside):
        raise ValueError(f"`series` must be one of {listed}, got {series}: {path}")
    return _located(inside[series or 0], None)


def _codecs(told: Any) -> Iterator[str]:
    """Yield the names of all codecs, those within codecs too."""
    if isinstance(told, dict):
        for key, value in told.items():
            if key in {"id", "name"} and isinstance(value, str):
                yield value
            yield from _codecs(value)
    elif isinstance(told, list):
        for value in told:
            yield from _codecs(value)


def _opened(path: Path) -> Any:
    told = _metadata(path)
    if not told["is_array"]:
        raise SpotgpuError(f"{path} should be a Zarr array, and is a group")
    without = {key: value for key, value in told.items() if key != "attributes"}
    if any("pickle" in codec.lower() for codec in _codecs(without)):
        raise SpotgpuError(
            f"{path} is compressed with pickle, which can run any program: the file is not read"
        )
    kind = told.get("dtype", "")
    if not isinstance(kind, str) or "O" in kind:
        raise TypeError(f"`source` must have pixels that are real numbers, got {kind!r} in {path}")
    try:
        return zarr.open_array(path, mode="r")
    except BROKEN as error:
        raise SpotgpuError(f"{path} is truncated or corrupt: {error}") from error


def _letters(array: Any, multiscale: dict[str, Any]) -> str | None:
    """Return the letters of the axes, or None if nothing names them."""
    axes = multiscale.get("axes")
    if axes is None:
        # Version 3 names them in the array, xarray in the attributes.
        axes = getattr(array.metadata, "dimension_names", None)
        axes = axes or array.attrs.get("_ARRAY_DIMENSIONS")
    if not isinstance(axes, (list, tuple)) or None in axes:
        return None
    names = [
        str(axis.get("name", "?") if isinstance(axis, dict) else axis).lower() for axis in axes
    ]
    letters = "".join(
        {"time": "T", "frame": "T", "channel": "C"}.get(n, n[:1].upper()) for n in names
    )
    known = set(letters) <= set("TCZYX") and len(set(letters)) == len(letters)
    return letters if known else "Q" * len(names)


def _scales(multiscale: dict[str, Any]) -> tuple[dict[str, float], float | None]:
    """Return sides by axis and the interval: the scales of the image and of its level 0."""
    axes = multiscale.get("axes", [])
    scale = np.ones(len(axes))
    levels = multiscale.get("datasets") or [{}]
    for holder in (levels[0], multiscale):
        for change in holder.get("coordinateTransformations", ()):
            told = change.get("scale")
            if change.get("type") == "scale" and isinstance(told, list) and len(told) == len(axes):
                scale = scale * np.asarray(told, dtype=float)
    sizes, interval = {}, None
    for axis, value in zip(axes, scale.tolist(), strict=True):
        name, unit = str(axis.get("name", "")).upper(), axis.get("unit")
        side = micrometres(value, unit)
        if name in {"Z", "Y", "X"} and side is not None:
            sizes[name] = side
        elif axis.get("type") == "time" or name == "T":
            interval = seconds(value, unit)
    return sizes, interval
