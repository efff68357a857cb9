"""Where the time of a long `track` goes, beside what reading, decoding and memory alone take.

Usage: python -m benchmarks.floors
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import imagecodecs
import numpy as np
import tifffile

import spotgpu
from benchmarks.bench_track import DIAMETER, KINDS, LEAST, MEMORY, MINMASS, RANGE, folder, movie
from spotgpu.pipeline import Silent

FRAMES, SIDE, ROUNDS = 2000, 512, 3


def compressed(path: Path, kind: str) -> list[bytes]:
    """Return the bytes of the movie as they are stored, in pieces that are decoded one by one."""
    if kind == "Zarr":
        return [chunk.read_bytes() for chunk in sorted(path.glob("c/*/0/0"))]
    with tifffile.TiffFile(path) as file, path.open("rb") as raw:
        pieces = []
        for page in file.pages:
            for place, size in zip(page.dataoffsets, page.databytecounts, strict=True):
                raw.seek(place)
                pieces.append(raw.read(size))
    return pieces


def decoding(path: Path, kind: str) -> Callable[[], None]:
    """Return what does nothing but read, or decode what was read."""
    if kind == "raw TIFF":
        buffer = bytearray(1 << 22)

        def read() -> None:
            with path.open("rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass

        return read
    pieces = compressed(path, kind)
    out = np.empty(64 << 20, np.uint8)

    def decode() -> None:
        for piece in pieces:
            imagecodecs.zstd_decode(piece, out=out)

    return decode


def copying() -> None:
    """Read and write as many frames as there are, in memory."""
    frame = np.ones((SIDE, SIDE), np.uint16)
    others = np.empty((64, SIDE, SIDE), np.uint16)
    for k in range(FRAMES):
        np.copyto(others[k % 64], frame)


def storing(size: int) -> Callable[[], None]:
    """Return what writes so many bytes to the disk."""
    data = os.urandom(size)

    def store() -> None:
        path = folder() / "bytes"
        with path.open("wb") as file:
            file.write(data)
            os.fsync(file.fileno())

    return store


def best(work: Callable[[], object]) -> float:
    """Return the shortest of some times."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print a table for each kind of file, of one process."""
    for kind in KINDS:
        path, output = movie(FRAMES, SIDE, kind), folder() / "out"
        runs = []
        for _ in range(ROUNDS):
            shutil.rmtree(output, ignore_errors=True)
            start = time.perf_counter()
            result = spotgpu.track(
                path,
                DIAMETER,
                RANGE,
                minmass=MINMASS,
                memory=MEMORY,
                min_length=LEAST,
                axes="TYX",
                processes=1,
                output=output,
                progress=Silent(),
            )
            runs.append((time.perf_counter() - start, result))
        seconds, result = min(runs, key=lambda run: run[0])
        size = sum(file.stat().st_size for file in output.glob("*.parquet"))
        floors = {
            "decode": best(decoding(path, kind)),
            "compute": best(copying),
            "write": best(storing(size)),
        }
        print(f"\n{kind}, {FRAMES} frames of {SIDE} x {SIDE} uint16: {seconds:.2f} s\n")
        print("| stage | s | floor, s |\n|---|---|---|")
        others = seconds - result.timings["locate"] - result.timings["analyse"]
        stages = {**result.work, "analyse": result.timings["analyse"], "report": others}
        for name, value in stages.items():
            floor = f"{floors[name]:.2f}" if name in floors else "-"
            print(f"| {name} | {value:.2f} | {floor} |")


if __name__ == "__main__":
    main()
