"""Another text in the place of a kernel's: read, compiled by NVRTC, given to the launcher."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = ["KERNELS", "Constants", "joined", "link_cache", "machine_code", "own_text", "replace"]

KERNELS = Path(__file__).parents[2] / "kernels"
ARCH = 90

#: The -D constants that a kernel file was compiled with.
Constants = list[tuple[str, Any]]


def own_text(stem: str) -> str:
    """Return the text of a kernel file."""
    return (KERNELS / f"{stem}.cu").read_text(encoding="utf-8")


def joined(text: str) -> str:
    """Return what `spotgpu.backends.cuda._launch.source` makes of the text of a kernel file."""
    return "\n".join([(KERNELS / "prelude.cuh").read_text(encoding="utf-8"), text])


def machine_code(text: str, constants: Constants) -> bytes:
    """Return what NVRTC makes of a text; nothing if it does not compile."""
    from cupy.cuda import nvrtc

    from spotgpu.backends.cuda._launch import OPTIONS

    options = [
        *OPTIONS,
        "-w",
        f"-arch=sm_{ARCH}",
        *(f"-D{name}={value}" for name, value in constants),
    ]
    program = nvrtc.createProgram(text, "kernel.cu", [], [])
    try:
        nvrtc.compileProgram(program, options)
        return bytes(nvrtc.getCUBIN(program))
    except nvrtc.NVRTCError:
        return b""
    finally:
        nvrtc.destroyProgram(program)


def replace(stem: str, text: str, folder: Path) -> None:
    """Make the launcher use this text for `stem`, built in a folder of its own."""
    import cudasim

    from spotgpu.backends.cuda import _launch

    cudasim.engine.config.nvrtc = False
    source = _launch.source
    _launch.source = lambda name: text if name == stem else source(name)

    def in_folder(stem: str, *rest: Any) -> Any:
        os.environ.update(CUDASIM_CACHE=str(folder), CUPY_CACHE_IN_MEMORY="1")
        try:
            return function.__wrapped__(stem, *rest)
        finally:
            del os.environ["CUDASIM_CACHE"], os.environ["CUPY_CACHE_IN_MEMORY"]
            os.environ.update(before)

    before = dict(os.environ)
    function, module, parameters = _launch._function, _launch._module, _launch._parameters
    _launch._function = _for_one(stem, in_folder, function)
    _launch._module = _for_one(stem, module.__wrapped__, module)
    _launch._parameters = _for_one(stem, parameters.__wrapped__, parameters)


def _for_one(stem: str, own: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    cached = lru_cache(None)(own)
    return lambda name, *rest: cached(name, *rest) if name == stem else other(name, *rest)


def link_cache(folder: Path) -> None:
    """Make a cache of builds that shares with the user's all but the kernels."""
    from cudasim.config import cache_dir

    folder.mkdir()
    for path in cache_dir().iterdir():
        if path.name.startswith(("engine-", "header-", "cupy-")):
            (folder / path.name).symlink_to(path.resolve())
