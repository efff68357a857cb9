"""The pictures in docs/pathlines.md are what its script makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs"
#: Of each picture, the variable whose first image it is.
PICTURES = {
    "plain": "images",
    "median": "moving",
    "again": "again",
    "colour": "colour",
    "map": "by_name",
    "dark": "dark",
}


def test_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (DOCS / "pathlines.md").read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {}
    exec(script, made)  # noqa: S102
    assert {path.stem for path in (DOCS / "pathlines").iterdir()} == set(PICTURES)
    for name, variable in PICTURES.items():
        file = DOCS / "pathlines" / f"{name}.png"
        assert f"(pathlines/{name}.png)" in page
        assert file.stat().st_size <= 100_000
        picture = imagecodecs.png_decode(file.read_bytes()).astype(int)
        # Another machine's exp may change a count here and there.
        assert np.abs(picture - made[variable][0]).mean() < 0.5
