"""Detectors for tests of workers: slow, deadly. In a module of its own, which workers import."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from spotgpu.pipeline._frames import FrameLocator


class SlowFrames(FrameLocator):
    """Takes 20 ms to read a frame."""

    def image(self, movie: Any, k: int) -> Any:
        time.sleep(0.02)
        return super().image(movie, k)


class DeadlyFrames(FrameLocator):
    """Kills the process that reads frame 7, as the system does that runs out of memory."""

    def image(self, movie: Any, k: int) -> Any:
        if k == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().image(movie, k)
