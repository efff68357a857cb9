"""Finding spots in single images."""

from spotgpu.detect._locate import locate
from spotgpu.detect._locator import Locator

__all__ = ["Locator", "locate"]
