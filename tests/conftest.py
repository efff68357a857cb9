"""The CUDA engine in tests: the real cupy and the kernels, on the simulator in tests/cudasim.

The environment chooses how: `CUDASIM_CHECK=race` checks every access to memory (out of bounds,
uninitialised, races, misused barriers), `off`, which is the default, runs as fast as it can;
`CUDASIM_DEVICE=sm_75` has the limits of another device. A test that leaves reports fails.
With `CUDASIM=off` the tests of kernels run on the GPU of this machine instead.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

#: The simulator has tests of its own, run by themselves.
collect_ignore = ["cudasim"]

ROOT = Path(__file__).parents[1]
CUDASIM = ROOT / "tests/cudasim"

sys.path.insert(0, str(CUDASIM))
import cudasim  # noqa: E402
from cudasim.supported import unsupported  # noqa: E402

#: Do kernels run on the simulator?
SIMULATED = os.environ.get("CUDASIM") != "off"


def _missing() -> str | None:
    """Say why no kernel can run here."""
    if not SIMULATED:
        return None
    if (reason := unsupported()) is not None:
        return f"the CUDA simulator {reason}"
    if importlib.util.find_spec("cupy") is None:
        return "the CUDA simulator needs `make simulator`"
    return None


MISSING = _missing()
if MISSING is not None and os.environ.get("CUDASIM_REQUIRED"):
    # Set by `make test` where the simulator can run: there, nothing is skipped for want of it.
    raise pytest.UsageError(MISSING)
if SIMULATED and MISSING is None:
    from cudasim.pytest_plugin import no_reports  # noqa: F401


@pytest.fixture(scope="session")
def device() -> None:
    """Skip, and say why, where no kernel can run."""
    if MISSING is not None:
        pytest.skip(MISSING)


@pytest.fixture(params=["asc", "desc", "random"])
def cuda(request: pytest.FixtureRequest, device: None) -> ModuleType:
    """Return the CUDA backend, whose lanes, warps and blocks run in one of three orders."""
    if SIMULATED:
        cudasim.configure(order=request.param, seed=1)
    elif request.param != "asc":
        pytest.skip("a GPU has an order of its own")
    from spotgpu.backends import cuda as backend

    return backend


@pytest.fixture(params=["eager", "lazy", "random"])
def streams(request: pytest.FixtureRequest, device: None) -> str:
    """Let the work on streams run at once, as late as CUDA allows, or at any time between."""
    if SIMULATED:
        cudasim.configure(streams=request.param, seed=1)
    elif request.param != "eager":
        pytest.skip("a GPU has a time of its own")
    return request.param


@pytest.fixture
def simulated(device: None, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs Python in a process of its own, which has a device too.

    ``simulated("-m", "spotgpu", "info")`` runs a module, ``simulated(code="import cupy")`` a text.
    Keywords are options of `python -m cudasim run`, that hold for a whole process: `check`,
    `order`, `seed`, `streams`, `device`, `threads`.
    """

    def run(
        *arguments: object, code: str | None = None, **options: object
    ) -> subprocess.CompletedProcess[str]:
        given = [str(argument) for argument in arguments]
        if code is not None:
            script = tmp_path / "script.py"
            script.write_text(code)
            given.insert(0, str(script))
        flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        launcher = ["-m", "cudasim", "run", *flags] if SIMULATED else []
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(CUDASIM), str(ROOT)])}
        command = [sys.executable, *launcher, *given]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment
        )

    return run
