"""Libraries that need not be there."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from spotgpu.errors import SpotgpuError

__all__ = ["library"]


def library(name: str) -> Any:
    """Import a library of the extra `export`.

    Parameters
    ----------
    name : str
        Name of the module.

    Returns
    -------
    module
        The library.

    Raises
    ------
    SpotgpuError
        If it is not installed.
    """
    try:
        import_module(name.partition(".")[0])
        return import_module(name)
    except ModuleNotFoundError as error:
        raise SpotgpuError(
            f"This needs {name.partition('.')[0]}: pip install 'spotgpu[export]' brings it"
        ) from error
