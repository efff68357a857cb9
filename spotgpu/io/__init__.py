"""Movies from files and from memory, and to files: `open`, `Movie`, `save_tiff`."""

from __future__ import annotations

from spotgpu.io._movie import Movie
from spotgpu.io._open import open
from spotgpu.io._save import save_tiff

__all__ = ["Movie", "open", "save_tiff"]
