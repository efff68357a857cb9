"""Times two functions on the same input in the same process, turn by turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Work:
    """The same task twice: `ours` and `peer` take no argument, `check` compares their results."""

    ours: Callable[[], Any]
    peer: Callable[[], Any]
    check: Callable[[Any, Any], None]


@dataclass(frozen=True)
class Case:
    """One row of the table.

    `make(small)` builds the input; `small` asks for a size that runs in under a second.
    """

    name: str
    peer: str
    make: Callable[[bool], Work]
    at_least: float | None = None
    rounds: int = 7


@dataclass(frozen=True)
class Result:
    """Seconds of each round."""

    case: Case
    ours: list[float]
    peer: list[float]

    @property
    def ratios(self) -> list[float]:
        """How many times as fast as the peer, round by round."""
        return [b / a for a, b in zip(self.ours, self.peer, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.ratios)

    @property
    def reached(self) -> bool:
        """Whether the median is at least what the case asks for."""
        return self.case.at_least is None or self.ratio >= self.case.at_least


def seconds(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return wall time and result of one call."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def smoke(case: Case) -> None:
    """Run the case once at its small size and compare the results."""
    work = case.make(True)
    work.check(work.ours(), work.peer())


def measure(case: Case) -> Result:
    """Warm both up, compare their results, then time them in turn."""
    work = case.make(False)
    work.check(work.ours(), work.peer())
    ours, peer = [], []
    for _ in range(case.rounds):
        ours.append(seconds(work.ours)[0])
        peer.append(seconds(work.peer)[0])
    return Result(case, ours, peer)
