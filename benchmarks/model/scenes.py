"""Data of a size for the simulator, put on the device."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["movie", "paths", "walkers"]

SPOT = 6  # pixels, beyond which a spot is dark


def movie(shape: tuple[int, ...], dtype: str, spots: float) -> np.ndarray:
    """Return frames of Gaussian spots on a noisy background; `spots` of them to a pixel."""
    rng = np.random.default_rng(0)
    top = 255 if dtype == "uint8" else 4095
    frames = rng.normal(0.08 * top, 0.004 * top, shape)
    axes = np.meshgrid(*[np.arange(-SPOT, SPOT + 1)] * (len(shape) - 1), indexing="ij")
    around = np.stack(axes, -1)
    for frame in frames:
        wide = np.pad(frame, SPOT)
        for centre in rng.uniform(0, frame.shape, (round(spots * frame.size), frame.ndim)):
            pixel = centre.astype(int)
            distance2 = ((around + pixel - centre) ** 2).sum(-1)
            window = tuple(slice(p, p + 2 * SPOT + 1) for p in pixel)
            wide[window] += 0.6 * top * np.exp(-distance2 / 8)
        frame[...] = wide[(slice(SPOT, -SPOT),) * frame.ndim]
    return np.clip(frames, 0, top).astype(dtype)


def walkers(frames: int, each: int) -> dict[str, np.ndarray]:
    """Return the columns of a table of particles that walk by a pixel a frame, one of 40 px^2."""
    rng = np.random.default_rng(0)
    side = np.sqrt(40 * each)
    steps = rng.normal(0, 1, (frames, each, 2))
    steps[0] = rng.uniform(0, side, (each, 2))
    y, x = steps.cumsum(0).reshape(-1, 2).T
    return {"frame": np.repeat(np.arange(frames), each), "y": y, "x": x}


def paths(tracks: int, frames: int) -> tuple[Any, Any, Any]:
    """Return positions, where there are any, and starts of tracks, on the device."""
    import cupy

    rng = np.random.default_rng(0)
    positions = rng.normal(0, 1, (2, tracks * frames)).cumsum(1)
    valid = rng.random(tracks * frames) > 0.05
    starts = np.arange(tracks + 1, dtype=np.int64) * frames
    return cupy.asarray(positions), cupy.asarray(valid), cupy.asarray(starts)
