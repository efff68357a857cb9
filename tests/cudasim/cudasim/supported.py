"""Whether the simulator can run on this machine."""

from __future__ import annotations

import platform
import sys

from .build import BuildError, compiler

PYTHON = (3, 11)


def unsupported() -> str | None:
    """Say what is wrong with this machine, as the end of a sentence; None if nothing is.

    Packages are no part of it: `setup` asks for those.
    """
    if sys.version_info[:2] != PYTHON:
        wanted = ".".join(map(str, PYTHON))
        return f"needs Python {wanted}, this is {platform.python_version()}"
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return f"needs Linux on x86-64, this is {platform.system()} on {platform.machine()}"
    try:
        compiler()
    except BuildError as error:
        return f"needs g++: {error}"
    return None
