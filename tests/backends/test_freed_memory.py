"""Freed memory stays in the process, whatever Dask has set, until it is returned."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = """
import resource
import numpy as np

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        np.ones(1 << 20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
before = faults()
import spotgpu.backends.cpu
print(before, faults() and faults())
"""
#: What every second of 20,000 small arrays leaves.
HOLES = """
import numpy as np
from spotgpu.backends.freed_memory import return_freed_memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

arrays = [np.ones(10_000, np.uint8) for _ in range(20_000)]
arrays = arrays[::2]
before = resident()
return_freed_memory()
print(before - resident())
"""
GLIBC = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="the parameters are those of glibc"
)


@GLIBC
def test_freed_memory_is_kept() -> None:
    """20 MB are 5,120 pages, which Dask's setting would have faulted in anew."""
    for setting in ({"MALLOC_TRIM_THRESHOLD_": "65536"}, {}):
        plain = {name: text for name, text in os.environ.items() if "MALLOC" not in name}
        out = subprocess.run(
            [sys.executable, "-c", FAULTS],
            env=plain | setting | {"PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert (int(out[0]) > 4000) == bool(setting)
        assert int(out[1]) < 500


@GLIBC
def test_freed_memory_is_returned_from_between_what_stays() -> None:
    """Of the 100 MB of holes, all but the pages that they share with their neighbours."""
    out = subprocess.run(
        [sys.executable, "-c", HOLES],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert int(out) > 40e6
