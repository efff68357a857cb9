"""Which backend computes, and what is said where there is no device."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import warnings
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spotgpu import SpotgpuError, backends
from spotgpu.backends import cpu


@pytest.fixture
def without_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    backends._say_once.cache_clear()
    find = importlib.util.find_spec

    def absent(name: str, *rest: Any) -> Any:
        return None if name == "cupy" else find(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", absent)


def test_each_kind_of_array_has_its_own(cuda: ModuleType) -> None:
    import cupy

    assert backends.of(np.zeros(1)) is cpu
    assert backends.of(cupy.zeros(1)) is cuda
    with pytest.raises(TypeError, match="`array` must be a numpy or cupy array, got list"):
        backends.of([0])


def test_asked_for(cuda: ModuleType) -> None:
    assert backends.on("cpu") is cpu
    assert backends.on("cuda") is cuda
    assert backends.on("auto") is cuda
    with pytest.raises(ValueError, match="`device` must be"):
        backends.on("gpu")


def test_cuda_without_cupy(without_cupy: None) -> None:
    with pytest.raises(
        SpotgpuError, match=r"needs cupy, which is not installed: pip install '.*13"
    ):
        backends.on("cuda")


def test_auto_without_cupy_says_so_once(without_cupy: None) -> None:
    with pytest.warns(UserWarning, match="device='auto' computes on the CPU: 'cuda' needs cupy"):
        assert backends.on("auto") is cpu
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert backends.on("auto") is cpu


def test_cupy_without_a_device(cuda: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import cupy

    runtime = cupy.cuda.runtime
    none = SimpleNamespace(getDeviceCount=lambda: 0, CUDARuntimeError=runtime.CUDARuntimeError)
    monkeypatch.setattr(cupy.cuda, "runtime", none)
    with pytest.raises(SpotgpuError, match="needs a CUDA device, there is none"):
        backends.on("cuda")

    def no_driver() -> int:
        raise runtime.CUDARuntimeError(35)

    none.getDeviceCount = no_driver
    with pytest.raises(SpotgpuError, match="needs a CUDA device and its driver: cuda"):
        backends.on("cuda")


def test_devices_that_are_too_old(cuda: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from spotgpu.backends.cuda import device

    assert device.usable() == [0]
    monkeypatch.setattr(device, "OLDEST", 95)
    assert device.usable() == []
    with pytest.raises(SpotgpuError, match=r"capability 9\.5 or more, .*: device 0 .* has 9\.0"):
        backends.on("cuda")
    # One that is new enough is of no use if it is not the current one.
    monkeypatch.setattr(device, "usable", lambda: [1])
    with pytest.raises(SpotgpuError, match="which the first that CUDA_VISIBLE_DEVICES names must"):
        backends.on("cuda")


def test_there_and_back(cuda: ModuleType) -> None:
    given = np.arange(12, dtype=np.uint16).reshape(3, 4).T
    there = cuda.put(given)
    assert there.flags.c_contiguous
    np.testing.assert_array_equal(cuda.get(there), given)
    assert cpu.put(given) is given
    assert cpu.get(given) is given


@pytest.mark.parametrize("module", ["spotgpu", "spotgpu.backends", "spotgpu.detect"])
def test_no_cupy_is_imported(module: str) -> None:
    code = f"import sys, {module}; sys.exit('cupy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
