"""Some GPUs, and the time of a launch on them: the slowest of memory, arithmetic and float64."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CARDS", "LAUNCH", "Card"]

#: Parts of the data sheets' rates that kernels are taken to reach.
BANDWIDTH, ISSUE = 0.70, 0.45
#: Seconds of a launch.
LAUNCH = 2.5e-6
#: Instructions of a warp that a multiprocessor can issue in a cycle.
SCHEDULERS = 4


@dataclass(frozen=True)
class Card:
    """What is in the data sheet; `pcie` is what is left of 63 and 31.5 GB/s in practice."""

    name: str
    arch: int
    bandwidth: float  # bytes/s
    multiprocessors: int
    clock: float  # Hz
    doubles: int  # float64 operations of a multiprocessor in a cycle
    pcie: float  # bytes/s

    def times(self, moved: float, instructions: float, doubles: float) -> dict[str, float]:
        """Return the seconds by each bound: bytes, and instructions of warps, of a launch."""
        cycles = self.multiprocessors * self.clock
        return {
            "memory": moved / (BANDWIDTH * self.bandwidth),
            "issue": instructions / (ISSUE * SCHEDULERS * cycles),
            "float64": 32 * doubles / (self.doubles * cycles),
        }


CARDS = [
    Card("H100 SXM", 90, 3.35e12, 132, 1.755e9, 64, 52e9),
    Card("A100 40 GB", 80, 1.555e12, 108, 1.41e9, 32, 25e9),
    Card("RTX 4090", 89, 1.008e12, 128, 2.52e9, 2, 25e9),
]
