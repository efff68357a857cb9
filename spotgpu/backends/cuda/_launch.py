"""The one way to a kernel: its text, compiled once, and a launch that is checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import cupy
import numpy as np

from spotgpu.errors import SpotgpuError

__all__ = ["Array", "blocks", "empty_rows", "launch", "optional", "source"]

#: A cupy array; cupy has no types of its own.
Array = Any

#: Shared memory that every device gives to a block without being asked, in bytes.
SHARED = 48 * 1024
#: Blocks of a grid per axis, at most.
LARGEST_GRID = (2**31 - 1, 65535, 65535)

OPTIONS = ("-std=c++17", "-fmad=false")

_KERNEL = re.compile(
    r'extern "C" __global__ void __launch_bounds__\([^)]*\)\s+(\w+)\(([^{]*)\{', re.DOTALL
)
_PARAMETER = re.compile(
    r"(?P<const>const\s+)?(?P<type>\w+)\s*(?P<pointer>\*\s*(?:__restrict__\s+)?)?(?P<name>\w+)\s*"
    r"[,)]\s*(?://\s*\[(?P<axes>[^\]]*)\])?"
)

#: Threads that need the same kernel wait for the one that compiles it.
_ONE_COMPILES = Lock()

#: Of what numpy calls a type of one byte that is true or false.
_NAMES = {"bool": "bool_"}


class Parameter(NamedTuple):
    """One argument of a kernel: its type, and the names of its axes if it is an array."""

    name: str
    type: str
    axes: tuple[str, ...] | None


def blocks(n: int, each: int) -> int:
    """Return how many blocks of `each` it takes for `n`.

    Parameters
    ----------
    n, each : int
        Elements in all, and of a block.

    Returns
    -------
    int
        ``ceil(n / each)``.
    """
    return -(-n // each)


def empty_rows(n: int, row: tuple[int, ...], dtype: Any) -> Array:
    """Return an array for a number of rows that the data decide.

    Parameters
    ----------
    n : int
        Rows.
    row : tuple of int
        Shape of a row.
    dtype : dtype
        Type of the elements.

    Returns
    -------
    cupy.ndarray, shape (n, *row)
        Uninitialised. The start of an array of 2^k rows, so that cupy's pool has the memory for
        the next one, which has a few rows more.
    """
    return cupy.empty((1 << max(n - 1, 0).bit_length(), *row), dtype)[:n]


def optional(n: int, **arrays: Array | None) -> tuple[tuple[Array, ...], dict[str, Any]]:
    """Return images that may be missing, as arguments of a kernel.

    Parameters
    ----------
    n : int
        Pixels of an image.
    **arrays : cupy.ndarray or None
        Of images, by the name that the kernel has for their type.

    Returns
    -------
    arguments : tuple of cupy.ndarray, shape (T, n)
        For those that are missing, of no image.
    defines : dict
        Of each ``NAME`` the type, and ``WITH_NAME``: 1, or 0 if it is missing.
    """
    arguments: list[Array] = []
    defines: dict[str, Any] = {}
    for name, array in arrays.items():
        given = cupy.empty((0, n), cupy.uint8) if array is None else array.reshape(len(array), n)
        arguments.append(given)
        defines |= {name: given.dtype.name, f"WITH_{name}": int(array is not None)}
    return tuple(arguments), defines


@lru_cache(maxsize=64)
def source(stem: str) -> str:
    """Return the text of a kernel file, after the types that all of them use.

    Parameters
    ----------
    stem : str
        Name of the file.

    Returns
    -------
    str
        CUDA C++.
    """
    package = Path(__file__).parents[2]
    folder = package / "_kernels"
    if not folder.is_dir():
        folder = package.parent / "kernels"
    files = [folder / "prelude.cuh", folder / f"{stem}.cu"]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def launch(
    stem: str,
    kernel: str,
    grid: int | Sequence[int],
    block: int | Sequence[int],
    arguments: Sequence[Any],
    defines: Mapping[str, Any] | None = None,
    shared: int = 0,
) -> None:
    """Run a kernel on the current device and stream.

    Parameters
    ----------
    stem : str
        The file it is in.
    kernel : str
        Its name.
    grid, block : int or sequence of int
        Blocks of the grid and threads of a block, up to three axes, x first.
    arguments : sequence
        C-contiguous cupy arrays of the types that the kernel declares, with the number of axes and
        the equal sizes that it names behind them; Python or numpy numbers.
    defines : mapping, optional
        Constants that the text is compiled with, as ``#define`` before it: integers, or names of
        types.
    shared : int
        Bytes of dynamic shared memory.

    Raises
    ------
    TypeError, ValueError
        If the arguments do not fit the kernel, or the grid is empty or too large.
    SpotgpuError
        If the device has less shared memory than that, or the text does not compile.
    """
    grid, block = _three(grid), _three(block)
    where = f"kernel `{kernel}`"
    if min(grid) < 1 or any(n > most for n, most in zip(grid, LARGEST_GRID, strict=True)):
        raise ValueError(f"{where}: grid must be from 1 to {LARGEST_GRID} per axis, got {grid}")
    constants = tuple((defines or {}).items())
    with _ONE_COMPILES:
        function = _function(stem, kernel, constants, shared, cupy.cuda.Device().id)
    checked = _checked(where, _parameters(stem, kernel), arguments, dict(constants))
    function(grid, block, checked, shared_mem=shared)


def _three(shape: int | Sequence[int]) -> tuple[int, int, int]:
    given = (shape,) if isinstance(shape, int) else tuple(shape)
    x, y, z = (*given, 1, 1)[:3]
    return x, y, z


@lru_cache(maxsize=256)
def _module(stem: str, constants: tuple[tuple[str, Any], ...]) -> Any:
    # In the text: for each set of options that is new to it, cupy runs the compiler once more.
    defines = "".join(f"#define {name} {value}\n" for name, value in constants)
    return cupy.RawModule(code=defines + source(stem), options=OPTIONS, backend="nvrtc")


@lru_cache(maxsize=1024)
def _function(
    stem: str, kernel: str, constants: tuple[tuple[str, Any], ...], shared: int, device: int
) -> Any:
    """Return a kernel, loaded on `device` (the current one), that may use `shared` bytes."""
    most = cupy.cuda.Device(device).attributes["MaxSharedMemoryPerBlockOptin"]
    if shared > most:
        raise SpotgpuError(
            f"kernel `{kernel}` needs {shared} bytes of shared memory, device {device} has {most}: "
            "use a smaller `diameter`, `separation` or `smoothing_size`, or device='cpu'"
        )
    try:
        function = _module(stem, constants).get_function(kernel)
    except cupy.cuda.compiler.CompileException as error:
        raise SpotgpuError(
            f"kernels/{stem}.cu does not compile on this device: use device='cpu' ({error})"
        ) from error
    if shared > SHARED:
        function.max_dynamic_shared_size_bytes = shared
    return function


@lru_cache(maxsize=256)
def _parameters(stem: str, kernel: str) -> tuple[Parameter, ...]:
    for name, text in _KERNEL.findall(source(stem)):
        if name == kernel:
            found = _PARAMETER.finditer(text)
            return tuple(Parameter(m["name"], m["type"], _axes(m)) for m in found)
    raise ValueError(f"kernels/{stem}.cu has no kernel `{kernel}`")


def _axes(match: re.Match[str]) -> tuple[str, ...] | None:
    if not match["pointer"]:
        return None
    if match["axes"] is None:
        raise ValueError(f"array `{match['name']}` must have its axes behind it, like // [F, Y, X]")
    return tuple(axis.strip() for axis in match["axes"].split(",") if axis.strip())


def _checked(
    where: str,
    parameters: tuple[Parameter, ...],
    arguments: Sequence[Any],
    constants: dict[str, Any],
) -> tuple[Any, ...]:
    if len(arguments) != len(parameters):
        raise TypeError(f"{where} takes {len(parameters)} arguments, got {len(arguments)}")
    sizes: dict[str, int] = {}
    sizes.update((name, n) for name, n in constants.items() if isinstance(n, int))
    checked = []
    for parameter, value in zip(parameters, arguments, strict=True):
        name = str(constants.get(parameter.type, parameter.type))
        dtype = np.dtype(_NAMES.get(name, name))
        what = f"{where}: `{parameter.name}`"
        if parameter.axes is None:
            checked.append(_number(what, dtype, value))
        else:
            _check_array(what, dtype, parameter.axes, value)
            _check_shape(what, parameter.axes, value.shape, sizes)
            checked.append(value)
    return tuple(checked)


def _number(what: str, dtype: np.dtype[Any], value: Any) -> Any:
    if not isinstance(value, (int, float, np.generic)):
        raise TypeError(f"{what} must be a number, got {type(value).__name__}")
    # cupy would send a Python number as 8 bytes.
    converted = dtype.type(value)
    if converted != value and value == value:
        raise ValueError(f"{what} must be {dtype}, got {value!r}")
    return converted


def _check_array(what: str, dtype: np.dtype[Any], axes: tuple[str, ...], value: Any) -> None:
    if not isinstance(value, cupy.ndarray):
        raise TypeError(f"{what} must be a cupy array, got {type(value).__name__}")
    if value.dtype != dtype:
        raise TypeError(f"{what} must be of {dtype}, got {value.dtype}")
    if value.ndim != len(axes):
        raise ValueError(f"{what} must have the axes {', '.join(axes)}, got shape {value.shape}")
    if not value.flags.c_contiguous:
        raise ValueError(f"{what} must be C-contiguous")


def _check_shape(
    what: str, axes: tuple[str, ...], shape: tuple[int, ...], sizes: dict[str, int]
) -> None:
    """Check sizes that are given, or that the axis had in an argument before."""
    for axis, size in zip(axes, shape, strict=True):
        wanted = int(axis) if axis.isdigit() else sizes.setdefault(axis, size)
        if size != wanted:
            raise ValueError(f"{what} must have {wanted} of axis {axis}, got {size}")
