"""Paths of moving objects in one image: `streamlines`, `flowtrace`, `save_streamlines`."""

from spotgpu.pathlines._flowtrace import flowtrace
from spotgpu.pathlines._lazy_images import Streamlines
from spotgpu.pathlines._save import save_streamlines
from spotgpu.pathlines._streamlines import streamlines

__all__ = ["Streamlines", "flowtrace", "save_streamlines", "streamlines"]
