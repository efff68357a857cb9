"""All compiled loops."""

from spotgpu.backends.cpu._jit import assign, candidates, components, crowd, group
from spotgpu.backends.cpu._jit_between import between

__all__ = ["assign", "between", "candidates", "components", "crowd", "group"]
