"""All compiled loops."""

from spotgpu.backends.cpu._jit import candidates, crowd, group
from spotgpu.backends.cpu._jit_assign import assign, components
from spotgpu.backends.cpu._jit_between import between

__all__ = ["assign", "between", "candidates", "components", "crowd", "group"]
