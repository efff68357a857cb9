"""Static gate: NVRTC for every architecture; registers, spills, shared memory, occupancy, SASS.

`budget.py` says what a budget looks like, and what `--update` writes into it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .budget import OPTIONS, check, find_builds, unlisted, update
from .config import ARCHS, parse_arch
from .measure import Build, measure, occupancy

_SHOWN = {"LDG", "STG", "LDS", "STS", "LDL", "STL", "FFMA", "FADD", "FMUL", "float64"}
_SHOWN |= {"BAR", "SHFL", "VOTE", "ATOMG", "RED", "CALL"}


def _line(build: Build, name: str, kernel: dict, arch: int) -> str:
    limits = build.kernels.get(name, {})
    threads, dynamic = limits.get("threads", 256), limits.get("dynamic_shared", 0)
    used = occupancy(arch, kernel["registers"], kernel["shared"] + dynamic, threads)
    counts = kernel["sass"]
    shown = " ".join(f"{k}:{v}" for k, v in sorted(counts.items()) if k in _SHOWN and v)
    return (
        f"{build.file:18} {build.number} {name:24} sm_{arch:<3} regs {kernel['registers']:3d} "
        f"stack {kernel['stack']:3d} smem {kernel['shared']:5d}+{dynamic:<6d} "
        f"occ {used:4.0%} sass {counts['total']:5d} {shown}"
    )


def _gate(options: argparse.Namespace) -> int:
    budget = json.loads(options.budget.read_text()) if options.budget else {}
    archs = [parse_arch(str(a)) for a in options.arch or budget.get("archs", list(ARCHS))]
    flags = (*OPTIONS, *(f"-D{d}" for d in options.define))
    builds = find_builds(options.folder, budget, flags)
    if options.update:
        budget.setdefault("archs", archs)
        update(builds, budget, archs, options.budget)
    for arch, results in measure(builds, archs, options.nvrtc).items():
        for build, kernels in zip(builds, results, strict=True):
            for name, kernel in {} if isinstance(kernels, str) else kernels.items():
                print(_line(build, name, kernel, arch))
    bad = unlisted(options.folder, budget) if options.budget else []
    bad += check(builds, archs, budget, options.nvrtc)
    for text in bad:
        print(f"OVER BUDGET: {text}")
    print(f"{len(builds)} builds, {len(archs)} architectures, {len(bad)} over budget")
    return 1 if bad or not builds else 0


def add_command(commands) -> None:
    """Add `gate` to the command line."""
    gate = commands.add_parser("gate", help="compile kernels with NVRTC and check a budget")
    gate.add_argument("folder", type=Path)
    gate.add_argument("--budget", type=Path)
    gate.add_argument("--update", action="store_true", help="write what is measured into it")
    gate.add_argument("--arch", nargs="*", metavar="sm_90")
    gate.add_argument("--nvrtc", type=int, choices=[12, 13], default=13, help="release")
    gate.add_argument("-D", dest="define", action="append", default=[], metavar="NAME=VALUE")
    gate.set_defaults(function=_gate)
