"""From a source and its layout to a movie."""

from __future__ import annotations

from typing import Any

from spotgpu.io._layout import Facts, Layout
from spotgpu.io._movie import Movie
from spotgpu.io._sequence import Reader

__all__ = ["known", "made"]


def made(
    facts: Facts, layout: Layout, reader: Reader, source: str, frames: int | None = None
) -> Movie:
    return Movie(
        reader, range(layout.frames if frames is None else frames), **known(facts, layout, source)
    )


def known(facts: Facts, layout: Layout, source: str) -> dict[str, Any]:
    spatial = layout.axes[1:]
    return {
        "axes": layout.axes,
        "frame_shape": layout.frame_shape,
        "dtype": facts.dtype,
        "source": source,
        "sizes_um": {a: facts.sizes_um[a] for a in spatial if a in facts.sizes_um},
        "frame_interval_s": facts.interval_s,
    }
