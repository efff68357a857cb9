"""The engine: one module of functions for each kind of array, and the choice between them."""

from __future__ import annotations

import importlib.util
import warnings
from functools import lru_cache
from types import ModuleType

import numpy as np

from spotgpu.backends import cpu
from spotgpu.checks import choice
from spotgpu.errors import SpotgpuError

__all__ = ["missing", "of", "on"]

_EXTRAS = "pip install 'spotgpu[cuda13]' (or 'spotgpu[cuda12]' for a driver older than 580)"


def of(array: object) -> ModuleType:
    """Return the backend that computes where `array` lives.

    Parameters
    ----------
    array : numpy.ndarray or cupy.ndarray
        The data of the computation.

    Returns
    -------
    module
        `spotgpu.backends.cpu` or `spotgpu.backends.cuda`.

    Raises
    ------
    TypeError
        If no backend computes on this kind of array.
    """
    if isinstance(array, np.ndarray):
        return cpu
    if type(array).__module__.partition(".")[0] == "cupy":
        from spotgpu.backends import cuda

        return cuda
    raise TypeError(f"`array` must be a numpy or cupy array, got {type(array).__name__}")


def on(device: str) -> ModuleType:
    """Return the backend that the caller asks for.

    Parameters
    ----------
    device : {'cpu', 'cuda', 'auto'}
        'auto' takes the GPU if there is one; if not, it says so, once, in a warning.

    Returns
    -------
    module
        `spotgpu.backends.cpu` or `spotgpu.backends.cuda`.

    Raises
    ------
    ValueError
        If `device` is something else.
    SpotgpuError
        If it is 'cuda' and there is no device to compute on.
    """
    choice("device", device, ("cpu", "cuda", "auto"))
    if device == "cpu":
        return cpu
    reason = missing()
    if reason is None:
        from spotgpu.backends import cuda

        return cuda
    if device == "cuda":
        raise SpotgpuError(f"device='cuda' {reason}")
    _say_once(f"device='auto' computes on the CPU: 'cuda' {reason}")
    return cpu


def missing() -> str | None:
    """Say what a CUDA device lacks here.

    Returns
    -------
    str or None
        The end of a sentence about 'cuda'; None if nothing is missing.
    """
    if importlib.util.find_spec("cupy") is None:
        return f"needs cupy, which is not installed: {_EXTRAS}"
    try:
        from spotgpu.backends.cuda import device
    except ImportError as error:
        return f"needs cupy, which cannot be imported ({error}): {_EXTRAS}"
    return device.missing()


@lru_cache(maxsize=1)
def _say_once(text: str) -> None:
    warnings.warn(text, stacklevel=4)
