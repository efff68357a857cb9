"""The report of many movies."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from spotgpu.pipeline._plate_report import plate_report
from spotgpu.pipeline._plate_summary import FLAGS, summary_table

#: Names of files that would like to be something else.
HOSTILE = [
    "<script>alert(1)</script>.tif",
    "\"><img src=x onerror='alert(1)'>.tif",
    "100% of $title ${style} & more.tif",
    "javascript:alert(1)",
    "//evil.example/x",
    "line\nbreak\ttab.tif",
    "µm 細胞 \u202etxt.tif",
    "no utf-8 \udcff.tif",
    "back\\slash?query#part;a b",
    "$\\frac{1}{2}$ $x_$",
]


def record(movie: str, D: float | None = 0.5, **given: Any) -> dict[str, Any]:  # noqa: N803
    frames, per_frame = 10, given.get("per_frame", 100)
    tracks, unit = given.get("tracks", 50), given.get("unit", "µm²/s")
    spots = frames * per_frame
    fit: dict[str, Any] = {"D": D, "unit": unit}
    if D is not None:
        fit |= {"ci_low": 0.9 * D, "ci_high": 1.1 * D, "sigma": 0.02}
    counts = {"frames": frames, "spots": spots, "tracks": tracks, "spots_in_tracks": spots // 2}
    run = {"counts": counts, "diffusion": fit, "warnings": given.get("warnings", []), "alpha": 0.9}
    return {"movie": movie, "folder": movie, "run": run}


def page(table: pd.DataFrame, **given: Any) -> str:
    options = {
        "title": "plate",
        "subtitle": "today",
        "parameters": {"diameter": 9, "minmass": None},
        "seconds": 1.0,
        "versions": {"spotgpu": "1.2.3"},
    }
    return plate_report(table, **(options | given))


class Page(HTMLParser):
    """The page's elements: all closed, with their attributes and texts."""

    EMPTY = frozenset({"meta", "img", "br", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1:] not in (["script"], ["style"]) else ""
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data

    def of(self, tag: str, name: str) -> list[str]:
        return [value for one, other, value in self.attributes if (one, other) == (tag, name)]


def plate() -> pd.DataFrame:
    """Return rows A to C of two columns, two fields each; one movie failed, one is far off."""
    names = [f"{row}{column}_s{s}.tif" for row in "ABC" for column in (1, 2) for s in (1, 2)]
    rows = [record(name, 0.5 + 0.01 * k) for k, name in enumerate(names)]
    rows[4] = record(names[4], 50.0, warnings=["Only 3 <tracks>"])
    return summary_table(rows[:-1], [{"movie": names[-1], "error": f"ValueError: {names[-1]}"}])


def test_needs_nothing_else() -> None:
    text = page(plate())
    found = Page(text)
    images = found.of("img", "src")
    # Four heat maps, D, and four histograms.
    assert len(images) == 9
    assert all(image.startswith("data:image/png;base64,") for image in images)
    assert not re.search(r"https?://|url\(|@import|<link|<iframe", text)
    assert found.tags.count("script") == 1
    assert found.of("script", "src") == []
    assert len(found.of("a", "href")) == 11
    assert found.of("a", "href")[0] == "./A1_s1.tif/report.html"


def test_what_it_says() -> None:
    found = Page(page(plate(), seconds=4321.0))
    # The median of 0.50 to 0.60 without 0.54, which is 50: eleven movies.
    assert "median D = 0.56 µm²/s" in found.text
    assert "half of the movies from 0.525 to 0.585" in found.text
    assert "all from 0.5 to 50 µm²/s · 11 movies" in found.text
    for shown in ("12movies", "1failed", "1flagged", "11,000spots", "550tracks", "1 h 12 mintime"):
        assert shown in found.text
    assert "C2_s2.tif: ValueError: C2_s2.tif" in found.text
    assert "1 of 11 movies: Only 3 <tracks>" in found.text
    assert "Median of the movies of a well, up to 2. White: no movie; grey: no value;" in found.text
    rows = {row[0]: row[1:] for row in found.rows}
    shown = ["B01", "10", "100.0", "50", "50%", "50.00", "45.0 to 55.0", "0.90"]
    assert rows["B1_s1.tif"] == [*shown, "D outlier warnings"]
    assert rows["C2_s2.tif"] == ["C02", *[""] * 7, "failed ValueError: C2_s2.tif"]
    assert rows["D outlier"][0] == "1"
    assert rows["no D"][0] == "0"
    assert rows["minmass"] == ["default"]
    assert rows["spotgpu"] == ["1.2.3"]
    assert set(FLAGS) <= set(rows)


def test_names_are_text_and_nothing_else() -> None:
    good = summary_table([record(f"m{k}") for k in range(3)], [{"movie": "m3", "error": "x"}])
    rows = [record(name, 0.5, warnings=[name]) for name in HOSTILE]
    bad = [{"movie": f"bad {name}", "error": f"OSError: {name}"} for name in HOSTILE]
    table = summary_table(rows, bad)
    text = page(
        table, title=HOSTILE[0], subtitle=HOSTILE[1], parameters=dict.fromkeys(HOSTILE, "<b>")
    )
    found, plain = Page(text), Page(page(good))
    assert set(found.tags) == set(plain.tags) | {"li"}
    assert {name for _, name, _ in found.attributes} == {name for _, name, _ in plain.attributes}
    text.encode("utf-8")
    for name in HOSTILE:
        assert name.encode("utf-8", "backslashreplace").decode() in found.text


def test_links_lead_to_the_folders() -> None:
    found = Page(page(summary_table([record(name) for name in HOSTILE], [])))
    links = found.of("a", "href")
    assert len(links) == len(HOSTILE)
    for link in links:
        # No scheme, no host, no query: one that is relative and in ASCII.
        assert re.fullmatch(r"\./[A-Za-z0-9_.~/%-]+/report\.html", link)
    names = [name.encode("utf-8", "backslashreplace").decode() for name in HOSTILE]
    assert set(map(unquote, links)) == {f"./{name}/report.html" for name in names}


def test_units_are_shown_apart() -> None:
    rows = [record(f"m{k}", 0.5) for k in range(3)]
    rows += [record(f"p{k}", 20.0, unit="px²/frame") for k in range(2)]
    found = Page(page(summary_table(rows, [])))
    assert "median D = 0.5 µm²/s" in found.text
    assert "median D = 20 px²/frame" in found.text
    titles = found.of("img", "alt")
    assert titles[:2] == ["Diffusion coefficient in µm²/s", "Diffusion coefficient in px²/frame"]
    rows_of = {row[0]: row[1:] for row in found.rows}
    assert "unit of D" in rows_of["movie"]
    assert "px²/frame" in rows_of["p1"]
    assert "µm²/s" in rows_of["m1"]


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spotgpu.pipeline._plate_figures.find_spec", lambda _: None)
    found = Page(page(plate()))
    assert found.of("img", "src") == []
    assert found.text.count("Figures need matplotlib") == 1
    assert len(found.of("a", "href")) == 11


def test_one_movie_none_and_none_that_went_well() -> None:
    found = Page(page(summary_table([record("x.tif", 0.25)], [])))
    assert "D = 0.25 µm²/s" in found.text
    assert "one movie, interval 0.225 to 0.275" in found.text
    assert found.of("img", "src") == []
    empty = Page(page(summary_table([], []), seconds=None))
    assert "No diffusion coefficient" in empty.text
    assert "time taken" not in empty.text
    failed = [{"movie": f"A{k}.tif", "error": f"A{k}.tif is no movie"} for k in range(1, 9)]
    none = Page(page(summary_table([], failed)))
    assert "no movie was tracked" in none.text
    names = "A1.tif, A2.tif, A3.tif, A4.tif, A5.tif"
    assert f"{names} and 3 more: … is no movie" in none.text
    still = Page(page(summary_table([record("x", None), record("y", None)], [])))
    assert "see the flags" in still.text


def test_movies_that_are_all_but_equal() -> None:
    table = summary_table([record(f"A{k}") for k in range(1, 7)], [])
    table["alpha"] = 0.9 + 1e-16 * np.arange(6)
    table["spots_per_frame"] = 1e9 / 3
    assert len(Page(page(table)).of("img", "src")) == 9


def test_d_that_is_not_positive() -> None:
    # Of few movies, which have names in the figure, and of many; with ends below zero.
    for n in (6, 60):
        table = summary_table([record(f"m{k}", 10.0 ** (k % 3)) for k in range(n)], [])
        table["D_low"] = -1.0
        assert len(Page(page(table)).of("img", "src")) == 5
        table.loc[0, "D"] = -0.5
        assert len(Page(page(table)).of("img", "src")) == 5


def test_long_lists_are_cut() -> None:
    letters = [chr(ord("a") + k) for k in range(26)]
    failed = [{"movie": f"m{k}", "error": letter * 2000} for k, letter in enumerate(letters)]
    text = page(summary_table([], failed))
    assert "6 more, see the table of movies." in text
    assert max(map(len, re.findall(r"a+", text))) == 1000
    rows = [record("m", warnings=[f"Warning {letter}" for letter in letters])]
    assert "6 more, see the reports of the movies." in page(summary_table(rows, []))


def test_ten_thousand_movies() -> None:
    rng = np.random.default_rng(0)
    rows = [
        record(f"run {k // 100:03d}/a name of a movie, tile {k:05d}.tif", float(value))
        for k, value in enumerate(rng.lognormal(0, 0.3, 10_000))
    ]
    text = page(summary_table(rows, []))
    assert len(text.encode()) < 5_000_000
    assert len(Page(text).rows) > 10_000


def test_a_whole_plate_is_small() -> None:
    rng = np.random.default_rng(0)
    rows = [
        record(f"{chr(ord('A') + r)}{c + 1:02d}_s{s}.tif", float(rng.lognormal()))
        for r in range(16)
        for c in range(24)
        for s in range(4)
    ]
    assert len(page(summary_table(rows, [])).encode()) < 1_500_000
