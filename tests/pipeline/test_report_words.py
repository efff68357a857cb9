"""What the report says of numbers that need a word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spotgpu.pipeline import Silent, track
from spotgpu.pipeline._report import report


def test_error_that_is_not_resolved(movie: np.ndarray) -> None:
    result = track(movie, 9, 5, minmass=100, min_length=5, progress=Silent())
    assert result.diffusion is not None
    for sigma, words in ((0.25, "localisation error 0.25 px"), (0.0, "error not resolved")):
        fit = replace(result.diffusion, sigma=sigma)
        seen = replace(result, analysis=replace(result.analysis, diffusion=fit))
        assert words in report(seen)


def test_volumes_are_projected() -> None:
    z, y, x = np.mgrid[:12, :32, :32]
    one = (200 * np.exp(-((z - 6) ** 2 + (y - 14) ** 2 + (x - 17) ** 2) / 6)).astype(np.float32)
    volumes = np.stack([np.roll(one, k, axis=2) for k in range(4)]) / 255
    text = report(track(volumes, (5, 7, 7), 3, min_length=2, progress=Silent()))
    assert text.count("maximum projection along z") == 2
    assert "<th>threshold</th><td>1/255</td>" in text
    assert "<th>separation</th><td>6, 8, 8</td>" in text
