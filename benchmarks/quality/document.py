"""The document, from the scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version

import pandas as pd

from benchmarks.quality.comparisons import (
    PEERS,
    Comparison,
    best_settings,
    measures_of,
    problems,
    same_settings,
    scores_of,
    unfinished,
)
from benchmarks.quality.intervals import interval
from benchmarks.quality.markdown import TITLES, difference, score, table
from benchmarks.quality.problems import Distances, Problem
from benchmarks.quality.scores import LINEAGE_MEASURES, MEASURES
from benchmarks.quality.trackers import SETTINGS

HEAD = """\
# Tracking quality

How well the trackers of spotgpu do beside trackpy and laptrack, on simulated problems whose truth
is known. All of it, text and tables, is made by `python -m benchmarks.quality`; with `--quick` it
takes seconds and prints a small one.
"""
METHOD = """\
## How

Each problem is simulated with {seeds} seeds ([simulation.md](simulation.md)). All trackers get the
same spots, and no more than frame, y and x. Tracks are compared with the truth within 5 px
([evaluation.md](evaluation.md)); tracks of a single spot count, too, so that false spots lower beta
and JSC-theta of all trackers alike. *Recall* and *precision* are of links.

Numbers are means over the seeds with intervals of 95 % (Student's t). Differences are taken seed by
seed, spotgpu less its peer. They are significant if their interval leaves out 0: **bold** where
spotgpu is better, ▼ where it is worse. Of differences that are chance alone, one in forty comes out
significantly better and one in forty significantly worse.

{versions}.

### Problems
"""
REACH = """\
Images are 512 px wide; the crowded ones 150 px. *search* (px) is what trackers are told about the
motion, by one rule for all: 99 % of the displacements of found spots from a frame to the next are
shorter. Where cells divide, it is the same of the displacements from a mother to her daughters.
*gap* is for displacements over two frames, and *search* at least. Both are measured on a seed of
their own.
"""
WHERE = """\
Settings are left out where they cannot help: splits, where nothing divides; velocities and Kalman
filters, where particles have no velocity; adaptive search, where they are not crowded (where few
compete, it changes nothing). Velocities with memory are left out where they are crowded: trackpy
takes minutes there before it gives up. At SNR 2 movies are shorter, as laptrack's time grows with
the square of the false spots.
"""
SAME = """\
## At the same settings

Same algorithm, same numbers: is the result as good? *Equal* are runs in which all measures agree to
the last bit. trackpy gives up where more than 30 particles compete (`SubnetOversizeException`);
these runs are not compared.
"""
BEST = """\
## At the best settings

Of each package, the settings that have the highest mean alpha on the problem, out of those that
finish on all seeds. The search range is the same. Each setting of a peer is one of ours, too: the
question is where the others help. *divisions F1* is the harmonic mean of recall and precision of
divisions.
"""
ALL = """\
## All scores

A row with two names is of two packages whose results are equal on all seeds, in all measures. The
best mean is bold.
"""


def document(
    values: pd.DataFrame, reach: Mapping[Problem, Distances], releases: Mapping[str, str]
) -> str:
    """Return the document as Markdown."""
    texts = ", ".join(f"{name} {release}" for name, release in releases.items())
    best = best_settings(values)
    lines = [
        HEAD,
        METHOD.format(seeds=values["seed"].nunique(), versions=texts),
        *_problems(reach),
        REACH,
        "### Settings\n",
        *_settings(values),
        WHERE,
        SAME,
        *_same(values),
        *_gave_up(values),
        BEST,
        *_counts(best),
        *_best(best, MEASURES),
        *_best([c for c in best if LINEAGE_MEASURES[0] in c.differences], LINEAGE_MEASURES),
        ALL,
        *_all(values),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def versions() -> dict[str, str]:
    """Return the releases that are compared."""
    return {name: version(name) for name in ("spotgpu", *PEERS, "numpy", "scipy", "pandas")}


def _problems(reach: Mapping[Problem, Distances]) -> list[str]:
    rows = [
        (p.motion, *(f"{n:g}" for n in (p.particles, p.snr, p.side, p.frames, d.search, d.gap)))
        for p, d in reach.items()
    ]
    return table(("motion", "particles", "SNR", "image", "frames", "search", "gap"), rows)


def _settings(values: pd.DataFrame) -> list[str]:
    packages = values.groupby("settings")["package"].unique()
    rows = [
        (name, what, ", ".join(packages[name]))
        for name, what in SETTINGS.items()
        if name in packages
    ]
    return table(("settings", "what", "of"), rows)


def _same(values: pd.DataFrame) -> list[str]:
    comparisons = same_settings(values)
    gave_up = unfinished(values).groupby(["package", "settings"]).sum()
    groups: dict[tuple[str, str], list[Comparison]] = {}
    for c in comparisons:
        groups.setdefault((c.ours, c.peer), []).append(c)
    rows = []
    for (settings, peer), group in groups.items():
        signs = [d.sign for c in group for d in c.differences.values()]
        row = (
            sum(c.runs for c in group),
            gave_up.get((peer, settings), 0),
            sum(c.equal for c in group),
            len(signs),
            signs.count(1),
            signs.count(-1),
        )
        rows.append((settings, peer, *map(str, row)))
    head = ("settings", "peer", "runs", "gave up", "equal runs", "means compared")
    lines = table((*head, "significantly better", "significantly worse"), rows)
    found = [
        f"- {c.motion} {c.problem}, {c.ours}, {TITLES[name]} against {c.peer}: {difference(d)}"
        for c in comparisons
        for name, d in c.differences.items()
        if d.sign
    ]
    return [*lines, *(["Significant are:\n", *found, ""] if found else [])]


def _gave_up(values: pd.DataFrame) -> list[str]:
    seeds = values["seed"].nunique()
    rows = [
        (motion, problem, f"{package}: {settings}", f"{count} of {seeds}")
        for (motion, problem, package, settings), count in unfinished(values).items()
    ]
    return table(("motion", "problem", "gave up", "seeds"), rows) if rows else []


def _counts(best: Sequence[Comparison]) -> list[str]:
    rows = []
    for peer in PEERS:
        signs = [c.differences["alpha"].sign for c in best if c.peer == peer]
        rows.append((peer, *(str(signs.count(sign)) for sign in (1, 0, -1))))
    head = ("alpha against", "significantly better", "neither", "significantly worse")
    return table(head, rows)


def _best(best: Sequence[Comparison], measures: Sequence[str]) -> list[str]:
    rows = [
        (
            c.motion,
            c.problem,
            c.ours,
            f"{c.peer}: {c.theirs}",
            *(difference(c.differences[name]) for name in measures),
        )
        for c in best
    ]
    head = ("motion", "problem", "spotgpu", "peer", *(TITLES[name] for name in measures))
    return table(head, rows)


def _all(values: pd.DataFrame) -> list[str]:
    lines = []
    for motion, part in values.groupby("motion", sort=False):
        rows = [row for problem in problems(part) for row in _scores(problem)]
        head = ("problem", "settings", "package", *(TITLES[name] for name in measures_of(part)))
        lines += [f"### {motion}\n", *table(head, rows)]
    return lines


def _scores(values: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the rows of a problem; packages with equal scores share one."""
    seeds = values["seed"].nunique()
    rows: list[tuple[str, list[str], pd.DataFrame]] = []
    known = values[["settings", "package"]].drop_duplicates()
    for settings, package in known.itertuples(index=False):
        scores = scores_of(values, package, settings)
        twin = next((row for row in rows if row[0] == settings and row[2].equals(scores)), None)
        if twin is None:
            rows.append((settings, [package], scores))
        else:
            twin[1].append(package)
    top = pd.DataFrame([scores.mean() for _, _, scores in rows if len(scores) == seeds]).max()
    texts = []
    for settings, packages, scores in rows:
        who = ", ".join(packages)
        if len(scores) < seeds:
            who += f" (gave up on {seeds - len(scores)} of {seeds})"
        cells = [_cell(scores[name], top[name]) for name in scores]
        texts.append((values["problem"].iloc[0], settings, who, *cells))
    return texts


def _cell(scores: pd.Series, top: float) -> str:
    """Return a mean, bold if it is the best."""
    if len(scores) < 2:
        return "–"
    value = interval(scores)
    return f"**{score(value)}**" if value.mean == top else score(value)
