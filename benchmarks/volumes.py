"""Spots of volumes in tiles beside those in one piece: CPU time, what is read, and peak memory.

Usage: python -m benchmarks.volumes     (prints the table of docs/scale.md; Linux)
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import zarr

import spotgpu as sg
from benchmarks.scenes import spots
from spotgpu.detect import Locator

CHUNKS = (16, 128, 128)
SHAPES = [(64, 512, 512), (96, 768, 768), (192, 768, 768)]
#: Budgets in MB; 0 is no budget.
BUDGETS = [0, 200, 100]
ROUNDS = 2


class Counted:
    """A lazy frame that knows how many pixels were read."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.shape, self.dtype, self.chunks = frame.shape, frame.dtype, frame.chunks
        self.pixels = 0

    def __getitem__(self, where: Any) -> Any:
        part = self._frame[where]
        self.pixels += part.size
        return part


def write(path: Path, shape: tuple[int, ...]) -> None:
    """Write a volume of uint16 with a spot in 8,000 pixels, slab by slab."""
    array = zarr.create_array(path, shape=shape, chunks=CHUNKS, dtype="uint16")
    for start in range(0, shape[0], 32):
        slab = spots((32, *shape[1:]), 32 * shape[1] * shape[2] // 8000, (1.5, 1.8, 1.8), start)
        noise = np.random.default_rng(start).integers(0, 200, slab.shape, dtype=np.uint16)
        array[start : start + 32] = slab * np.uint16(200) + noise


def peak() -> float:
    """Return the largest memory of this process so far, in MB."""
    # Not resource.getrusage: its value begins with that of the parent.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 1024


def work(path: Path, budget: int) -> None:
    """Print CPU seconds, how often a pixel was read, and memory beyond a small image's, in MB."""
    locator = Locator((5, 7, 7), minmass=50_000)
    locator.array(np.zeros((20, 64, 64), np.uint16), None)
    movie = sg.open(path, axes="ZYX")
    movie.lazy(0)[:1, :1, :1]
    before = peak()
    times = []
    for _ in range(ROUNDS):
        frame = Counted(movie.lazy(0))
        # Of all threads: the machine has other things to do.
        start = time.process_time()
        if budget:
            locator.array(frame, budget * 1_000_000)
        else:
            locator.array(frame[:, :, :])
        times.append(time.process_time() - start)
    pixels = frame.pixels / np.prod(frame.shape)
    print(f"{min(times):.2f} CPU s, read {pixels:.2f} times, {peak() - before:.0f} MB")


def main() -> None:
    """Measure each in a process of its own, as memory that was used is not given back."""
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES:
            path = Path(folder) / "x".join(map(str, shape))
            write(path, shape)
            for budget in BUDGETS:
                command = [sys.executable, "-m", "benchmarks.volumes", str(path), str(budget)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                print(path.name, f"{budget or 'no'} MB:", done.stdout.strip(), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        work(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
