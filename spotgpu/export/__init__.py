"""Tracks to and from other libraries and their files: networkx, napari, GEFF."""

from __future__ import annotations

from spotgpu.export._napari import from_napari, to_napari
from spotgpu.export._networkx import from_networkx, to_networkx
from spotgpu.export._open_geff import open_geff
from spotgpu.export._save_geff import save_geff

__all__ = ["from_napari", "from_networkx", "open_geff", "save_geff", "to_napari", "to_networkx"]
