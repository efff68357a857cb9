"""Compile kernels for the CPU; everything is cached by content."""

from __future__ import annotations

import functools
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .build import NATIVE, compiler, key_of, native_hash, run
from .config import cache_dir

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
_BOUNDS = r"(?:__launch_bounds__\s*\(((?:[^()]|\([^()]*\))*)\)\s*)?"
_GLOBAL = re.compile(
    rf"__global__\s+(?:static\s+)?{_BOUNDS}(?:void\s+)?{_BOUNDS}(?:void\s+)?(?P<name>\w+)\s*\("
)
_EXTERN = re.compile(r'extern\s+"C"\s*$')
_TEMPLATE = re.compile(r"template\s*<[^;{}]*>\s*$")
_DYNAMIC = re.compile(
    r"extern\s+__shared__\s+(?:(?:__align__|alignas)\s*\([^)]*\)\s*)?([\w:\s]+?)\s*\b(\w+)\s*"
    r"\[\s*\]\s*;"
)

# Registration of a module's kernels; the touch function makes the thread-local block exist.
_TAIL = """
#line 1 "cudasim_tail"
static const cudasim::KernelRecord cudasim_records[] = {%s {}};
#define CUDASIM_EXPORT extern "C" __attribute__((visibility("default")))
CUDASIM_EXPORT void cudasim_touch() { static thread_local volatile char byte; (void)byte; }
CUDASIM_EXPORT int cudasim_table(const cudasim::KernelRecord** records, const void** anchor) {
  *records = cudasim_records;
  *anchor = (const void*)&cudasim_touch;
  return %d;
}
"""


def kernels_key(check: bool) -> str:
    """Return a key of all that decides how a kernel is built, apart from its source."""
    return key_of(native_hash(), Path(__file__).read_text(), _kernel_flags(check))


@dataclass(frozen=True)
class Built:
    """A kernel module: its library and the kernels in the order of its table."""

    library: Path
    kernels: tuple[str, ...]


@dataclass(frozen=True)
class Declaration:
    """A __global__ function in a source; `bound` is the C++ text of its largest block."""

    name: str
    is_template: bool
    is_extern: bool  # has its name in the binary too
    bound: str


def find_kernels(source: str) -> list[Declaration]:
    """Return every __global__ function of a source."""
    text = _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), source)
    found = []
    for m in _GLOBAL.finditer(text):
        before = text[max(0, m.start() - 300) : m.start()]
        kind = bool(_TEMPLATE.search(before)), bool(_EXTERN.search(before))
        bound = (m[1] or m[2] or "1024").split(",")[0].strip()
        found.append(Declaration(m["name"], *kind, bound))
    return found


@functools.cache
def _cpu_flags() -> tuple[str, ...]:
    try:
        flags = set(
            re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M)[1].split()
        )
    except (OSError, TypeError):
        return ()
    return ("-march=x86-64-v3",) if {"avx2", "fma", "bmi2", "movbe"} <= flags else ()


# cupy's own kernels are full of casts that UBSan objects to.
CUPY_KERNEL = "#include <cupy/"


def _kernel_flags(check: bool) -> list[str]:
    flags = ["-std=c++20", "-fPIC", "-w", "-g1", "-fvisibility=hidden", "-fno-exceptions"]
    flags += ["-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fno-strict-aliasing"]
    flags += ["-ftls-model=local-dynamic"]
    if not check:
        return [*flags, "-O2", *_cpu_flags()]
    return [*flags, "-O1", "-DCUDASIM_CHECK=1", "-fsanitize=thread", *_cpu_flags()]


_UNDEFINED = "alignment,bounds,shift,signed-integer-overflow,integer-divide-by-zero"
_UNDEFINED_FLAGS = [
    f"-fsanitize={_UNDEFINED},float-cast-overflow,null",
    "-fsanitize-undefined-trap-on-error",
]


def kernel_header(check: bool) -> Path:
    """Return a folder with the precompiled kernel header for this mode."""
    flags = _kernel_flags(check)
    folder = cache_dir() / f"header-{key_of(native_hash(), flags)}"
    precompiled = folder / "cudasim.h.gch"
    if not precompiled.exists():
        folder.mkdir(exist_ok=True)
        partial = folder / f"partial-{os.getpid()}.gch"
        command = [compiler(), *flags, "-I", NATIVE / "shim", "-x", "c++-header"]
        run([*command, NATIVE / "cudasim.h", "-o", partial], "precompiling cudasim.h")
        os.replace(partial, precompiled)
        shutil.copy(NATIVE / "cudasim.h", folder)  # g++ looks for the header beside it
        shutil.copy(NATIVE / "abi.h", folder)
    return folder


def build_kernel(
    source: str,
    options: tuple[str, ...] = (),
    name_expressions: tuple[str, ...] = (),
    filename: str = "kernel.cu",
    check: bool = False,
) -> Built:
    """Compile CUDA C++ for the CPU; `options` are NVRTC's, of which -D and -I count here."""
    declared = find_kernels(source)
    names = [d.name for d in declared if not d.is_template]
    names += [name for name in name_expressions if name not in names]
    bounds = {d.name: d.bound for d in declared if not d.is_template}
    records = "".join(
        f'CUDASIM_KERNEL("{name}", ({bounds.get(name, 1024)}), {name}), ' for name in names
    )
    body = _DYNAMIC.sub(r"CUDASIM_DYNAMIC_SHARED(\1, \2);", source)
    text = f'#line 1 "{filename}"\n{body}\n' + _TAIL % (records, len(names))
    kept = [o for o in options if o.startswith("-D")]
    for folder in (Path(o[2:]) for o in options if o.startswith("-I")):
        if not (folder / "cuda_runtime.h").exists():  # CUDA's own headers are replaced
            kept.append(f"-I{folder}")
    if not any(o.startswith("-D__CUDA_ARCH__") for o in kept):
        kept.append("-D__CUDA_ARCH__=900")
    flags = _kernel_flags(check)
    if check and CUPY_KERNEL not in source:
        flags += _UNDEFINED_FLAGS
    library = cache_dir() / "kernels" / f"{key_of(text, kept, flags, native_hash())}.so"
    if not library.exists():
        _compile_kernel(text, [*flags, *kept], kernel_header(check), library)
    return Built(library, tuple(names))


def _compile_kernel(text: str, flags: list[str], header: Path, library: Path) -> None:
    library.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir()) as folder:
        unit, partial = Path(folder) / "kernel.cpp", Path(folder) / "kernel.so"
        unit.write_text(text)
        include = ["-include", header / "cudasim.h", "-I", NATIVE / "shim", "-I", NATIVE]
        object_file = Path(folder) / "kernel.o"
        run([compiler(), *include, *flags, "-c", unit, "-o", object_file], "compiling the kernel")
        # Linked without -fsanitize: the engine provides the sanitizer's functions.
        run([compiler(), "-shared", object_file, "-o", partial], "linking the kernel")
        os.replace(partial, library)
