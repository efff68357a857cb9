"""The name of flowtrace for Python, for scripts written for it.

``from spotgpu.compat.flowtrace import flowtrace`` in place of ``from flowtrace import flowtrace``.
"""

from spotgpu.pathlines import flowtrace

__all__ = ["flowtrace"]
