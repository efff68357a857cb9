"""How many instructions a warp executes, from the machine code and the memory accesses counted.

NVRTC's machine code is a graph of blocks of instructions. How often a block runs follows from the
memory accesses: the simulator counts them for each line of the source, and each load and store of
the machine code bears the line that it stems from. What flows into a block flows out of it, apart
from warps that split and meet; the flow that agrees best with the counts is found by linear
programming. Stores count most; loads that the compiler dropped or merged are expected. Subroutines
(the rare paths of a division) are not counted.
"""

from __future__ import annotations

import functools
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog

__all__ = ["Executed", "accesses", "executed"]

#: Line of the source, and whether it is written to.
Access = tuple[int, bool]

_SECTION = re.compile(r"\s*\.section\s+\.text\.(\w+)")
_LABEL = re.compile(r"^(\.L_x_\d+|\$\S+):")
_LINE = re.compile(r'//## File "[^"]*", line (\d+)')
_INSTRUCTION = re.compile(r"/\*[0-9a-f]{4,}\*/\s+(@!?U?P\w+\s+)?([A-Z][\w.]*)([^;]*);")
_WIDTHS = {".U8": 1, ".S8": 1, ".U16": 2, ".S16": 2, ".64": 8, ".128": 16}
_MEMORY = {"LDG": False, "LD": False, "LDS": False, "STG": True, "ST": True, "STS": True}
#: What the float64 units do.
_DOUBLE = re.compile(r"D(ADD|MUL|FMA|SETP|MNMX)\b|(I2F|F2I|F2F)\S*F64")

#: What it costs if the flow has more, or fewer, than the stores and loads counted; if a warp splits
#: or meets; and per instruction.
STORES, LOADS = (1.0, 1.0), (0.4, 0.05)
SPLIT, INSTRUCTION = 0.1, 1e-4


@dataclass(frozen=True)
class Executed:
    """Instructions of a warp: all, and those of the float64 units; and how sure that is."""

    instructions: float
    doubles: float
    missed: float  # of the bytes stored, the part that the flow does not explain


@dataclass
class _Block:
    instructions: list[str] = field(default_factory=list)
    bytes: Counter[Access] = field(default_factory=Counter)
    targets: list[str] = field(default_factory=list)
    goes_on: bool = True
    may_end: bool = False


def executed(
    source: str, kernel: str, options: tuple[str, ...], arch: int, counts: Mapping[Access, float]
) -> Executed:
    """Return what a warp of a kernel executes on average.

    `counts` are the bytes that a lane accesses on each line of the source, if it takes part in
    every request of its warp.
    """
    blocks, edges = _graph(_listing(source, options, arch), kernel)
    runs, missed = _flow(blocks, edges, counts)
    sizes = np.array([len(block.instructions) for block in blocks])
    doubles = np.array([sum(bool(_DOUBLE.match(i)) for i in b.instructions) for b in blocks])
    return Executed(float(runs @ sizes), float(runs @ doubles), missed)


@functools.cache
def _listing(source: str, options: tuple[str, ...], arch: int) -> str:
    from cudasim.build import cuda_tool
    from cupy.cuda import nvrtc

    program = nvrtc.createProgram(source, "kernel.cu", [], [])
    nvrtc.compileProgram(program, [*options, "-ftz=true", "-lineinfo", "-w", f"-arch=sm_{arch}"])
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(nvrtc.getCUBIN(program) + b"\0")
        file.flush()
        command = [str(cuda_tool("nvdisasm")), "-c", "-g", file.name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _graph(listing: str, kernel: str) -> tuple[list[_Block], list[tuple[int, int]]]:
    """Return the blocks of a kernel, and which may follow which."""
    blocks, labels, line = [_Block()], {}, 0
    fresh = inside = False
    for text in listing.splitlines():
        if found := _SECTION.match(text):
            inside = found[1] == kernel
        elif not inside:
            continue
        elif found := _LABEL.match(text):
            if found[1].startswith("$"):
                break  # a subroutine
            if blocks[-1].instructions:
                blocks.append(_Block())
            labels[found[1]] = len(blocks) - 1
        elif found := _LINE.search(text):
            line, fresh = (line if fresh else int(found[1])), True  # the innermost of inlined ones
        elif found := _INSTRUCTION.search(text):
            fresh = False
            if _add(blocks[-1], found[1], found[2], found[3], line):
                blocks.append(_Block())
    edges = [(i, labels[t]) for i, b in enumerate(blocks) for t in b.targets if t in labels]
    edges += [(i, i + 1) for i, b in enumerate(blocks[:-1]) if b.goes_on]
    return _reachable(blocks, sorted(set(edges)))


def _add(block: _Block, predicate: str | None, name: str, rest: str, line: int) -> bool:
    """Add an instruction; return whether it ends the block."""
    kind = name.split(".", maxsplit=1)[0]
    if kind == "NOP":
        return False
    block.instructions.append(name)
    if kind in _MEMORY:
        width = next((n for suffix, n in _WIDTHS.items() if suffix in name), 4)
        block.bytes[line, _MEMORY[kind]] += width
    if kind == "BRA":
        block.targets += re.findall(r"\.L_x_\d+", rest)
        block.goes_on = predicate is not None or bool(re.search(r"!?U?P\d\s*,", rest))
    elif kind in {"EXIT", "RET"}:
        block.goes_on, block.may_end = predicate is not None, predicate is not None
    return kind in {"BRA", "EXIT", "RET"}


def _reachable(
    blocks: list[_Block], edges: list[tuple[int, int]]
) -> tuple[list[_Block], list[tuple[int, int]]]:
    seen, waiting = {0}, [0]
    while waiting:
        here = waiting.pop()
        for a, b in edges:
            if a == here and b not in seen:
                seen.add(b)
                waiting.append(b)
    number = {old: new for new, old in enumerate(sorted(seen))}
    return [blocks[i] for i in number], [(number[a], number[b]) for a, b in edges if a in seen]


def _flow(
    blocks: list[_Block], edges: list[tuple[int, int]], counts: Mapping[Access, float]
) -> tuple[np.ndarray, float]:
    """Return how often each block runs.

    Variables, all >= 0: runs of the blocks, of the edges, of ends; by how much more flows out than
    in (a warp splits) and in than out (it meets again); what the bytes of each access miss.
    """
    n, accesses = len(blocks), sorted({a for b in blocks for a in b.bytes} & set(counts))
    run, edge = 0, n
    end = edge + len(edges)
    split, meet = end + n, end + 2 * n
    over, under = end + 3 * n, end + 3 * n + len(accesses)
    size = under + len(accesses)
    cost = np.zeros(size)
    cost[run:edge] = [INSTRUCTION * len(block.instructions) for block in blocks]
    cost[split:over] = SPLIT
    for k, (_, written) in enumerate(accesses):
        more, fewer = STORES if written else LOADS
        cost[over + k], cost[under + k] = more / 4, fewer / 4
    equal, values, most = [], [], []
    for i, block in enumerate(blocks):
        into, out = np.zeros(size), np.zeros(size)
        into[run + i], into[meet + i] = 1, 1
        out[run + i], out[split + i] = -1, -1
        for k, (a, b) in enumerate(edges):
            into[edge + k] -= b == i
            out[edge + k] += a == i
            if a == i:
                most.append(_at_most(size, edge + k, run + i))
        if block.may_end or not any(a == i for a, _ in edges):
            out[end + i] = 1
            most.append(_at_most(size, end + i, run + i))
        most.append(_at_most(size, split + i, run + i))
        equal += [into, out]
        values += [float(i == 0), 0.0]
    for k, access in enumerate(accesses):
        row = np.zeros(size)
        row[run:edge] = [block.bytes[access] for block in blocks]
        row[over + k], row[under + k] = -1, 1
        equal.append(row)
        values.append(counts[access])
    found = linprog(cost, np.array(most), np.zeros(len(most)), np.array(equal), values)
    if not found.success:
        raise RuntimeError(f"no flow: {found.message}")
    stored = [k for k, (_, written) in enumerate(accesses) if written]
    missed = sum(found.x[over + k] + found.x[under + k] for k in stored)
    total = sum(counts[accesses[k]] for k in stored)
    return found.x[run:edge], missed / total if total else 0.0


def _at_most(size: int, smaller: int, larger: int) -> np.ndarray:
    row = np.zeros(size)
    row[smaller], row[larger] = 1, -1
    return row


def accesses(rows: Iterable[Mapping[str, object]], warps: int) -> dict[Access, float]:
    """Return `counts` for `executed`, of the rows of `cudasim.counters` and the warps counted."""
    found: Counter[Access] = Counter()
    for row in rows:
        line = int(str(row["line"]).rpartition(":")[2])
        written = str(row["access"]).endswith("write")
        found[line, written] += int(str(row["requests"])) * int(str(row["bytes"])) / warps
    return dict(found)
