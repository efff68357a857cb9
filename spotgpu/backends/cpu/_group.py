"""Mirror of the `group` kernels: which elements have each key."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spotgpu.backends.compiled import compiled
from spotgpu.backends.cpu._scan import scan

__all__ = ["group"]

#: Of an int64, without its sign.
LARGEST_BITS = 63
#: Keys whose counts stay in a cache; beyond, sorting is faster than counting.
CACHED = 1 << 21


def group(
    key: npt.NDArray[np.int64], n_keys: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the indices of the elements that have each key.

    Meant for keys that few elements share, as cells of a grid are: on the device the time grows
    with the square of the elements of a key.

    Parameters
    ----------
    key : ndarray of int64, shape (N,)
        From 0 to ``n_keys - 1``.
    n_keys : int
        How many keys there are, with those that no element has.

    Returns
    -------
    order : ndarray of int64, shape (N,)
        ``argsort(key)``, stable: the elements of one key are in ascending order.
    start : ndarray of int64, shape (n_keys + 1,)
        Those of key k are ``order[start[k] : start[k + 1]]``.
    """
    loops = compiled(len(key))
    if loops is not None and n_keys <= CACHED:
        return loops.group(key, n_keys)
    start = scan(np.bincount(key, minlength=n_keys))
    bits = len(key).bit_length()
    if n_keys.bit_length() + bits > LARGEST_BITS:
        return np.argsort(key, kind="stable"), start
    # Several times as fast: numbers that are all different need no stable sort.
    order = key << bits
    order |= np.arange(len(key))
    order.sort()
    order &= (1 << bits) - 1
    return order, start
