"""What the simulator counts of each launch: bytes, memory requests, the lines that make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Launch", "Work", "cost", "launches_of"]

KERNELS = Path(__file__).parents[2] / "kernels"
#: The simulator looks at the requests of so many blocks of a launch.
SAMPLED = 64

Row = dict[str, Any]


@dataclass(frozen=True)
class Launch:
    """A launch of a kernel of the project."""

    stem: str
    kernel: str
    constants: tuple[tuple[str, Any], ...]
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    unique: int  # bytes of the 32-byte sectors that are read or written, each once
    by_block: int  # the same, each once in every block that uses it
    least: int  # bytes of the arrays that it takes
    elements: int  # of the largest of them
    rows: tuple[Row, ...]

    @property
    def text(self) -> str:
        """Return the source, with the lines that the rows name."""
        from spotgpu.backends.cuda._launch import source

        return lined(source(self.stem), self.stem)

    @property
    def blocks(self) -> int:
        """Return the blocks of the grid."""
        x, y, z = self.grid
        return x * y * z

    @property
    def warps(self) -> int:
        """Return the warps of a block."""
        x, y, z = self.block
        return -(-x * y * z // 32)

    @property
    def sampled_warps(self) -> int:
        """Return the warps whose requests are in the rows."""
        return -(-self.blocks // max(1, self.blocks // SAMPLED)) * self.warps


def lined(text: str, stem: str) -> str:
    """Return what is joined for a kernel, numbering the lines of its own file from 1."""
    prelude = (KERNELS / "prelude.cuh").read_text(encoding="utf-8") + "\n"
    return f'{prelude}#line 1 "{stem}.cu"\n{text.removeprefix(prelude)}'


def cost(launches: Iterable[Launch], space: str) -> float:
    """Return sectors (global) or wavefronts (shared) over the fewest possible.

    What broadcasts save does not make up for what others cost.
    """
    rows = [row for launch in launches for row in launch.rows if row["access"].startswith(space)]
    per_request = "sectors" if space == "global" else "ways"
    ideal = sum(row["requests"] * row["ideal"] for row in rows)
    more = sum(row["requests"] * max(0.0, row[per_request] - row["ideal"]) for row in rows)
    return 1 + more / ideal if ideal else 1.0


@dataclass
class Work:
    """Launches of a piece of work, and how many more cupy made of kernels of its own."""

    launches: list[Launch] = field(default_factory=list)
    others: int = 0


def launches_of(work: Callable[[], Any]) -> Work:
    """Run something on the simulator, in the check mode `counters`, and return what it launched."""
    import cudasim

    done = Work()
    before = cudasim.stats()["launches"]
    with _recorded(done.launches):
        work()
    done.others = cudasim.stats()["launches"] - before - len(done.launches)
    return done


@contextmanager
def _recorded(launches: list[Launch]) -> Iterator[None]:
    import cudasim

    from spotgpu.backends.cuda import _launch

    original = _launch._function

    def function(stem: str, kernel: str, constants: Any, *rest: Any) -> Callable[..., None]:
        run = original(stem, kernel, constants, *rest)

        def recorded(grid: Any, block: Any, arguments: Any, **options: Any) -> None:
            cudasim.counters()  # forgets what was before
            run(grid, block, arguments, **options)
            traffic, rows = cudasim.traffic(), cudasim.counters()
            unique, by_block = (
                traffic[f"{counted}_load"] + traffic[f"{counted}_store"]
                for counted in ("unique", "block")
            )
            arrays = {a.data.ptr: a for a in arguments if hasattr(a, "data") and a.ndim}
            least = sum(array.nbytes for array in arrays.values())
            elements = max(array.size for array in arrays.values())
            counts = (unique, by_block, least, elements, tuple(rows))
            launches.append(Launch(stem, kernel, constants, grid, block, *counts))

        return recorded

    _launch._function = function
    try:
        yield
    finally:
        _launch._function = original
