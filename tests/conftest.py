"""The CUDA engine in tests: the real cupy and kernels, on the simulator in tests/cudasim."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

#: The simulator has tests of its own, run by themselves.
collect_ignore = ["cudasim"]

CUDASIM = Path(__file__).parent / "cudasim"


def _missing() -> str | None:
    """Say why the simulator cannot run here."""
    if sys.version_info[:2] != (3, 11):
        return "the CUDA simulator needs Python 3.11"
    if not any(shutil.which(name) for name in ("g++", "g++-12", "g++-13", "g++-14")):
        return "the CUDA simulator needs g++ 12 or newer"
    if importlib.util.find_spec("cupy") is None:
        return "the CUDA simulator needs the packages of tests/cudasim/requirements.txt"
    return None


MISSING = _missing()
if MISSING is None:
    sys.path.insert(0, str(CUDASIM))
    import cudasim
    from cudasim.pytest_plugin import no_reports  # noqa: F401


@pytest.fixture(params=["asc", "desc", "random"])
def cuda(request: pytest.FixtureRequest) -> ModuleType:
    """Return the CUDA backend, whose threads run in one of three orders."""
    if MISSING is not None:
        pytest.skip(MISSING)
    cudasim.configure(order=request.param, seed=1)
    from spotgpu.backends import cuda as backend

    return backend
