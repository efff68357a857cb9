"""Finding spots in single images."""

from spotgpu.detect._host_memory import memory_needed
from spotgpu.detect._locate import locate
from spotgpu.detect._locator import Locator
from spotgpu.detect._maxima import FilteredImage, Maxima
from spotgpu.detect._missed import find_missed

__all__ = ["FilteredImage", "Locator", "Maxima", "find_missed", "locate", "memory_needed"]
