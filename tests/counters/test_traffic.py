"""Traffic and instructions of the kernels that stream, held to kernels/traffic.json."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BUDGET = json.loads((ROOT / "kernels" / "traffic.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rows(device: None, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    file = tmp_path_factory.mktemp("traffic") / "traffic.json"
    command = [sys.executable, "-m", "benchmarks.model", "--traffic", str(file)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CUDASIM_")}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text(encoding="utf-8"))


def allowed(row: dict[str, Any], figure: str) -> float:
    return BUDGET["kernels"][row["kernel"]].get(figure, BUDGET["all"].get(figure, 0.0))


@pytest.mark.parametrize("figure", ["moved", "sectors", "conflicts", "instructions"])
def test_within_budget(rows: list[dict[str, Any]], figure: str) -> None:
    over = [row for row in rows if row[figure] > allowed(row, figure)]
    assert not over


@pytest.mark.parametrize("figure", ["moved", "sectors", "conflicts", "instructions"])
def test_budget_has_no_slack(rows: list[dict[str, Any]], figure: str) -> None:
    """An exception that is not needed any more is taken out, a limit that is far off lowered."""
    for kernel, limits in BUDGET["kernels"].items():
        if figure not in limits:
            continue
        found = max(row[figure] for row in rows if row["kernel"] == kernel)
        if figure in BUDGET["all"]:
            assert limits["why"]
            assert BUDGET["all"][figure] < found
        assert 0.8 * limits[figure] < found, kernel


def test_every_stream_is_counted(rows: list[dict[str, Any]]) -> None:
    assert {row["kernel"] for row in rows} == set(BUDGET["kernels"])
