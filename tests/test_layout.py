"""Every computation has its name in every room that it belongs in."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from spotgpu.backends import cpu

ROOT = Path(__file__).parents[1]

#: Modules of the mirrors that are not a computation of their own.
SUPPORT = {"_array", "_certified", "_freed_memory", "_ordered", "_strips"}
STEMS = sorted(
    path.stem
    for path in (ROOT / "spotgpu/backends/cpu").glob("_*.py")
    if path.stem not in SUPPORT | {"__init__"}
)


def test_there_are_stems() -> None:
    assert {"_bandpass", "_percentile", "_local_max", "_centroid", "_msd"} <= set(STEMS)


@pytest.mark.parametrize("stem", STEMS)
def test_stem_is_tested_and_timed(stem: str) -> None:
    assert (ROOT / f"tests/kernels/test{stem}.py").is_file()
    assert (ROOT / f"benchmarks/bench{stem}.py").is_file()


def test_backend_offers_documented_functions() -> None:
    for name in cpu.__all__:
        function = getattr(cpu, name)
        assert inspect.isfunction(function)
        assert function.__module__.removeprefix("spotgpu.backends.cpu.") in {*STEMS, "_array"}
        for section in ("Parameters", "Returns"):
            assert f"{section}\n---" in str(inspect.getdoc(function)), name


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("spotgpu/**/*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
