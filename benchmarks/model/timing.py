"""The model: seconds of what was counted, on a card."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from benchmarks.model.cards import LAUNCH, Card
from benchmarks.model.cases import Case
from benchmarks.model.counted import Launch, Work
from benchmarks.model.machine_code import accesses, executed

__all__ = ["Time", "time_of"]


@dataclass(frozen=True)
class Time:
    """Seconds of a piece of work: of each kernel, by what bounds it, in all; and of the upload."""

    kernels: dict[tuple[str, str], float]
    bounds: dict[str, float]
    upload: float
    bound_of: dict[tuple[str, str], str]
    unexplained: float  # of the bytes stored, on average over the time of the kernels

    @property
    def device(self) -> float:
        """Return the seconds on the device."""
        return sum(self.bounds.values())

    @property
    def bound(self) -> str:
        """Return what takes longest."""
        return max(self.bounds, key=self.bounds.__getitem__)


def time_of(case: Case, work: Work, card: Card) -> Time:
    """Return the time of a case on a card."""
    kernels: Counter[tuple[str, str]] = Counter()
    bounds: Counter[str] = Counter()
    bound_of, unexplained = {}, 0.0
    for launch in work.launches:
        total, doubles, missed = instructions(launch, card.arch)
        n = case.times
        times = card.times(n * launch.unique, n * total, n * doubles)
        bound = max(times, key=times.__getitem__)
        kernels[launch.stem, launch.kernel] += times[bound]
        bound_of[launch.stem, launch.kernel] = bound
        bounds[bound] += times[bound]
        unexplained += missed * times[bound]
    unexplained /= kernels.total()
    bounds["launches"] = LAUNCH * (len(work.launches) + work.others) / case.batch
    return Time(dict(kernels), dict(bounds), case.upload / card.pcie, bound_of, unexplained)


def instructions(launch: Launch, arch: int) -> tuple[float, float, float]:
    """Return the instructions of all warps, those of the float64 units, and what is missed."""
    from spotgpu.backends.cuda._launch import OPTIONS

    counts = accesses(launch.rows, launch.sampled_warps)
    options = (*OPTIONS, *(f"-D{name}={value}" for name, value in launch.constants))
    found = executed(launch.text, launch.kernel, options, arch, counts)
    warps = launch.blocks * launch.warps
    return found.instructions * warps, found.doubles * warps, found.missed
