"""Compile kernels with NVRTC for every architecture, and see what has become of them."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import sass
from .config import ARCHS, cache_dir
from .nvrtc import CompileError, nvrtc

CUPY_OPTIONS = ("-ftz=true", "--device-as-default-execution-space")  # cupy adds these
#: Programs that are compiled side by side.
WORKERS = 2


@dataclass(frozen=True)
class Build:
    """A kernel file with one set of constants, and what the budget says of its kernels."""

    file: str
    number: int
    source: str
    options: tuple[str, ...]
    expressions: tuple[str, ...]
    kernels: dict[str, dict] = field(hash=False, compare=False)

    def __str__(self) -> str:
        constants = [o.removeprefix("-D") for o in self.options if o.startswith("-D")]
        return " ".join([self.file, *constants])


def _cached(build: Build, arch: int, release: int) -> Path:
    tools = [Path(__file__).with_name(name).read_text() for name in ("measure.py", "sass.py")]
    parts = (build.source, build.options, build.expressions, arch, nvrtc(release).version, tools)
    return cache_dir() / "gate" / f"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}.json"


def _compile(build: Build, arch: int, release: int) -> tuple[bytes, dict[str, str]] | str:
    options = [*build.options, *CUPY_OPTIONS, f"-arch=sm_{arch}"]
    try:
        compiled = nvrtc(release).compile(
            build.source, build.file, options, list(build.expressions)
        )
    except CompileError as error:
        return str(error)
    return compiled.cubin, compiled.names


def _measure_arch(
    builds: list[Build], arch: int, release: int, pool: ThreadPoolExecutor
) -> list[dict | str]:
    paths = [_cached(build, arch, release) for build in builds]
    found: list[dict | str | None] = [
        json.loads(path.read_text()) if path.exists() else None for path in paths
    ]
    missing = [i for i, value in enumerate(found) if value is None]
    compiled = pool.map(lambda i: _compile(builds[i], arch, release), missing)
    binaries = {}
    for i, result in zip(missing, compiled, strict=True):
        if isinstance(result, str):
            found[i] = result
        else:
            binaries[i] = result
    tables = sass.read([cubin for cubin, _ in binaries.values()], arch)
    for (i, (_, names)), table in zip(binaries.items(), tables, strict=True):
        found[i] = {names.get(name, name): value for name, value in table.items()}
        paths[i].parent.mkdir(exist_ok=True)
        partial = paths[i].with_suffix(".partial")
        partial.write_text(json.dumps(found[i]))
        partial.replace(paths[i])
    return found


def measure(
    builds: list[Build], archs: list[int], release: int = 13
) -> dict[int, list[dict | str]]:
    """Compile everything; return by architecture, for each build, its kernels or the log.

    A kernel is a dict of "registers", "stack", "shared" and "sass". Results are kept in the cache
    under all that decides them.
    """
    nvrtc(release)
    with ThreadPoolExecutor(WORKERS) as pool, ThreadPoolExecutor(WORKERS) as runs:
        work = [runs.submit(_measure_arch, builds, arch, release, pool) for arch in archs]
        return {arch: done.result() for arch, done in zip(archs, work, strict=True)}


def occupancy(arch: int, registers: int, shared: int, threads: int) -> float:
    """Return resident threads over the most possible, by the limits of the architecture."""
    limits = ARCHS[arch]
    warps = -(-threads // 32)
    warp_registers = -(-max(registers, 1) * 32 // 256) * 256
    blocks = min(
        limits.threads_sm // 32 // warps,
        limits.blocks_sm,
        limits.registers_sm // warp_registers // warps,
        limits.shared_sm // max(1, shared + limits.reserved),
    )
    return blocks * warps * 32 / limits.threads_sm
