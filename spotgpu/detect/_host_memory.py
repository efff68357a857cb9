"""How much of the host's memory it takes to find spots."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spotgpu.detect._image import computed_type
from spotgpu.detect._options import Options
from spotgpu.detect._parts import Parts
from spotgpu.detect._tiles import Limits

__all__ = ["host_limits", "memory_needed"]

#: Bytes a pixel that filters take beside the pixels themselves, at most.
FILTERING = 36
#: Share of the memory that filters get; tiles get the rest.
SHARE = 0.2


def memory_needed(shape: Sequence[int], dtype: npt.DTypeLike) -> int:
    """Return how much memory finding spots takes for an image in one piece.

    Parameters
    ----------
    shape : sequence of int
        Of the image.
    dtype : dtype
        Of its pixels.

    Returns
    -------
    int
        Bytes: ``pixels * (stored + 4 * computed + 16)``, with the bytes of a pixel as it is
        stored and as it is computed.
    """
    stored = np.dtype(dtype)
    return math.prod(shape) * (stored.itemsize + 4 * computed_type(stored).itemsize + 16)


def host_limits(parts: Parts, options: Options, most: int, room: int) -> tuple[Limits, int]:
    """Return how large tiles can be.

    A pixel of a tile, all that is read around it included, takes
    ``stored + computed + 4 * filtered + 4`` bytes: as it is stored, as it is computed, and
    filtered (floats: of 8 bits), with what the search for maxima takes.

    Parameters
    ----------
    parts : Parts
        The image.
    options : Options
        For images of this kind.
    most : int
        Bytes.
    room : int
        Pixels that the engine takes at once.

    Returns
    -------
    limits : Limits
        Of tiles.
    filtered : int
        Pixels that are filtered at once.
    """
    left = most
    if parts.dtype.kind == "f" and options.characterize:
        # The sums of the background, of 32 pixels each.
        left -= math.prod(parts.shape) // 4
    filtered = int(max(left, 0) * SHARE) // FILTERING
    levels = 1 if parts.dtype.kind == "f" else parts.dtype.itemsize
    pixel = parts.itemsize + parts.dtype.itemsize + 4 * levels + 4
    read = int(max(left, 0) * (1 - SHARE)) // pixel
    told = (
        f"{most} bytes of memory have room for {{}} pixels, too few for windows that reach {{}} "
        "pixels: allow more"
    )
    if room < read:
        return Limits(room, read), min(room, filtered)
    return Limits(read, read, told), min(room, filtered)
