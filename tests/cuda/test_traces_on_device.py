"""Traces from end to end with the kernel: the numbers of the CPU."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spotgpu import traces

#: Movies of cameras, of floats, of types that the kernel does not take, in 3D.
KINDS = {
    "uint8": ((5, 9, 11), "uint8"),
    "uint16": ((5, 9, 11), "uint16"),
    "int64": ((5, 9, 11), "int64"),
    "float16": ((5, 9, 11), "float16"),
    "float32": ((5, 9, 11), "float32"),
    "volumes": ((4, 3, 9, 11), "uint16"),
}


def scene(shape: tuple[int, ...], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a movie, and positions up to its borders in the order of its axes."""
    rng = np.random.default_rng(2)
    return rng.uniform(0, 250, shape).astype(dtype), rng.integers(0, shape[1:], (7, len(shape) - 1))


@pytest.mark.parametrize(("shape", "dtype"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("window", ["rect", "disc", "pixel"])
def test_extract_traces(cuda: ModuleType, shape: tuple[int, ...], dtype: str, window: str) -> None:
    video, coords = scene(shape, dtype)
    options: dict[str, Any] = {"size": 5, "window": window, "order": "yx"}
    found = traces.extract_traces(video, coords, device="cuda", **options)
    wanted = traces.extract_traces(video, coords, **options)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("shape", "dtype"), KINDS.values(), ids=KINDS)
def test_along_tracks(cuda: ModuleType, shape: tuple[int, ...], dtype: str) -> None:
    video, coords = scene(shape, dtype)
    rows = pd.DataFrame(coords.astype(float), columns=["z", "y", "x"][4 - len(shape) :])
    rows["frame"] = np.arange(len(rows)) % len(video)
    found = traces.along_tracks(video, rows, size=3, background=(1, 3), device="cuda")
    wanted = traces.along_tracks(video, rows, size=3, background=(1, 3))
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)


def test_files(cuda: ModuleType, tmp_path: Path) -> None:
    video, coords = scene((5, 9, 11), "uint16")
    positions = tmp_path / "positions.csv"
    pd.DataFrame(coords, columns=["y", "x"]).to_csv(positions)
    for device in ("cpu", "cuda"):
        path = tmp_path / f"{device}.parquet"
        traces.traces_file(video, path, positions=positions, background=(2, 4), device=device)
    wanted, found = (pd.read_parquet(tmp_path / f"{device}.parquet") for device in ("cpu", "cuda"))
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)
