"""Run the kernels' tests on mutants of the kernels: `python tests/mutation/run.py [STEM ...]`.

A child process puts a mutant in the place of the kernel's text and runs the tests of
tests/kernels/test_STEM.py that use the `cuda` fixture, in check mode `race`, until one fails.

- killed: a test failed, the simulator had a report, or the time was up;
- survived: all tests passed;
- same machine code: NVRTC makes no difference between mutant and kernel;
- no program: NVRTC does not compile it.

The last two do not count. Results are kept, and a kernel whose text, launcher, mirror and tests are
as they were is not run again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Read when the simulator is imported.
os.environ.update(CUDASIM_CHECK="race", CUDASIM_ORDER="asc", CUDASIM_STREAMS="eager")
sys.path[:0] = [str(ROOT), str(Path(__file__).parent), str(ROOT / "tests" / "cudasim")]

from kernel_text import KERNELS, own_text  # noqa: E402
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
    return {stem: mutants(own_text(stem)) for stem in stems}


def kept_at(stem: str) -> Path:
    """Return where the results of a kernel file are kept, as long as nothing changes."""
    from cudasim.config import cache_dir

    backends = ROOT / "spotgpu" / "backends"
    files = [KERNELS / "prelude.cuh", KERNELS / f"{stem}.cu"]
    files += [backends / backend / f"_{stem}.py" for backend in ("cpu", "cuda")]
    files += [ROOT / "tests" / "kernels" / name for name in (f"test_{stem}.py", "compared.py")]
    files += sorted(Path(__file__).parent.glob("[!t]*.py"))
    text = "".join(file.read_text(encoding="utf-8") for file in files if file.exists())
    key = hashlib.sha256(text.encode()).hexdigest()[:24]
    folder = cache_dir() / "mutants"
    folder.mkdir(exist_ok=True)
    return folder / f"{stem}-{key}.json"


def all_of(stem: str, jobs: int) -> list[Result]:
    """Return what became of all mutants of a kernel file, in a process of its own."""
    kept = kept_at(stem)
    if not kept.exists():
        command = [sys.executable, __file__, stem, "--jobs", str(jobs), "--keep"]
        subprocess.run(command, check=True)
    rows = json.loads(kept.read_text(encoding="utf-8"))
    return [Result(stem, Mutant(*mutant), *rest) for _, mutant, *rest in rows]


def keep(stem: str, jobs: int) -> None:
    """Run all mutants of a kernel file and keep the results."""
    kept = kept_at(stem)
    results = try_all(every([stem]), jobs, thorough=True)
    if kept != kept_at(stem):
        raise SystemExit(f"{stem}: edited meanwhile")
    kept.write_text(json.dumps(results), encoding="utf-8")


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
    parser.add_argument("--keep", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.keep:
        keep(*options.stems, options.jobs)
        return 0
    start = time.monotonic()
    if options.sample is not None:
        chosen = sample(every(options.stems), options.sample)
        results = try_all(chosen, options.jobs, thorough=False)
    else:
        results = [r for stem in options.stems for r in all_of(stem, options.jobs)]
    results.sort(key=lambda r: (r.stem, r.mutant.start, r.mutant.after))
    survivors = [name(r.stem, r.mutant) for r in results if r.verdict == "survived"]
    print(f"\n{table(results)}\n\nsurvivors:", *survivors, sep="\n")
    print(f"{time.monotonic() - start:.0f} s")
    if options.sample is None and options.stems == stems:
        SURVIVORS.write_text("".join(f"{line}\n" for line in survivors), encoding="utf-8")
    return 1 if survivors and options.sample is not None else 0


if __name__ == "__main__":
    sys.exit(main())
