"""Images to PNG files, several at a time."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spotgpu.pathlines._png import png

# pipeline says what to do where a disk is full.
from spotgpu.pipeline._writing import writing

__all__ = ["write_pngs"]

#: Images that wait for each thread, at most.
WAITING = 4


def write_pngs(
    images: Iterable[tuple[Path, npt.NDArray[np.uint8]]],
    threads: int,
    advance: Callable[[], None] = lambda: None,
) -> list[Path]:
    """Write images to PNG files.

    Each is written under another name in the same folder and renamed when it is whole; what had
    its name is replaced.

    Parameters
    ----------
    images : iterable of tuple of Path and ndarray of uint8
        Where to, in a folder that is there; an image (Y, X) or (Y, X, 3). Memory holds few of them.
    threads : int
        How many compress and write at the same time.
    advance : callable
        Called once for each file that is there.

    Returns
    -------
    list of Path
        The files, in order.

    Raises
    ------
    SpotgpuError
        If a file cannot be written; those before it are there.
    """
    written: list[Path] = []
    waiting: deque[Future[Path]] = deque()

    def settle() -> None:
        written.append(waiting.popleft().result())
        advance()

    with ThreadPoolExecutor(threads) as pool:
        try:
            for path, image in images:
                if len(waiting) >= WAITING * threads:
                    settle()
                waiting.append(pool.submit(_write, path, image))
            while waiting:
                settle()
        finally:
            for future in waiting:
                future.cancel()
    return written


def _write(path: Path, image: npt.NDArray[np.uint8]) -> Path:
    data = png(image)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    with writing(path):
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return path
