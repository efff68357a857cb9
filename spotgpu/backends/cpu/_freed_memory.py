"""Keeps freed memory in the process, so that a frame does not fault in the pages of the one before.

glibc gives freed memory back to the system above a threshold that starts at 128 kB and follows the
largest block freed so far, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD). Where it has not been
raised, page faults take a third of the time of a 512 x 512 frame, or not, as the sizes of a
frame's temporary arrays happen to fall.
"""

from __future__ import annotations

import numpy as np

__all__ = ["keep_freed_memory"]

#: The most that the threshold follows, less room for a header.
LARGEST = (1 << 25) - (1 << 16)


def keep_freed_memory() -> None:
    """Raise the threshold as freeing any large array does: at most 64 MiB stay in the process."""
    np.empty(LARGEST, np.uint8)
