"""What becomes of mutants: a pytest session that forks for each and runs the kernels' tests."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol
from kernel_text import Constants, joined, link_cache, machine_code, own_text, replace
from mutants import Mutant, apply

__all__ = ["Result", "try_all"]

ROOT = Path(__file__).parents[2]
#: Tests that run before NVRTC is asked whether the mutant is one.
FEW = 3
#: Seconds of processor time of a test, above ten times what it takes with the kernel itself.
PATIENCE = 5.0
#: The same, where that is not known.
UNKNOWN = 60.0
#: Seconds for a mutant, whatever else the machine does.
LIMIT = 600


class Result(NamedTuple):
    """What became of a mutant: killed, survived, equivalent or invalid; and by which test."""

    stem: str
    mutant: Mutant
    verdict: str
    by: str


def try_all(chosen: dict[str, list[Mutant]], jobs: int, thorough: bool) -> list[Result]:
    """Return what became of some mutants of each kernel file.

    If `thorough`, the kernels' own tests must pass first, and a mutant is equivalent only if its
    machine code is that of the kernel with all constants that the tests use, not just with those
    of the first test.
    """
    trials = Trials(chosen, jobs, thorough)
    files = [str(ROOT / "tests" / "kernels" / f"test_{stem}.py") for stem in chosen]
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), "-W", "ignore"]
    status = pytest.main([*options, *files], plugins=[trials])
    if status != pytest.ExitCode.OK or trials.failure:
        raise SystemExit(trials.failure or f"pytest ended with {status!r}")
    return trials.results


class Trials:
    """A pytest plugin that runs mutants instead of tests."""

    def __init__(self, chosen: dict[str, list[Mutant]], jobs: int, thorough: bool) -> None:
        self.chosen, self.jobs, self.thorough = chosen, jobs, thorough
        self.results: list[Result] = []
        self.failure = ""
        self.texts = {stem: own_text(stem) for stem in chosen}
        self.constants: dict[str, list[Constants]] = {stem: [] for stem in chosen}
        self.limits: dict[str, dict[str, float]] = {stem: {} for stem in chosen}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all mutants of all kernels."""
        if session.testsfailed:  # files that cannot be imported
            raise session.Failed("the tests cannot be collected")
        import cudasim

        if cudasim.engine.config.check != "race":
            raise session.Failed("CUDASIM_CHECK must be race")
        self.items = {stem: _kernel_tests(session, stem) for stem in self.chosen}
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            self.folder = Path(folder)
            self._record()
            for stem, items in self.items.items():
                failed, why = _run(items[:1], {})  # also loads cupy and what it compiles itself
                if failed or not items:
                    self.failure = f"{stem}: {failed} {why or 'no test uses `cuda`'}"
                    return True
            if self.thorough:
                self._each((stem, None) for stem in self.chosen)
            self._each((stem, mutant) for stem, found in self.chosen.items() for mutant in found)
        return True

    def _record(self) -> None:
        """Note the constants that kernels are compiled with."""
        from spotgpu.backends.cuda import _launch

        module = _launch._module

        def noted(function: Callable[..., Any]) -> Callable[..., Any]:
            def module(stem: str, constants: tuple[tuple[str, Any], ...]) -> Any:
                used = self.constants.setdefault(stem, [])
                if list(constants) not in used:
                    used.append(list(constants))
                return function(stem, constants)

            return module

        _launch._module = noted(module)
        _launch._module.__wrapped__ = noted(module.__wrapped__)

    # ------------------------------------------------------------------ processes

    def _each(self, work: Iterator[tuple[str, Mutant | None]]) -> None:
        running: dict[int, tuple[str, Mutant | None, float]] = {}
        waiting: tuple[str, Mutant | None] | None = next(work, None)
        while (waiting or running) and not self.failure:
            while waiting and len(running) < self.jobs:
                running[self._fork(*waiting)] = (*waiting, time.monotonic())
                waiting = next(work, None)
            for pid, (stem, mutant, start) in list(running.items()):
                if time.monotonic() - start > LIMIT:
                    os.kill(pid, signal.SIGKILL)
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    del running[pid]
                    self._finished(stem, mutant, status, self.folder / str(pid))
            time.sleep(0.005)

    def _fork(self, stem: str, mutant: Mutant | None) -> int:
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            return pid
        folder = self.folder / str(os.getpid())
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            link_cache(folder)
            try:
                answer = self._tried(stem, mutant, folder)
            except BaseException:  # noqa: BLE001 - the parent shows it
                answer = {"error": traceback.format_exc()}
            (folder / "answer").write_text(json.dumps(answer), encoding="utf-8")
        finally:
            os._exit(0)

    def _tried(self, stem: str, mutant: Mutant | None, folder: Path) -> dict[str, Any]:
        items, limits = self.items[stem], self.limits[stem]
        own = self.texts[stem]
        text = joined(own if mutant is None else apply(own, mutant))
        replace(stem, text, folder)
        if mutant is None:
            by, why = _run(items, limits)
            return {
                "by": f"{by} {why}".strip(),
                "limits": limits,
                "constants": self.constants[stem],
            }
        by, failure = _run(items[:FEW], limits)
        no_build = "BuildError" in failure
        if not by or no_build or mutant.operator in {"barrier", "atomic"}:
            verdict = self._same_code(stem, text)
            if verdict:
                return {"verdict": verdict, "by": ""}
        if not by:
            by, _ = _run(items[FEW:], limits)
        return {"verdict": "killed" if by and not no_build else "survived", "by": by}

    def _same_code(self, stem: str, text: str) -> str:
        """Return "invalid", "equivalent" or, if the machine code is another one, nothing."""
        for constants in self.constants[stem]:
            code = machine_code(text, constants)
            if not code:
                return "invalid"
            key = hashlib.sha256(repr((stem, constants)).encode()).hexdigest()
            kept = self.folder / f"code-{key}"
            if not kept.exists():
                partial = kept.with_suffix(f".{os.getpid()}")
                partial.write_bytes(machine_code(joined(self.texts[stem]), constants))
                partial.replace(kept)
            if kept.read_bytes() != code:
                return ""
        return "equivalent"

    def _finished(self, stem: str, mutant: Mutant | None, status: int, folder: Path) -> None:
        answer = {"verdict": "killed", "by": "time or crash"}
        if not os.WIFSIGNALED(status):
            answer = json.loads((folder / "answer").read_text(encoding="utf-8"))
        shutil.rmtree(folder, ignore_errors=True)
        if "error" in answer:
            self.failure = answer["error"]
        elif mutant is not None:
            self.results.append(Result(stem, mutant, answer["verdict"], answer["by"]))
            self._favour(stem, answer["by"])
            if len(self.results) % 100 == 0:
                print(f"{len(self.results)} mutants", flush=True)
        elif answer["by"]:
            self.failure = f"{stem}: the kernel's own tests fail: {answer['by']}"
        else:
            self.constants[stem] = [[(k, v) for k, v in c] for c in answer["constants"]]
            self.limits[stem] = {name: PATIENCE + 10 * t for name, t in answer["limits"].items()}
            seconds = sum(answer["limits"].values())
            print(
                f"{stem}: own tests {seconds:.1f} s, {len(self.constants[stem])} builds", flush=True
            )

    def _favour(self, stem: str, name: str) -> None:
        """Run sooner what found something."""
        items = self.items[stem]
        for i in [i for i, item in enumerate(items) if item.name == name]:
            items.insert(i // 2, items.pop(i))


def _kernel_tests(session: pytest.Session, stem: str) -> list[pytest.Function]:
    tests = [item for item in session.items if item.path.name == f"test_{stem}.py"]
    return [t for t in tests if isinstance(t, pytest.Function) and "cuda" in t.fixturenames]


def _run(items: Sequence[pytest.Function], limits: dict[str, float]) -> tuple[str, str]:
    """Run tests until one fails; return its name and why.

    One that takes more processor time than its limit ends the process; where there is no limit,
    the time it took becomes it.
    """
    for item, following in zip(items, [*items[1:], None], strict=True):
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, limits.get(item.name, UNKNOWN))
        reports = runtestprotocol(item, log=False, nextitem=following)
        signal.setitimer(signal.ITIMER_PROF, 0)
        failures = [report.longreprtext for report in reports if report.outcome != "passed"]
        if failures:
            return item.name, "\n".join(failures)
        limits.setdefault(item.name, time.process_time() - start)
    return "", ""
