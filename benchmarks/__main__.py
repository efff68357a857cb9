"""Run every case, or those whose name contains a word given, and print the table.

Usage: python -m benchmarks [WORD ...]     (exit code 1 if a ratio is below what its case asks for)
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import platform
import sys

# One thread each: the ratio is of algorithms, not of how many cores a library takes.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import benchmarks
from benchmarks.interleaved import Case, measure


def cases(words: list[str]) -> list[Case]:
    """Return the cases of all bench modules, in the order of their files."""
    found: list[Case] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__)):
        if module.startswith("bench_"):
            found += importlib.import_module(f"benchmarks.{module}").CASES
    return [c for c in found if not words or any(word in c.name for word in words)]


def main() -> int:
    """Print one row a case as it is measured."""
    print(f"{platform.machine()}, Python {platform.python_version()}, one BLAS thread")
    print("| case | peer | peer ms | spotgpu ms | ratio (min .. max) | asked |")
    print("|---|---|---|---|---|---|")
    missed = 0
    for case in cases(sys.argv[1:]):
        result = measure(case)
        missed += not result.reached
        asked = "-" if case.at_least is None else f">= {case.at_least:g}x"
        print(
            f"| {case.name} | {case.peer} | {1e3 * min(result.peer):.3g} "
            f"| {1e3 * min(result.ours):.3g} | **{result.ratio:.1f}x** "
            f"({min(result.ratios):.1f} .. {max(result.ratios):.1f}) "
            f"| {asked}{'' if result.reached else ' MISSED'} |",
            flush=True,
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
