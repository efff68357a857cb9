"""Compare our trackers with their peers and write docs/tracking-quality.md.

Usage: python -m benchmarks.quality [--quick]     (about an hour on two cores; --quick prints)
"""

from __future__ import annotations

import argparse
from pathlib import Path

from loky import cpu_count

from benchmarks.quality.document import document, versions
from benchmarks.quality.problems import PROBLEMS, QUICK
from benchmarks.quality.scores import measured

DOCUMENT = Path(__file__).parents[2] / "docs" / "tracking-quality.md"
SEEDS = 20


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality")
    parser.add_argument("--quick", action="store_true", help="few problems, two seeds; print")
    parser.add_argument("--workers", type=int, default=cpu_count())
    parser.add_argument("--values", type=Path, metavar="FILE", help="write all scores as CSV, too")
    given = parser.parse_args()
    problems, seeds = (QUICK, 2) if given.quick else (PROBLEMS, SEEDS)
    reach, values = measured(problems, range(seeds), given.workers)
    if given.values is not None:
        values.to_csv(given.values, index=False)
    text = document(values, reach, versions())
    if given.quick:
        print(text, end="")
    else:
        DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
