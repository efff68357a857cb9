"""NVRTC through ctypes, of both CUDA releases that cupy has wheels for."""

from __future__ import annotations

import ctypes
import functools
import sys
from dataclasses import dataclass
from pathlib import Path

from .build import BuildError

#: Of each major release: the library within site-packages, and the wheel it is from.
LIBRARIES = {
    13: ("nvidia/cu13/lib/libnvrtc.so.13", "nvidia-cuda-nvrtc"),
    12: ("nvidia/cuda_nvrtc/lib/libnvrtc.so.12", "nvidia-cuda-nvrtc-cu12"),
}


class CompileError(RuntimeError):
    """A source does not compile, or compiles with warnings; the message is the log."""


@dataclass(frozen=True)
class Compiled:
    """A binary for one architecture, and the names asked for by the names in it."""

    cubin: bytes
    names: dict[str, str]


class Nvrtc:
    """One release of NVRTC. Calls let other threads run, so that programs compile side by side."""

    def __init__(self, path: Path):
        self.lib = ctypes.CDLL(str(path))
        self.lib.nvrtcGetErrorString.restype = ctypes.c_char_p
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._call("nvrtcVersion", ctypes.byref(major), ctypes.byref(minor))
        self.version = (major.value, minor.value)

    def architectures(self) -> list[int]:
        """Return what it compiles for, like 90."""
        count = ctypes.c_int()
        self._call("nvrtcGetNumSupportedArchs", ctypes.byref(count))
        numbers = (ctypes.c_int * count.value)()
        self._call("nvrtcGetSupportedArchs", numbers)
        return list(numbers)

    def compile(
        self, source: str, name: str, options: list[str], expressions: list[str]
    ) -> Compiled:
        """Compile a source; raise CompileError for errors and for warnings.

        `expressions` are the kernels that are wanted, which a template needs.
        """
        program = ctypes.c_void_p()
        text = (source.encode(), name.encode())
        self._call("nvrtcCreateProgram", ctypes.byref(program), *text, 0, None, None)
        try:
            for expression in expressions:
                self._call("nvrtcAddNameExpression", program, expression.encode())
            given = (ctypes.c_char_p * len(options))(*(o.encode() for o in options))
            status = self.lib.nvrtcCompileProgram(program, len(options), given)
            log = self._bytes("ProgramLog", program).rstrip(b"\0").decode().strip()
            if status or log:
                raise CompileError(log or self._message(status))
            names = {self._lowered(program, e): e for e in expressions}
            return Compiled(self._bytes("CUBIN", program), names)
        finally:
            self.lib.nvrtcDestroyProgram(ctypes.byref(program))

    def _lowered(self, program: ctypes.c_void_p, expression: str) -> str:
        name = ctypes.c_char_p()
        self._call("nvrtcGetLoweredName", program, expression.encode(), ctypes.byref(name))
        return (name.value or b"").decode()

    def _bytes(self, what: str, program: ctypes.c_void_p) -> bytes:
        size = ctypes.c_size_t()
        self._call(f"nvrtcGet{what}Size", program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        self._call(f"nvrtcGet{what}", program, buffer)
        return buffer.raw

    def _call(self, name: str, *arguments: object) -> None:
        status = getattr(self.lib, name)(*arguments)
        if status:
            raise RuntimeError(f"{name}: {self._message(status)}")

    def _message(self, status: int) -> str:
        return self.lib.nvrtcGetErrorString(status).decode()


@functools.cache
def nvrtc(major: int = 13) -> Nvrtc:
    """Return NVRTC of a major release, from the wheel that has it."""
    relative, wheel = LIBRARIES[major]
    for entry in sys.path:
        path = Path(entry) / relative
        if path.exists():
            return Nvrtc(path)
    raise BuildError(f"NVRTC {major} not found: pip install {wheel}")
