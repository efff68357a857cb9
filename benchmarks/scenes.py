"""Images that the benchmarks share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.cpu import bandpass

#: 100 real frames of 1 µm spheres in water, if they lie beside the checkout.
BULK_WATER = Path(__file__).parents[2] / "shared" / "data" / "bulk_water_000-099.tif"


def spots(
    shape: tuple[int, ...], n: int, sigma: tuple[float, ...], seed: int = 0
) -> npt.NDArray[np.uint8]:
    """Return a uint8 image of `n` Gaussian spots at random places, with shot-like noise."""
    rng = np.random.default_rng(seed)
    reach = [int(4 * s) + 1 for s in sigma]
    image = np.zeros([length + 2 * r for length, r in zip(shape, reach, strict=True)])
    for centre in rng.uniform(0, np.subtract(shape, 1), (n, len(shape))):
        corner = centre.astype(int)
        box = tuple(slice(c, c + 2 * r + 1) for c, r in zip(corner, reach, strict=True))
        spot: Any = rng.uniform(80, 160)
        for axis, (c, r, s) in enumerate(zip(centre - corner, reach, sigma, strict=True)):
            profile = np.exp(-(((np.arange(-r, r + 1) - c) / s) ** 2) / 2)
            spot = spot * profile.reshape([-1 if a == axis else 1 for a in range(len(shape))])
        image[box] += spot
    inner = tuple(slice(r, r + length) for r, length in zip(reach, shape, strict=True))
    noisy = image[inner] + rng.normal(20, 4, shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def camera(shape: tuple[int, int], n: int, seed: int = 0) -> npt.NDArray[np.uint16]:
    """Return a frame of 16 bits: spots of 200 to 2,000 counts on 100 to 500, with shot noise."""
    rng = np.random.default_rng(seed)
    image = np.zeros(shape) + np.linspace(100, 500, shape[1])
    y, x = np.mgrid[-8:9, -8:9]
    for centre in rng.uniform(8, np.subtract(shape, 9), (n, 2)):
        row, column = centre.astype(int)
        square = (y + row - centre[0]) ** 2 + (x + column - centre[1]) ** 2
        spot = rng.uniform(200, 2000) * np.exp(-square / 4.5)
        image[row - 8 : row + 9, column - 8 : column + 9] += spot
    return rng.poisson(image).astype(np.uint16)


def crowded(small: bool) -> npt.NDArray[np.uint8]:
    """Return a 512 x 512 image of 2,000 spots, or a corner of one."""
    return spots((64, 64), 40, (1.5, 1.5)) if small else spots((512, 512), 2000, (1.5, 1.5))


def filtered(small: bool) -> npt.NDArray[np.uint8]:
    """Return `crowded` after the bandpass."""
    return bandpass(crowded(small)[None], (1, 1), (7, 7), 1, np.uint8)[0][0]
