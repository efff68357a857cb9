"""`link` on the device gives the CPU's tables exactly, ties included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spotgpu.linking._chunks as chunks_module
import spotgpu.linking._memory as memory_module
from spotgpu.errors import SpotgpuError
from spotgpu.linking import link

pytestmark = pytest.mark.usefixtures("cuda")


def same(f: pd.DataFrame, search_range: Any, **options: Any) -> pd.DataFrame:
    """Return the table of both devices."""
    expected = link(f, search_range, **options)
    pd.testing.assert_frame_equal(link(f, search_range, **options, device="cuda"), expected)
    return expected


def lattice(frames: int, side: int, seed: int) -> pd.DataFrame:
    """Return points of a lattice, some missing, that step by one or stay: full of ties."""
    rng = np.random.default_rng(seed)
    frame, y, x = np.nonzero(rng.uniform(size=(frames, side, side)) < 0.35)
    return pd.DataFrame({"y": 2.0 * y + frame % 2, "x": 2.0 * x, "frame": frame})


@pytest.mark.parametrize("memory", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(("ndim", "blink"), [(2, 0.05), (2, 0.4), (3, 0.2)])
def test_movies(brownian: Callable[..., Any], ndim: int, blink: float, memory: int) -> None:
    f = brownian(16, 60, ndim=ndim, blink=blink, candidates=0.8, seed=memory)
    f = f[~f["frame"].isin([0, 5, 6, 7, 8, 12])]
    linked = same(f, 5, memory=memory)
    assert linked["particle"].nunique() < len(linked) * 0.7


@pytest.mark.parametrize("memory", [0, 2])
def test_streams_agree(streams: str, brownian: Callable[..., Any], memory: int) -> None:
    same(brownian(8, 60, blink=0.1, candidates=0.8), 5, memory=memory)


@pytest.mark.parametrize("most", [1, 2, 10])
@pytest.mark.parametrize("memory", [0, 2])
def test_few_candidates(brownian: Callable[..., Any], memory: int, most: int) -> None:
    same(brownian(8, 80, candidates=3), 5, memory=memory, max_candidates=most)


@pytest.mark.parametrize("memory", [0, 2])
@pytest.mark.parametrize("search_range", [(2, 4.0, 6.5), (3.0, 3.0, 1e-3)])
def test_range_of_each_axis(
    brownian: Callable[..., Any], search_range: tuple[float, ...], memory: int
) -> None:
    same(brownian(8, 80, ndim=3, candidates=1), search_range, memory=memory)


@pytest.mark.parametrize("search_range", [1.0, 2.0, np.sqrt(5), 2.3])
@pytest.mark.parametrize("memory", [0, 1])
def test_ties(search_range: float, memory: int) -> None:
    f = lattice(6, 9, seed=1)
    linked = same(f, search_range, memory=memory)
    assert 1 < linked["particle"].nunique() < len(f)


def test_points_in_one_spot() -> None:
    spot = {"y": np.ones(60), "x": np.zeros(60)}
    frame = np.repeat([0, 1, 3], 20)
    assert same(pd.DataFrame({**spot, "frame": frame}), 5)["particle"].nunique() == 50
    same(pd.DataFrame({**spot, "frame": frame}), 5, memory=1, max_candidates=3)
    every = same(pd.DataFrame({**spot, "frame": frame[::-1]}), 5, max_candidates=100)
    assert every["particle"].nunique() == 40


@pytest.mark.parametrize("memory", [0, 3])
def test_hardly_any_points(memory: int) -> None:
    whole = pd.DataFrame({"y": [0.0, 1, 2], "x": [0.0, 0, 90], "frame": [3, 4, 9]})
    for n in range(4):
        same(whole[:n], 5, memory=memory)
    same(whole.assign(frame=[0, 2**40, 2**41]), 5, memory=memory)
    same(whole.assign(frame=1), 5, memory=memory)


@pytest.mark.parametrize("columns", [["x"], ["x", "y", "z", "w"]])
def test_any_number_of_axes(columns: list[str]) -> None:
    rng = np.random.default_rng(0)
    f = pd.DataFrame(rng.uniform(0, 12, (200, 4)), columns=["x", "y", "z", "w"])
    f["frame"] = rng.integers(0, 6, 200)
    same(f, 2.5, pos_columns=columns)


@pytest.mark.parametrize("memory", [0, 2])
def test_chunks(brownian: Callable[..., Any], memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    f = brownian(12, 40, candidates=1.0, blink=0.2)
    whole = link(f, 5, memory=memory)
    for module in (chunks_module, memory_module):
        monkeypatch.setattr(module, "POINTS", 70)
    monkeypatch.setattr(chunks_module, "BYTES", 2**50)
    pd.testing.assert_frame_equal(link(f, 5, memory=memory, device="cuda"), whole)


def test_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise MemoryError("all gone")

    f = pd.DataFrame({"y": [0.0, 1], "x": [0.0, 0], "frame": [3, 4]})
    monkeypatch.setattr("spotgpu.linking._link.previous_points", full)
    with pytest.raises(SpotgpuError, match=r"no memory for links .* \(all gone\): make it smaller"):
        link(f, 5, device="cuda")
    with pytest.raises(MemoryError, match="all gone"):
        link(f, 5)
