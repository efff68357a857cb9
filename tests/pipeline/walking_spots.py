"""Movies of spots that walk, drawn here and not by the product."""

from __future__ import annotations

import numpy as np


def draw(shape: tuple[int, ...], centres: np.ndarray, sigma: float = 1.8) -> np.ndarray:
    """Return a uint8 image of Gaussian spots on a dim ground."""
    grid = np.indices(shape, dtype=float)
    image = np.full(shape, 10.0)
    for centre in centres:
        square = sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True))
        image += 150 * np.exp(-square / (2 * sigma**2))
    return np.clip(image, 0, 255).astype(np.uint8)


def walk(n_frames: int, starts: np.ndarray, step: float, seed: int = 0) -> np.ndarray:
    """Return positions, shape (frames, particles, axes)."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, step, (n_frames, *starts.shape))
    steps[0] = 0
    return starts + np.cumsum(steps, axis=0)


def grid_of(shape: tuple[int, ...], spacing: int) -> np.ndarray:
    """Return points `spacing` apart."""
    axes = [np.arange(spacing / 2, n - spacing / 4, spacing) for n in shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(shape))
