"""Static gate: NVRTC for every architecture; registers, spills, shared memory, occupancy, SASS.

A budget is a JSON file:

    {"options": ["-std=c++17", "-fmad=false"], "archs": [75, 90],
     "files": {"maxima.cu": {
         "defines": {"RADIUS": 3}, "headers": ["common.cuh"],
         "kernels": {"find_maxima": {"threads": 256, "dynamic_shared": 2128, "registers": 40,
                                     "occupancy": 0.5, "sass": {"DADD": 0, "LDG": 12}}}}}}

`headers` are texts put before the source. Spills and stack are never allowed unless the kernel
says "stack": BYTES. A kernel that is a template is compiled if the budget names it ("f<true>").
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from .build import cuda_tool, find_kernels
from .config import ARCHS, parse_arch

OPTIONS = ["-std=c++17", "-fmad=false"]
CUPY_OPTIONS = ["-ftz=true", "--device-as-default-execution-space"]  # cupy adds these
_WIDE = {"LDG", "STG", "LDS", "STS"}
_SHOWN = _WIDE | {"LDL", "STL", "FFMA", "FADD", "FMUL", "DFMA", "DADD", "DMUL"}
_SHOWN |= {"BAR", "SHFL", "VOTE", "ATOMG", "RED", "CALL"}
_INSTRUCTION = re.compile(r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)")
_USAGE = re.compile(r"Function (\S+):\s+REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+)")


class GateError(RuntimeError):
    """A kernel file does not compile, or compiles with warnings."""


def compile_cubin(
    source: str, name: str, options: list[str], arch: int, expressions: list[str]
) -> tuple[bytes, dict[str, str]]:
    """Compile with NVRTC; return the binary and the kernels' names by lowered name."""
    from cupy.cuda import nvrtc

    program = nvrtc.createProgram(source, name, [], [])
    for expression in expressions:
        nvrtc.addNameExpression(program, expression)
    try:
        nvrtc.compileProgram(program, [*options, *CUPY_OPTIONS, f"-arch=sm_{arch}"])
        log = nvrtc.getProgramLog(program).strip()
    except nvrtc.NVRTCError:
        raise GateError(nvrtc.getProgramLog(program)) from None
    if "warning" in log:
        raise GateError(log)
    names = {nvrtc.getLoweredName(program, e): e for e in expressions}
    cubin = nvrtc.getCUBIN(program) + b"\0"  # cupy drops the last byte
    nvrtc.destroyProgram(program)
    return cubin, names


def _dump(flag: str, path: str) -> str:
    command = [str(cuda_tool("cuobjdump")), flag, path]
    environment = {"PATH": str(cuda_tool("nvdisasm").parent)}
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    ).stdout


def inspect(cubin: bytes, names: dict[str, str], arch: int) -> dict[str, dict]:
    """Return registers, stack, shared memory and instruction counts of every kernel."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        usage, sass = _dump("--dump-resource-usage", file.name), _dump("-sass", file.name)
    reserved = 1024 if arch >= 90 else 0  # cuobjdump counts it from sm_90 on
    found = {}
    for m in _USAGE.finditer(usage):
        registers, stack, shared, local = (int(x) for x in m.groups()[1:])
        found[m[1]] = {"registers": registers, "stack": stack + local}
        found[m[1]]["shared"] = max(0, shared - reserved)
    for part in sass.split("Function : ")[1:]:
        kernel = part.split()[0]
        if kernel in found:
            found[kernel]["sass"] = _count(_INSTRUCTION.findall(part))
    return {names.get(kernel, kernel): value for kernel, value in found.items()}


def _count(instructions: list[str]) -> Counter:
    counts: Counter = Counter()
    for instruction in instructions:
        name = instruction.split(".")[0]
        counts["total"] += name != "NOP"
        counts[name] += 1
        if name in _WIDE and ".128" in instruction:
            counts[f"{name}.128"] += 1
    return counts


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


def _violations(kernel: dict, budget: dict, arch: int, used: float, threads: int) -> list[str]:
    bad = []
    if kernel["stack"] > budget.get("stack", 0):
        bad.append(f"stack or spills: {kernel['stack']} bytes > {budget.get('stack', 0)}")
    if kernel["registers"] * threads > ARCHS[arch].registers_sm:
        bad.append(f"{threads} threads of {kernel['registers']} registers cannot be launched")
    if kernel["shared"] + budget.get("dynamic_shared", 0) > ARCHS[arch].shared_block:
        bad.append(f"shared memory over {ARCHS[arch].shared_block} bytes a block")
    for name in ("registers", "shared"):
        if name in budget and kernel[name] > budget[name]:
            bad.append(f"{name}: {kernel[name]} > {budget[name]}")
    if used < budget.get("occupancy", 0):
        bad.append(f"occupancy: {used:.0%} < {budget['occupancy']:.0%}")
    for name, most in budget.get("sass", {}).items():
        if kernel["sass"][name] > most:
            bad.append(f"{name}: {kernel['sass'][name]} > {most}")
    return bad


def check_file(path: Path, budget: dict, options: list[str], archs: list[int]) -> list[str]:
    """Print one line per kernel and architecture; return what is over budget."""
    own = budget.get("files", {}).get(path.name, {})
    headers = sorted(path.parent.glob("*.cuh"))
    source = "\n".join(header.read_text() for header in headers)
    source += path.read_text()
    kernels = own.get("kernels", {})
    plain = [d.name for d in find_kernels(source) if not d.is_template]
    expressions = [*plain, *(name for name in kernels if name not in plain)]
    if not expressions:
        return []
    defines = [f"-D{name}={value}" for name, value in own.get("defines", {}).items()]
    bad = []
    for arch in archs:
        try:
            cubin, names = compile_cubin(source, path.name, [*options, *defines], arch, expressions)
        except GateError as error:
            bad.append(f"{path.name} sm_{arch}: {error}")
            continue
        for name, found in inspect(cubin, names, arch).items():
            limits = kernels.get(name, {})
            threads, dynamic = limits.get("threads", 256), limits.get("dynamic_shared", 0)
            used = occupancy(arch, found["registers"], found["shared"] + dynamic, threads)
            sass = found.setdefault("sass", Counter())
            shown = " ".join(f"{k}:{v}" for k, v in sorted(sass.items()) if k in _SHOWN)
            print(
                f"{path.name:18} {name:24} sm_{arch:<3} regs {found['registers']:3d} "
                f"stack {found['stack']:3d} smem {found['shared']:5d}+{dynamic:<6d} "
                f"occ {used:4.0%} sass {sass['total']:5d} {shown}"
            )
            over = _violations(found, limits, arch, used, threads)
            bad += [f"{path.name} {name} sm_{arch}: {text}" for text in over]
    return bad


def _gate(options: argparse.Namespace) -> int:
    budget = json.loads(options.budget.read_text()) if options.budget else {}
    archs = [parse_arch(str(a)) for a in options.arch or budget.get("archs", list(ARCHS))]
    flags = budget.get("options", OPTIONS) + [f"-D{d}" for d in options.define]
    bad = []
    files = sorted(options.folder.glob("*.cu"))
    for path in files:
        bad += check_file(path, budget, flags, archs)
    for text in bad:
        print(f"OVER BUDGET: {text}")
    print(f"{len(files)} files, {len(archs)} architectures, {len(bad)} over budget")
    return 1 if bad or not files else 0


def add_command(commands) -> None:
    """Add `gate` to the command line."""
    gate = commands.add_parser("gate", help="compile kernels with NVRTC and check a budget")
    gate.add_argument("folder", type=Path)
    gate.add_argument("--budget", type=Path)
    gate.add_argument("--arch", nargs="*", metavar="sm_90")
    gate.add_argument("-D", dest="define", action="append", default=[], metavar="NAME=VALUE")
    gate.set_defaults(function=_gate)
