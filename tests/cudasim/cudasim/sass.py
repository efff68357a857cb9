"""What is in a compiled kernel: registers, stack, shared memory, and instructions by name."""

from __future__ import annotations

import re
import struct
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from .build import cuda_tool

#: Loads and stores of which the widest are counted by themselves too, as "LDG.128".
_WIDE = {"LDG", "STG", "LDS", "STS"}
_LINE = re.compile(r"/\*([0-9a-f]{4,})\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)")
_USAGE = re.compile(r"Function (\S+):\s+REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+)")
_DOUBLE = re.compile(r"D(?:ADD|MUL|FMA|SETP|MNMX|MMA)\b|.*\.F64\b|MUFU\.\w+64H")


def resources(cubin: bytes, arch: int) -> dict[str, dict]:
    """Return registers, bytes of stack and bytes of static shared memory of every kernel."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        command = [str(cuda_tool("cuobjdump")), "--dump-resource-usage", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    reserved = 1024 if arch >= 90 else 0  # cuobjdump counts it from sm_90 on
    found = {}
    for m in _USAGE.finditer(done.stdout):
        registers, stack, shared, local = (int(x) for x in m.groups()[1:])
        shared = max(0, shared - reserved)
        found[m[1]] = {"registers": registers, "stack": stack + local, "shared": shared}
    return found


def sections(cubin: bytes) -> dict[str, bytes]:
    """Return the machine code of every kernel, from the ELF file that a binary is."""
    start = struct.unpack_from("<Q", cubin, 40)[0]
    size, count, names_at = struct.unpack_from("<HHH", cubin, 58)
    headers = [struct.unpack_from("<IIQQQQ", cubin, start + i * size) for i in range(count)]
    names = headers[names_at][4]
    found = {}
    for name, _, _, _, offset, length in headers:
        text = cubin[names + name : cubin.index(b"\0", names + name)].decode()
        if text.startswith(".text."):
            found[text.removeprefix(".text.")] = cubin[offset : offset + length]
    return found


def instructions(codes: list[bytes], arch: int) -> list[Counter]:
    """Count the instructions of pieces of machine code of one architecture.

    "total" is of all but NOP, "float64" of all that compute in double precision or convert from
    or to it. All pieces go through one run of nvdisasm, which takes most of a second to start.
    """
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(b"".join(codes))
        file.flush()
        command = [str(cuda_tool("nvdisasm")), "--binary", f"SM{arch}", file.name]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    counts: list[Counter] = [Counter() for _ in codes]
    found = ((int(address, 16), name) for address, name in _LINE.findall(text))
    end, piece = 0, -1
    for address, name in found:
        while address >= end:
            piece += 1
            end += len(codes[piece])
        _count(counts[piece], name)
    return counts


def _count(counts: Counter, instruction: str) -> None:
    name = instruction.split(".")[0]
    counts[name] += 1
    counts["total"] += name != "NOP"
    counts["float64"] += _DOUBLE.match(instruction) is not None
    if name in _WIDE and ".128" in instruction:
        counts[f"{name}.128"] += 1


def read(cubins: list[Path | bytes], arch: int) -> list[dict[str, dict]]:
    """Return resources and, as "sass", instruction counts of every kernel of every binary."""
    contents = [c if isinstance(c, bytes) else c.read_bytes() for c in cubins]
    found = [resources(content, arch) for content in contents]
    kernels = [
        (table[name], code)
        for table, content in zip(found, contents, strict=True)
        for name, code in sections(content).items()
    ]
    counted = instructions([code for _, code in kernels], arch) if kernels else []
    for (kernel, _), counts in zip(kernels, counted, strict=True):
        kernel["sass"] = counts
    return found
