"""What a run shows while it works."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from spotgpu.pipeline import Bars, JsonLines, Lines
from spotgpu.pipeline import _log_lines as log_lines
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._progress import shares


class Time:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now

    def time(self) -> float:
        return 1e9 + self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Return the time of `Lines` and `JsonLines`."""
    time = Time()
    monkeypatch.setattr(log_lines, "time", time)
    return time


def test_where_time_goes() -> None:
    assert shares({"decode": 1.0, "compute": 7.0, "link": 2.0}) == (
        "compute 70%, link 20%, decode 10%"
    )
    assert shares({}) == shares(None) == ""
    clock = Clock()
    with clock.measured("write"):
        pass
    clock.spent({"decode": 1.0})
    clock.spent({"decode": 0.5})
    assert clock["decode"] == 1.5
    assert 0 <= clock["write"] < 0.1


def test_lines(clock: Time) -> None:
    stream, work = io.StringIO(), Clock()
    lines = Lines(stream)
    with lines.stage("locate", 300, work) as advance:
        for _ in range(200):
            clock.now += 0.5
            work.spent({"decode": 0.1, "compute": 0.4})
            advance()
        lines.note("The disk is small.")
    with lines.stage("analyse"):
        clock.now += 0.25
    assert stream.getvalue().splitlines() == [
        "locate 120/300, 2 a second, 1.5 min left; compute 80%, decode 20%",
        "warning: The disk is small.",
        "locate 200/300 (100.00 s; compute 80%, decode 20%)",
        "analyse (0.25 s)",
    ]


def test_lines_of_an_unknown_number(clock: Time) -> None:
    stream = io.StringIO()
    with Lines(stream).stage("locate") as advance:
        for _ in range(61):
            clock.now += 1
            advance()
    assert stream.getvalue() == "locate 60, 1 a second\nlocate 61 (61.00 s)\n"


def test_what_an_earlier_run_has_done_does_not_count(clock: Time) -> None:
    stream = io.StringIO()
    with JsonLines(stream).stage("locate", 1000) as advance:
        for k in range(920):
            # 900 frames are there already.
            clock.now += 0.001 if k < 900 else 0.5
            advance()
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert told[2]["done"] == 919
    assert (told[2]["rate"], told[2]["seconds_left"]) == (2, 40.5)


def test_json(clock: Time) -> None:
    stream, work = io.StringIO(), Clock()
    lines = JsonLines(stream)
    with lines.stage("locate", 30, work) as advance:
        for _ in range(20):
            clock.now += 0.5
            work.spent({"compute": 0.5})
            advance()
    lines.note("µ")
    told: list[dict[str, Any]] = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in told] == ["begin", "progress", "progress", "end", "note"]
    assert told[1] == {
        "time": 1e9 + 105,
        "event": "progress",
        "stage": "locate",
        "done": 10,
        "total": 30,
        "seconds": 5,
        "rate": 2,
        "seconds_left": 10,
        "work_s": {"compute": 5},
    }
    assert told[3]["seconds_left"] == 5
    assert told[4]["text"] == "µ"


def test_bars() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream, work = Terminal(), Clock()
    bars = Bars(stream)
    with bars.stage("locate", 4, work) as advance:
        for _ in range(4):
            work.spent({"compute": 3.0, "link": 1.0})
            advance()
        bars.note("The disk [is] small.")
    bars.note("The end.")
    shown = stream.getvalue()
    assert "4/4" in shown
    assert "compute 75%" in shown
    assert "warning: The disk [is] small." in shown
    assert shown.rstrip().endswith("warning: The end.")
