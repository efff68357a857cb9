"""SIGKILL at any moment: the same command goes on, and ends with the same bytes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import faulty
import numpy as np
import pytest
from faulty import FRAMES, KillAt, attempt, kill, tables_in

Whole = tuple[Path, dict[str, bytes], dict[str, int]]

STAGES = ("open", "locate", "after locate", "analyse", "report", "move")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Return a movie, the tables of an undisturbed run, and the calls in each of its stages."""
    folder = tmp_path_factory.mktemp("whole")
    movie = faulty.write_movie(folder / "movie.tif")
    done = attempt(movie, folder / "out", KillAt("none", 1, folder / "told"))
    assert done == faulty.Attempt(0, "", "", (), FRAMES)
    told = [line.split("\t") for line in (folder / "told").read_text().splitlines()]
    assert [name for name, _ in told] == [*STAGES[:4], "after analyse", *STAGES[4:]]
    return movie, tables_in(folder / "out"), {name: int(count) for name, count in told}


def parts_in(output: Path) -> dict[str, int]:
    """Return the files of spots that are kept, and when they were written."""
    folder = output.with_name(f"{output.name}.unfinished") / "spots"
    if not folder.exists():
        return {}
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.parquet")}


def frames_kept(output: Path) -> int:
    return max((int(name[13:25]) for name in parts_in(output)), default=0)


def assert_whole(output: Path, tables: dict[str, bytes]) -> None:
    assert len(tables) == 6
    assert {name for name, found in tables_in(output).items() if found != tables[name]} == set()
    assert len(list(output.iterdir())) == 8
    assert {path.name for path in output.parent.iterdir()} == {output.name}


def kill_again_and_again(
    whole: Whole, output: Path, stages: list[str], rng: np.random.Generator
) -> list[str]:
    """Kill one try after the other in these stages; return those that were reached."""
    movie, tables, counts = whole
    reached = []
    for stage in sorted(stages, key=STAGES.index):
        before = parts_in(output)
        done = attempt(movie, output, KillAt(stage, int(rng.integers(1, counts[stage] + 1))))
        if done.code == -9:
            reached.append(stage)
            assert output.exists() or before.items() <= parts_in(output).items()
        else:
            # What is left to find takes fewer calls; or it had ended before.
            assert done.error in {"", "FinishedError"}
    finished, kept = output.exists(), frames_kept(output)
    done = attempt(movie, output)
    if finished:
        assert (done.error, done.looked_at) == ("FinishedError", 0)
    else:
        assert done == (0, "", "", (), FRAMES - kept)
    assert_whole(output, tables)
    return reached


def test_three_kills(whole: Whole, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    stages = ["locate", "analyse", "move"]
    assert kill_again_and_again(whole, tmp_path / "results" / "out", stages, rng) == stages


@pytest.mark.slow
def test_many_kills(whole: Whole, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    reached = []
    for run in range(8):
        stages = rng.choice(STAGES, 5, p=[0.1, 0.4, 0.1, 0.15, 0.1, 0.15]).tolist()
        reached += kill_again_and_again(whole, tmp_path / str(run) / "out", stages, rng)
    assert len(reached) >= 20
    assert set(reached) == set(STAGES)


def kill_around(module: str, name: str, after: bool, which: int = 0) -> None:
    """Kill before or after the n-th call of a function, from 0."""
    target = importlib.import_module(f"spotgpu.pipeline.{module}")
    function, calls = getattr(target, name), [0]

    def killing(*args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] > which and not after:
            kill()
        result = function(*args, **options)
        if calls[0] > which and after:
            kill()
        return result

    setattr(target, name, killing)


def kill_at(of: str, does: tuple[str, ...], after: bool, which: int = 0) -> None:
    """Kill before or after the n-th call of methods of paths whose name has `of` in it."""
    calls = [0]
    for name in does:
        function = getattr(Path, name)

        def killing(self: Path, *args: Any, function: Any = function, **options: Any) -> Any:
            hit = of in self.name
            calls[0] += hit
            if hit and calls[0] > which and not after:
                kill()
            result = function(self, *args, **options)
            if hit and calls[0] > which and after:
                kill()
            return result

        setattr(Path, name, killing)


RENAME = ("rename", "replace")
#: What is killed where, and the files of spots that are left; None after the results are whole.
POINTS: dict[str, tuple[Callable[[], Any], int | None]] = {
    "before the manifest": (partial(kill_around, "_work_folder", "json_text", False), 0),
    "before the manifest's rename": (partial(kill_at, "manifest", RENAME, False), 0),
    "after the manifest's rename": (partial(kill_at, "manifest", RENAME, True), 0),
    "before the first part's rename": (partial(kill_at, "0000-0000", RENAME, False), 0),
    "before a part is on the disk": (partial(kill_around, "_spot_parts", "settle", False, 4), 2),
    "before a part's rename": (partial(kill_at, "-0000", RENAME, False, 2), 2),
    "after a part's rename": (partial(kill_at, "-0000", RENAME, True, 2), 3),
    "before the results' rename": (partial(kill_at, "result", RENAME, False), 12),
    "after the results' rename": (partial(kill_at, "result", RENAME, True), None),
    "before the folder is removed": (partial(kill_around, "_work_folder", "_remove", False), None),
    "while the folder is removed": (partial(kill_at, "manifest.json", ("unlink",), False), None),
    "before the lock is removed": (partial(kill_at, "lock", ("unlink",), False), None),
    "before the folder itself is": (partial(kill_at, "out.unfinished", ("rmdir",), False), None),
}


@pytest.mark.parametrize("point", POINTS)
def test_nasty_points(whole: Whole, tmp_path: Path, point: str) -> None:
    movie, tables, _ = whole
    fault, kept = POINTS[point]
    output = tmp_path / "results" / "out"
    assert attempt(movie, output, fault).code == -9
    assert output.exists() == (kept is None)
    assert kept is None or len(parts_in(output)) == kept
    frames = frames_kept(output)
    done = attempt(movie, output)
    if kept is None:
        assert (done.error, done.looked_at) == ("FinishedError", 0)
    else:
        assert done == (0, "", "", (), FRAMES - frames)
    assert_whole(output, tables)


def test_earlier_results_are_never_lost(whole: Whole, tmp_path: Path) -> None:
    """Killed when the earlier results have been moved away and the new ones have no place yet."""
    movie, tables, _ = whole
    output = tmp_path / "results" / "out"
    assert attempt(movie, output, memory=0).code == 0
    earlier = tables_in(output)
    fault = partial(kill_at, "out", RENAME, True)
    assert attempt(movie, output, fault, overwrite=True).code == -9
    assert not output.exists()
    assert tables_in(output.with_name("out.unfinished") / "earlier") == earlier
    done = attempt(movie, output)
    assert done.error == "OtherRunError"
    assert "the results of another run (memory: 0 then, 2 now)" in done.message
    assert tables_in(output) == earlier
    assert frames_kept(output) == FRAMES
    assert attempt(movie, output, fault, overwrite=True).code == -9
    assert attempt(movie, output, memory=0).error == "FinishedError"
    assert tables_in(output) == earlier
    # Once more, between the new results' rename and the end of the old ones.
    after = partial(kill_at, "result", RENAME, True)
    assert attempt(movie, output, after, overwrite=True).code == -9
    assert tables_in(output) == tables
    assert attempt(movie, output).error == "FinishedError"
    assert_whole(output, tables)
