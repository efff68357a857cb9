"""Freed memory: kept in the process, so that a frame does not fault in the pages of the one before.

glibc gives freed memory back to the system above a threshold that starts at 128 kB and follows the
largest block freed so far, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD). Where it has not been
raised, page faults take a third of the time of a 512 x 512 frame, or not, as the sizes of a
frame's temporary arrays happen to fall. Dask starts workers with MALLOC_TRIM_THRESHOLD_=65536, with
which it stays at 128 kB: a frame takes 2.5 times as long.

What is kept falls into holes between the small arrays that live longer, and long runs would take
more and more of it: they return it now and then, which takes a millisecond or two.
"""

from __future__ import annotations

import ctypes
import os

import numpy as np

__all__ = ["keep_freed_memory", "return_freed_memory"]

#: The most that the threshold follows, less room for a header.
LARGEST = (1 << 25) - (1 << 16)
#: Numbers of the parameters of glibc (malloc.h), and the largest values that it would come to by
#: itself.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
TRIM, MMAP = 64 << 20, 32 << 20


def keep_freed_memory() -> None:
    """Raise the threshold as freeing any large array does: at most 64 MiB stay in each arena."""
    np.empty(LARGEST, np.uint8)
    if "MALLOC_TRIM_THRESHOLD_" in os.environ:
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(MMAP_THRESHOLD, MMAP)
            mallopt(TRIM_THRESHOLD, TRIM)


def return_freed_memory() -> None:
    """Return to the system what is free, in all arenas, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
