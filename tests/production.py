"""What production launches: kernels, the constants they are compiled with, the shapes of blocks.

``PYTHONPATH=tests/cudasim python -m cudasim run tests/production.py`` writes the builds that are
missing into kernels/budget.json; `python -m cudasim gate ... --update` then measures them.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
BUDGET = ROOT / "kernels/budget.json"
_FLOAT = re.compile(r"(?P<hexadecimal>0x[01]\.[0-9a-f]+p[-+]?\d+)|\d+\.\d*(?:e[-+]?\d+)?")

#: Of each build, the kernels with the threads of a block and bytes of dynamic shared memory.
Launches = dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, tuple[int, int]]]


def constants(defines: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return constants in a form that can be compared: tables differ by machine in last digits."""

    def digits(match: re.Match[str]) -> str:
        hexadecimal = match["hexadecimal"]
        return f"{float.fromhex(hexadecimal) if hexadecimal else float(match[0]):.6g}"

    def rounded(value: Any) -> str:
        return _FLOAT.sub(digits, str(value))

    return tuple(sorted((name, rounded(value)) for name, value in defines.items()))


@contextmanager
def recorded() -> Iterator[Launches]:
    """Note what is launched meanwhile."""
    from spotgpu.backends.cuda import _launch

    seen: Launches = {}
    original = _launch._function

    def function(
        stem: str, kernel: str, given: Any, shared: int, device: int
    ) -> Callable[..., None]:
        launched = original(stem, kernel, given, shared, device)
        build = seen.setdefault((f"{stem}.cu", constants(dict(given))), {})

        def call(grid: Any, block: tuple[int, ...], *arguments: Any, **options: Any) -> None:
            threads, most = build.get(kernel, (0, 0))
            build[kernel] = (max(threads, math.prod(block)), max(most, shared))
            launched(grid, block, *arguments, **options)

        return call

    _launch._function = function
    try:
        yield seen
    finally:
        _launch._function = original


def movie(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return frames of noise with spots."""
    rng = np.random.default_rng(0)
    frames = rng.normal(20, 4, shape).clip(1)
    for frame in frames:
        for _ in range(8):
            centre = [rng.integers(n // 5, n - n // 5) for n in frame.shape]
            squares = sum(
                (a - b) ** 2 for a, b in zip(np.indices(frame.shape), centre, strict=True)
            )
            frame[...] += 180 * np.exp(-squares / 8)
    return frames.astype(dtype)


def spots(ndim: int) -> pd.DataFrame:
    """Return points that walk, some of them close to others."""
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 40, (60, ndim))
    walks = start + rng.normal(0, 0.8, (6, *start.shape)).cumsum(axis=0)
    table = pd.DataFrame(walks.reshape(-1, ndim), columns=["z", "y", "x"][3 - ndim :])
    return table.assign(frame=np.repeat(np.arange(6), len(start)))


def paths(frames: np.ndarray) -> None:
    """Make images of pathlines: gray and in colours, with and without medians, and dark objects."""
    import spotgpu as sg

    for options in (
        {},
        {"subtract_median": True},
        {"color_series": True},
        {"color_series": True, "subtract_median": True},
    ):
        list(sg.pathlines.streamlines(frames, 3, device="cuda", **options))
    with TemporaryDirectory() as folder:
        for k, frame in enumerate(frames):
            sg.save_tiff(f"{folder}/{k}.tif", frame[None])
        sg.pathlines.flowtrace(folder, 3, invert_color=True, device="cuda")


def work() -> None:
    """Do what users do, with default options."""
    import spotgpu as sg

    # Frames as wide as the widest tile.
    for dtype in ("uint8", "uint16", "float32"):
        sg.batch(movie((2, 40, 512), dtype), 11, device="cuda")
        sg.batch(movie((2, 12, 24, 512), dtype), (5, 9, 9), device="cuda")
    for dtype in ("uint8", "uint16", "float32"):
        paths(movie((5, 8, 16), dtype))
    for ndim in (2, 3):
        tracks = sg.link(spots(ndim), 4, memory=2, device="cuda")
        for detail in (False, True):
            sg.imsd(tracks, 1, 1, device="cuda")
            sg.emsd(tracks, 1, 1, detail=detail, device="cuda")
    for dtype in ("uint8", "uint16", "float32"):
        video = movie((6, 48, 64), dtype)
        sg.traces.extract_traces(video, [(x, x) for x in range(48)], device="cuda")
        sg.traces.along_tracks(video, spots(2).clip(0, 40), background=(4, 6), device="cuda")


def add(budget: dict[str, Any], seen: Launches) -> list[str]:
    """Add what was launched to a budget; return what was not in it."""
    missing = []
    for (file, defines), kernels in sorted(seen.items()):
        builds = budget["files"].setdefault(file, [])
        build = next((b for b in builds if constants(b["defines"]) == defines), None)
        if build is None:
            build = {"defines": dict(defines), "kernels": {}}
            builds.append(build)
        for kernel, (threads, shared) in sorted(kernels.items()):
            limits = build["kernels"].setdefault(kernel, {})
            if (limits.get("threads"), limits.get("dynamic_shared", 0)) != (threads, shared):
                missing.append(
                    f"{file} {dict(defines)} {kernel}: {threads} threads, {shared} bytes"
                )
                limits["threads"] = threads
                if shared:
                    limits["dynamic_shared"] = shared
    return missing


def main() -> None:
    """Write the budget."""
    budget = json.loads(BUDGET.read_text())
    with recorded() as seen:
        work()
    for text in add(budget, seen):
        print(text)
    BUDGET.write_text(json.dumps(budget, indent=2))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
