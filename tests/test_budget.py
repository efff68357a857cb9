"""What the compilers make of every kernel, on every architecture, within kernels/budget.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KERNELS = ROOT / "kernels"
BUDGET = json.loads((KERNELS / "budget.json").read_text())
pytestmark = pytest.mark.usefixtures("device")


def test_every_kernel_is_in_the_budget() -> None:
    from cudasim.budget import unlisted

    assert unlisted(KERNELS, BUDGET) == []


@pytest.mark.parametrize("release", [13, 12])
def test_kernels_compile_within_the_budget(release: int) -> None:
    from cudasim.budget import check, find_builds
    from cudasim.config import ARCHS

    assert list(ARCHS) == BUDGET["archs"]
    builds = find_builds(KERNELS, BUDGET)
    assert {build.file for build in builds} == {path.name for path in KERNELS.glob("*.cu")}
    over = check(builds, BUDGET["archs"], BUDGET, release)
    assert not over, "\n".join(over)


def test_production_is_in_the_budget() -> None:
    import production

    with production.recorded() as seen:
        production.work()
    missing = production.add(json.loads(json.dumps(BUDGET)), seen)
    assert not missing, "\n".join([production.__doc__, *missing])


def test_every_kernel_keeps_half_of_the_device_busy() -> None:
    """None has an exception from what `check` demands."""
    kernels = [
        (file, kernel, limits)
        for file, builds in BUDGET["files"].items()
        for build in builds
        for kernel, limits in build["kernels"].items()
    ]
    assert [(file, kernel) for file, kernel, limits in kernels if "occupancy" in limits] == []


def test_options_are_those_of_production(monkeypatch: pytest.MonkeyPatch) -> None:
    import cupy
    from cudasim.budget import OPTIONS
    from cudasim.measure import CUPY_OPTIONS
    from cupy.cuda import compiler

    from spotgpu.backends.cuda import _launch

    assert OPTIONS == _launch.OPTIONS
    given = []
    compile_program = compiler._NVRTCProgram.compile

    def compile_(self, options=(), log_stream=None):
        if set(OPTIONS) <= set(options):  # not what cupy asks for itself
            given.append(options)
        return compile_program(self, options, log_stream)

    monkeypatch.setattr(compiler._NVRTCProgram, "compile", compile_)
    code = f'extern "C" __global__ void options_{id(given)}(int* p) {{ *p = 1; }}'  # not cached
    module = cupy.RawModule(code=code, options=OPTIONS, backend="nvrtc")
    module.compile()
    options = given[-1]
    architecture = {o for o in options if o.startswith("-arch")}
    assert architecture == {"-arch=sm_90"}
    others = {o for o in options if not o.startswith("-I")} - architecture
    assert others == {*OPTIONS, *CUPY_OPTIONS}
