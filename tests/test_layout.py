"""Every computation has its name in every room that it belongs in."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from spotgpu.backends import cpu

ROOT = Path(__file__).parents[1]
BACKENDS = ROOT / "spotgpu/backends"

#: Modules that are not a computation of their own.
SUPPORT = {
    "cpu": {
        "_array",
        "_certified",
        "_jit",
        "_jit_assign",
        "_jit_bandpass",
        "_jit_between",
        "_jit_lanes",
        "_jit_pixels",
        "_jit_ramp",
        "_jit_spots",
        "_jit_windows",
        "_loops",
        "_ordered",
        "_planes",
        "_strips",
        "_trees",
        "_window_blocks",
    },
    "cuda": {"_array", "_launch"},
}


def stems(backend: str) -> set[str]:
    names = {path.stem for path in (BACKENDS / backend).glob("_*.py")} - {"__init__"}
    return {name[1:] for name in names - SUPPORT[backend]}


STEMS = sorted(stems("cpu"))


def tree(backend: str, module: str) -> ast.Module:
    return ast.parse((BACKENDS / backend / f"{module}.py").read_text())


def names(module: ast.Module) -> list[str]:
    """Return `__all__`."""
    for node in module.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    raise AssertionError("no __all__")


def signatures(module: ast.Module) -> dict[str, tuple[list[str], ...]]:
    """Return names, kinds and defaults of the arguments of the functions that are public."""
    found = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            given = node.args
            stars = [
                given.vararg.arg if given.vararg else "",
                given.kwarg.arg if given.kwarg else "",
            ]
            groups = [
                [a.arg for a in part] for part in (given.posonlyargs, given.args, given.kwonlyargs)
            ]
            defaults = [ast.unparse(d) if d else "" for d in (*given.defaults, *given.kw_defaults)]
            found[node.name] = (*groups, stars, defaults)
    return found


def test_there_are_stems() -> None:
    assert {"bandpass", "percentile", "local_max", "centroid", "msd"} <= set(STEMS)


@pytest.mark.parametrize("stem", STEMS)
def test_stem_is_in_five_rooms(stem: str) -> None:
    for path in (
        f"kernels/{stem}.cu",
        f"spotgpu/backends/cpu/_{stem}.py",
        f"spotgpu/backends/cuda/_{stem}.py",
        f"tests/kernels/test_{stem}.py",
        f"benchmarks/bench_{stem}.py",
    ):
        assert (ROOT / path).is_file(), path


def test_nothing_is_in_some_rooms_only() -> None:
    assert stems("cuda") == set(STEMS)
    assert {path.stem for path in (ROOT / "kernels").glob("*.cu")} == set(STEMS)
    assert {path.stem[5:] for path in (ROOT / "tests/kernels").glob("test_*.py")} == set(STEMS)


@pytest.mark.parametrize("module", ["__init__", "_array", *(f"_{stem}" for stem in STEMS)])
def test_backends_offer_the_same(module: str) -> None:
    mirror, device = (tree(backend, module) for backend in ("cpu", "cuda"))
    assert names(device) == names(mirror)
    assert signatures(device) == signatures(mirror)
    if module != "__init__":
        assert set(signatures(mirror)) == set(names(mirror))


@pytest.mark.parametrize("stem", STEMS)
def test_launcher_launches(stem: str) -> None:
    functions = [
        node for node in ast.walk(tree("cuda", f"_{stem}")) if isinstance(node, ast.FunctionDef)
    ]
    for function in functions:
        assert function.end_lineno - function.lineno < 30, function.name
    for function in functions:
        if not function.name.startswith("_"):
            assert f"`spotgpu.backends.cpu.{function.name}`" in str(ast.get_docstring(function))


def test_backend_offers_documented_functions() -> None:
    for name in cpu.__all__:
        function = getattr(cpu, name)
        assert inspect.isfunction(function)
        module = function.__module__.removeprefix("spotgpu.backends.cpu._")
        assert module in {*STEMS, "array"}
        for section in ("Parameters", "Returns"):
            assert f"{section}\n---" in str(inspect.getdoc(function)), name


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("spotgpu/**/*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", sorted(ROOT.glob("kernels/*.cu*")), ids=lambda p: p.name)
def test_kernel_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 150
