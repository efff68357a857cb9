"""Peak memory of `track` over the length of the movie.

Usage: python -m benchmarks.memory [FRAMES ...]
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import numpy.typing as npt

#: Pixels of a side, and particles.
SIDE, PARTICLES = 256, 300
#: A run in a process of its own, which prints what it needed.
RUN = """
import sys, tempfile
from pathlib import Path
import spotgpu
from benchmarks.memory import Walk
from spotgpu.pipeline import Silent

def run(frames):
    with tempfile.TemporaryDirectory() as folder:
        return spotgpu.track(
            Walk(frames), 7, 3, minmass=400, memory=2, processes=1, output=Path(folder) / "out",
            progress=Silent(),
        )

def megabytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024

run(50)  # what it imports stays
Path("/proc/self/clear_refs").write_text("5")
before = megabytes("VmHWM")
result = run(int(sys.argv[1]))
print(before, megabytes("VmHWM"), result.overview.spots, result.n_tracks)
"""


class Walk:
    """Frames that are made when they are asked for: spots that wander, and new ones now and then.

    Parameters
    ----------
    length : int
        Number of frames.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._noise = np.random.default_rng(0).normal(100, 5, (8, SIDE, SIDE))
        y, x = np.mgrid[-6:7, -6:7]
        self._spot = 400 * np.exp(-(y**2 + x**2) / 5)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, t: int) -> npt.NDArray[np.uint16]:
        if not 0 <= t < self._length:
            raise IndexError(t)
        image = self._noise[t % len(self._noise)].copy()
        # A spot lives for 200 frames, and walks on a circle of its own.
        for particle in range(PARTICLES):
            rng = np.random.default_rng((particle, (t + particle) // 200))
            turn = rng.uniform(0.02, 0.1) * t
            away = 5 * np.array([np.sin(turn), np.cos(turn)])
            row, column = (rng.uniform(12, SIDE - 12, 2) + away).round().astype(int)
            image[row - 6 : row + 7, column - 6 : column + 7] += self._spot
        return image.clip(0, 65535).astype(np.uint16)


def peak(frames: int) -> tuple[float, float, int, int]:
    """Return MB before and at most, spots and tracks of a run."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(frames)], check=True, capture_output=True, text=True
    )
    before, most, spots, tracks = done.stdout.split()
    return float(before), float(most), int(spots), int(tracks)


def main() -> None:
    """Print a row for each length."""
    lengths = [int(word) for word in sys.argv[1:]] or [300, 3000]
    print("| frames | spots | tracks | MB above the program | with the program |")
    print("|---|---|---|---|---|")
    for frames in lengths:
        before, most, spots, tracks = peak(frames)
        print(
            f"| {frames:,} | {spots:,} | {tracks:,} | {most - before:.0f} | {most:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
