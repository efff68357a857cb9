"""Movies from files and from memory, and to files: `open`, `Movie`, `read_ahead`, `save_tiff`."""

from __future__ import annotations

from spotgpu.io._cut import frames_per_chunk
from spotgpu.io._differences import differences
from spotgpu.io._files import files_in, matching
from spotgpu.io._fingerprint import fingerprint
from spotgpu.io._lazy_frame import LazyFrame
from spotgpu.io._missing import missing_chunks
from spotgpu.io._movie import Movie
from spotgpu.io._open import open
from spotgpu.io._read_ahead import ReadAhead, read_ahead
from spotgpu.io._save import save_tiff

__all__ = [
    "LazyFrame",
    "Movie",
    "ReadAhead",
    "differences",
    "files_in",
    "fingerprint",
    "frames_per_chunk",
    "matching",
    "missing_chunks",
    "open",
    "read_ahead",
    "save_tiff",
]
