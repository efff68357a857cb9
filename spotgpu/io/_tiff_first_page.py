"""The first page of a TIFF file, as tifffile reads it: tags, description and decoder."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tifffile

from spotgpu.errors import SpotgpuError

__all__ = ["first_page", "require_plain"]

#: Formats with pages of their own kind.
UNREAD = {
    "is_lsm": "a Zeiss LSM",
    "is_stk": "a MetaMorph STK",
    "is_ndpi": "a Hamamatsu NDPI",
    "is_eer": "an EER",
}

#: What tifffile meets a broken file with.
BROKEN = (
    ValueError, TypeError, LookupError, ArithmeticError, AssertionError, AttributeError,
    RuntimeError, struct.error, OSError,
)  # fmt: skip


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep tifffile's messages off: what matters in them is checked here, and raised."""
    logger = logging.getLogger("tifffile")

    def nothing(_: logging.LogRecord) -> bool:
        return False

    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)


def first_page(path: Path) -> Any:
    """Return the first page of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    tifffile.TiffPage
        It can decode its like; the file is closed again.

    Raises
    ------
    SpotgpuError
        If the file is broken.
    """
    try:
        # Micro-Manager's and NDTiff's readers would open other files of the folder.
        with (
            _quiet(),
            tifffile.TiffFile(path, is_mmstack=False, is_ndtiff=False, is_ome=False) as tif,
        ):
            page = tif.pages.first
            page.init_decode()
            # Worked out when it is asked for first, and impossible for tiles of no size.
            page.chunked  # noqa: B018
            return page
    except BROKEN as error:
        raise SpotgpuError(f"{path} is truncated or corrupt: {error}") from error


def require_plain(page: Any, path: Path) -> None:
    """Refuse files whose pages are not images of pixels.

    Parameters
    ----------
    page : tifffile.TiffPage
        The first.
    path : Path
        The file.

    Raises
    ------
    ValueError
        If the file is of a format with pages of its own kind.
    SpotgpuError
        If the pixels are of an unknown kind.
    """
    kind = next((text for flag, text in UNREAD.items() if getattr(page, flag, False)), None)
    if kind is not None:
        raise ValueError(
            f"`source` must be a plain, OME or ImageJ TIFF, got {kind} file: {path}; "
            "convert it, or pass the array that tifffile.imread makes of it"
        )
    if page.dtype is None or not page.shape:
        raise SpotgpuError(
            f"{path} has pixels of an unknown kind: {page.bitspersample} bits of sample "
            f"format {page.sampleformat}"
        )
