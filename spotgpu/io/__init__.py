"""Movies from files and from memory, and to files: `open`, `Movie`, `read_ahead`, `save_tiff`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spotgpu.io._colours import ColourError, Colours
    from spotgpu.io._cut import frames_per_chunk
    from spotgpu.io._differences import differences
    from spotgpu.io._files import files_in, matching
    from spotgpu.io._fingerprint import fingerprint
    from spotgpu.io._lazy_frame import LazyFrame
    from spotgpu.io._missing import missing_chunks
    from spotgpu.io._movie import Movie
    from spotgpu.io._open import open
    from spotgpu.io._origin import files_of, origins
    from spotgpu.io._read_ahead import ReadAhead, read_ahead
    from spotgpu.io._save import save_tiff

__all__ = [
    "ColourError",
    "Colours",
    "LazyFrame",
    "Movie",
    "ReadAhead",
    "differences",
    "files_in",
    "files_of",
    "fingerprint",
    "frames_per_chunk",
    "matching",
    "missing_chunks",
    "open",
    "origins",
    "read_ahead",
    "save_tiff",
]

_MODULES = {
    "_colours": ["ColourError", "Colours"],
    "_cut": ["frames_per_chunk"],
    "_differences": ["differences"],
    "_files": ["files_in", "matching"],
    "_fingerprint": ["fingerprint"],
    "_lazy_frame": ["LazyFrame"],
    "_missing": ["missing_chunks"],
    "_movie": ["Movie"],
    "_open": ["open"],
    "_origin": ["files_of", "origins"],
    "_read_ahead": ["ReadAhead", "read_ahead"],
    "_save": ["save_tiff"],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a module when one of its names is first asked for.

    A worker process that reads TIFF files starts without zarr.
    """
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'spotgpu.io' has no attribute {name!r}")
    value = getattr(import_module(f"spotgpu.io.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
