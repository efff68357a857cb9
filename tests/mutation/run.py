"""Run the kernels' tests on mutants of the kernels: `python tests/mutation/run.py [STEM ...]`.

A child process puts a mutant in the place of the kernel's text and runs the tests of
tests/kernels/test_STEM.py that use the `cuda` fixture, in check mode `race`, until one fails.

- killed: a test failed, the simulator had a report, or the time was up;
- survived: all tests passed;
- same machine code: NVRTC makes no difference between mutant and kernel;
- no program: NVRTC does not compile it.

The last two do not count.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent), str(ROOT / "tests" / "cudasim")]

from kernel_text import KERNELS  # noqa: E402
from mutants import Mutant, mutants  # noqa: E402
from trials import Result, try_all  # noqa: E402

SURVIVORS = Path(__file__).parent / "survivors.txt"


def name(stem: str, mutant: Mutant) -> str:
    """Return where and what a mutant is, on one line."""
    before, after = (" ".join(s.split()) or "(nothing)" for s in (mutant.before, mutant.after))
    return f"{stem}.cu:{mutant.line}: {mutant.operator}: {before} -> {after}"


def table(results: Sequence[Result]) -> str:
    """Return the counts per kernel file, in Markdown."""
    lines = [
        "| kernel | mutants | no program | same machine code | killed | survived | killed, % |",
        "|---|---|---|---|---|---|---|",
    ]
    for stem in [*sorted({result.stem for result in results}), "all"]:
        found = Counter(r.verdict for r in results if stem in {r.stem, "all"})
        counted = found["killed"] + found["survived"]
        share = f"{100 * found['killed'] / counted:.1f}" if counted else "-"
        lines.append(
            f"| {stem} | {found.total()} | {found['invalid']} | {found['equivalent']} "
            f"| {found['killed']} | {found['survived']} | {share} |"
        )
    return "\n".join(lines)


def every(stems: Sequence[str]) -> dict[str, list[Mutant]]:
    """Return all mutants of some kernel files."""
    return {s: mutants((KERNELS / f"{s}.cu").read_text(encoding="utf-8")) for s in stems}


def sample(chosen: dict[str, list[Mutant]], n: int) -> dict[str, list[Mutant]]:
    """Return `n` mutants, the same ones each time; none that is known to survive."""
    known = SURVIVORS.read_text(encoding="utf-8") if SURVIVORS.exists() else ""
    pairs = [(s, m) for s, found in chosen.items() for m in found if name(s, m) not in known]
    some: dict[str, list[Mutant]] = {}
    for stem, mutant in random.Random(0).sample(pairs, min(n, len(pairs))):  # noqa: S311
        some.setdefault(stem, []).append(mutant)
    return some


def main() -> int:
    """Run the command line; the status is 1 if one of a sample survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    stems = sorted(path.stem for path in KERNELS.glob("*.cu"))
    parser.add_argument("stems", nargs="*", default=stems, metavar="STEM")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many, chosen by chance")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, help="a file for all results")
    options = parser.parse_args()
    start, chosen = time.monotonic(), every(options.stems)
    if options.sample is not None:
        chosen = sample(chosen, options.sample)
    results = try_all(chosen, options.jobs, thorough=options.sample is None)
    results.sort(key=lambda r: (r.stem, r.mutant.start, r.mutant.after))
    survivors = [name(r.stem, r.mutant) for r in results if r.verdict == "survived"]
    print(f"\n{table(results)}\n\nsurvivors:", *survivors, sep="\n")
    print(f"{time.monotonic() - start:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(results, indent=0), encoding="utf-8")
    if options.sample is None and options.stems == stems:
        SURVIVORS.write_text("".join(f"{line}\n" for line in survivors), encoding="utf-8")
    return 1 if survivors and options.sample is not None else 0


if __name__ == "__main__":
    sys.exit(main())
