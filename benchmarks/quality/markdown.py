"""Numbers and tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.quality.intervals import Interval

TITLES = {
    "alpha": "alpha",
    "beta": "beta",
    "jsc": "JSC",
    "jsc_theta": "JSC-theta",
    "link_recall": "recall",
    "link_precision": "precision",
    "tra": "TRA",
    "lnk": "LNK",
    "division_f1": "divisions F1",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table, with an empty line after it."""
    lines = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def score(value: Interval) -> str:
    """Return a mean and its interval."""
    return f"{value.mean:.3f} ± {value.half:.3f}"


def difference(value: Interval) -> str:
    """Return a difference: bold if it is above 0, with a mark if it is below, 0 if it is none."""
    if value == (0, 0):
        return "0"
    digits = 3 if abs(value.mean) >= 0.001 else 5
    text = f"{value.mean:+.{digits}f} ± {value.half:.{digits}f}".replace("-", "−")
    return {1: f"**{text}**", 0: text, -1: f"{text} ▼"}[value.sign]
