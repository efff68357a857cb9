"""`spotgpu selftest` and `info` say what the device is, and plainly what it computes wrongly."""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

import pytest

from spotgpu.cli import main as run
from spotgpu.pipeline import selftest
from tests.tolerance import MSD_FFT


def test_every_computation_agrees(cuda: ModuleType) -> None:
    verdicts = list(selftest(64))
    assert [(v.name, v.data, v.problem) for v in verdicts if v.problem] == []
    assert {v.name for v in verdicts} >= set(cuda.__all__) - {"get", "put", "room", "difference"}
    assert {"locate", "link", "imsd"} <= {v.name for v in verdicts}
    assert all(v.cpu > 0 and v.cuda > 0 for v in verdicts)
    assert {v.name: v.tolerance for v in verdicts if v.tolerance} == {"imsd": MSD_FFT.allowed}


def test_verdict(device: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["selftest", "--side", "64"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("cupy ")
    assert "compute capability" in lines[1]
    assert sum(line.startswith("same    bandpass") for line in lines) == 4
    assert lines[-1].startswith("passed: ")
    assert lines[-1].endswith("with the CPU's bits; imsd within 1e-08, as the CPU sums by FFT")


def test_what_is_wrong_is_said(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = cuda.percentile

    def wrong(frames: Any, q: float) -> Any:
        level = right(frames, q)
        level[1] += 1
        return level

    monkeypatch.setattr(cuda, "percentile", wrong)
    assert run(["selftest", "--side", "64"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (first, *_) = (k for k, line in enumerate(lines) if line.startswith("FAILED  percentile"))
    assert "output 0 differs in 1 of 4 values, first at (1,)" in lines[first + 1]
    assert lines[-1].startswith("FAILED: ")


def test_a_kernel_that_fails_is_a_line(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import cupy

    def broken(*_: Any) -> Any:
        raise cupy.cuda.driver.CUDADriverError(719)

    monkeypatch.setattr(cuda, "select", broken)
    assert run(["selftest", "--side", "64"]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_info(device: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info"]) == 0
    text = capsys.readouterr().out
    assert "CUDA driver" in text
    assert "compute capability" in text
    assert "GB of memory" in text


def test_without_cupy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *_: None if name == "cupy" else find(name)
    )
    assert run(["info"]) == 0
    assert "none: device='cuda' needs cupy, which is not installed" in capsys.readouterr().out
    assert run(["selftest"]) == 1
    assert "error: device='cuda' needs cupy, which is not installed" in capsys.readouterr().err
