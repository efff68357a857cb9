"""Print the time of some work on some GPUs, by a model: `python -m benchmarks.model [WORD ...]`.

`python -m benchmarks.model --traffic [FILE]` prints the memory traffic instead, and writes it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "cudasim"))
# NVRTC is asked for the machine code of each card, not for that of the simulated one.
os.environ.update(CUDASIM_CHECK="counters", CUDASIM_NVRTC="0")

import cudasim

cudasim.install()

from benchmarks.model.cards import CARDS  # noqa: E402
from benchmarks.model.cases import CASES  # noqa: E402
from benchmarks.model.counted import launches_of  # noqa: E402
from benchmarks.model.timing import Time, time_of  # noqa: E402
from benchmarks.model.traffic import FIGURES, STREAMS, measured  # noqa: E402


def _us(seconds: float) -> str:
    return f"{1e6 * seconds:.3g}" if seconds < 1e-3 else f"{1e6 * seconds:,.0f}"


def _row(name: str, times: Sequence[Time], target: float | None) -> str:
    cells = []
    for time in times:
        over = "PCIe" if time.upload > time.device else time.bound
        cells.append(f"{_us(time.device)} / {_us(time.upload)}, {over}")
    asked = "-" if target is None else f"{_us(target)} x 2"
    return f"| {name} | {' | '.join(cells)} | {asked} |"


def model(words: Sequence[str]) -> bool:
    """Print both tables; return whether all targets are met."""
    print(
        "| us: kernels / upload, the bound |",
        *(f" {card.name} |" for card in CARDS),
        " asked |",
        sep="",
    )
    print("|---" * (len(CARDS) + 2) + "|")
    details, met = [], True
    for case in CASES:
        if words and not any(word in case.name for word in words):
            continue
        work = launches_of(case.make())
        times = [time_of(case, work, card) for card in CARDS]
        print(_row(case.name, times, case.target), flush=True)
        met &= case.target is None or times[0].device <= 2 * case.target
        unexplained = max(time.unexplained for time in times)
        details.append(
            f"\n{case.name}: {len(work.launches)} launches and {work.others} of cupy's own, shared "
            f"by {case.batch}; stores not explained: {unexplained:.1%}\n\n"
            f"| kernel, us |{''.join(f' {card.name} |' for card in CARDS)}\n"
            f"{'|---' * (len(CARDS) + 1)}|"
        )
        for name in sorted(times[0].kernels, key=lambda name: -times[0].kernels[name]):
            cells = (f"{_us(t.kernels[name])} {t.bound_of[name]}" for t in times)
            details.append(f"| {'.'.join(name)} | {' | '.join(cells)} |")
        shared = (_us(time.bounds["launches"]) for time in times)
        details.append(f"| launches | {' | '.join(shared)} |")
    print(*details, sep="\n")
    return met


def traffic(words: Sequence[str], file: str | None) -> None:
    """Print the traffic of the kernels that stream."""
    print("| work | kernel |", *(f" {title} |" for title in FIGURES.values()), sep="")
    print("|---" * (2 + len(FIGURES)) + "|")
    rows = []
    for name in STREAMS:
        if words and not any(word in name for word in words):
            continue
        for row in measured(name):
            rows.append(row)
            figures = (f"{row[figure]:.3g}" for figure in FIGURES)
            print(f"| {name} | {row['kernel']} | {' | '.join(figures)} |", flush=True)
    if file:
        Path(file).write_text(json.dumps(rows), encoding="utf-8")


def main() -> int:
    """Run the command line; the status is 1 if a target is missed."""
    words = sys.argv[1:]
    if words[:1] == ["--traffic"]:
        file = next((word for word in words if word.endswith(".json")), None)
        traffic([word for word in words[1:] if word != file], file)
        return 0
    return 0 if model(words) else 1


if __name__ == "__main__":
    sys.exit(main())
