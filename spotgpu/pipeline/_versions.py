"""What a run was made with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

__all__ = ["OPTIONAL", "REQUIRED", "installed", "versions"]

#: Packages whose version belongs to a result.
REQUIRED = ("spotgpu", "numpy", "scipy", "pandas", "tifffile", "zarr", "pyarrow")
#: Packages that add something where they are.
OPTIONAL = (
    "lapjv",
    "numba",
    "matplotlib",
    "dask",
    "pims",
    "networkx",
    "geff",
    "shapely",
    "scikit-learn",
    "imageio",
)


def installed(package: str) -> str | None:
    """Return a package's version, or None if it is not installed.

    Parameters
    ----------
    package : str
        Name of the distribution.

    Returns
    -------
    str or None
        Its version.
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages in use, and the system.

    Returns
    -------
    dict
        Version by name.
    """
    found = {"python": platform.python_version(), "system": platform.platform()}
    for package in (*REQUIRED, *OPTIONAL):
        number = installed(package)
        if number is not None:
            found[package] = number
    return found
