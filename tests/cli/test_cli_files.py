"""`spotgpu track`: what it writes."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
import trackpy

import spotgpu
from spotgpu.cli import main

trackpy.quiet()

FILES = {
    "spots.parquet",
    "tracks.parquet",
    "particles.parquet",
    "msd.csv",
    "drift.csv",
    "diffusion.json",
    "report.html",
    "run.json",
}


@pytest.fixture(scope="module")
def results(movie: Path, options: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run."""
    folder = tmp_path_factory.mktemp("track") / "results"
    assert main(["track", str(movie), *options, "-o", str(folder), "--csv"]) == 0
    return folder


@pytest.fixture(scope="module")
def peer(frames: np.ndarray) -> pd.DataFrame:
    """Return trackpy's trajectories."""
    spots = trackpy.batch(frames, 9, minmass=300, processes=1)
    return trackpy.filter_stubs(trackpy.link(spots, 5, memory=1), 12).reset_index(drop=True)


def test_files(results: Path) -> None:
    csv = {"spots.csv", "tracks.csv", "particles.csv"}
    assert {path.name for path in results.iterdir()} == FILES | csv
    assert [path.name for path in results.parent.iterdir()] == ["results"]


def test_tracks_are_trackpys(results: Path, peer: pd.DataFrame) -> None:
    tracks = pd.read_parquet(results / "tracks.parquet")
    assert len(tracks) == len(peer)
    ours, theirs = (t.sort_values(["frame", "y", "x"], ignore_index=True) for t in (tracks, peer))
    columns = ["y", "x", "mass", "frame"]
    np.testing.assert_allclose(ours[columns], theirs[columns], rtol=1e-9)
    # The same partition, whatever the numbers.
    pairs = set(zip(ours["particle"], theirs["particle"], strict=True))
    assert len(pairs) == ours["particle"].nunique() == theirs["particle"].nunique()


def test_msd_is_trackpys(results: Path, peer: pd.DataFrame) -> None:
    moved = trackpy.subtract_drift(peer, trackpy.compute_drift(peer))
    expected = trackpy.emsd(moved, mpp=0.2, fps=2, max_lagtime=100)
    table = pd.read_csv(results / "msd.csv")
    np.testing.assert_allclose(table["lag_s"], expected.index)
    np.testing.assert_allclose(table["msd_um2"], expected, rtol=1e-8)
    assert list(table["lag_frames"]) == list(range(1, len(table) + 1))


def test_diffusion_is_that_of_the_walk(results: Path) -> None:
    found = json.loads((results / "diffusion.json").read_text())
    # D = step² / (2 dt), less what the drift of 30 particles takes.
    true = (0.8 * 0.2) ** 2 / (2 * 0.5)
    assert found["D"] == pytest.approx(true, rel=0.12)
    assert found["ci_low"] < true < found["ci_high"]
    assert found["unit"] == "µm²/s"


def test_calibration_travels_in_the_tables(results: Path) -> None:
    for name in ("spots", "tracks"):
        attrs = pd.read_parquet(results / f"{name}.parquet").attrs
        assert attrs["pixel_size_um"] == pytest.approx([0.2, 0.2])
        assert attrs["frame_interval_s"] == pytest.approx(0.5)


def test_csv_holds_the_same(results: Path) -> None:
    for name in ("spots", "tracks", "particles"):
        parquet = pd.read_parquet(results / f"{name}.parquet")
        parquet.attrs.clear()
        pd.testing.assert_frame_equal(pd.read_csv(results / f"{name}.csv"), parquet, rtol=1e-12)


def test_run_json(results: Path, movie: Path) -> None:
    run = json.loads((results / "run.json").read_text())
    assert run["program"] == "spotgpu"
    assert run["parameters"]["diameter"] == 9
    assert run["parameters"]["minmass"] == 300
    assert run["parameters"]["invert"] is False
    assert run["input"]["path"] == str(movie)
    assert run["input"]["bytes"] == movie.stat().st_size
    assert run["input"]["shape"] == [30, 120, 144]
    assert run["counts"]["frames"] == 30
    assert run["versions"]["spotgpu"] == spotgpu.__version__
    assert {"locate", "analyse"} <= set(run["timings_s"])
    assert {"decode", "compute", "link", "write"} == set(run["work_s"])
    assert 0.5 < run["alpha"] < 1.5


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are closed."""

    EMPTY = frozenset({"meta", "img", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_report_needs_nothing_else(results: Path) -> None:
    text = (results / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    sources = [value for _, name, value in page.attributes if name in {"src", "href"}]
    assert len(sources) == 7
    assert all(value.startswith("data:image/png;base64,") for value in sources)
    assert not re.search(r"https?://|url\(|@import|<script|<link", text)
    found = json.loads((results / "diffusion.json").read_text())
    for shown in ("beads.tif", f"D = {found['D']:.4g} µm²/s", "search_range", "numpy", "Warnings"):
        assert shown in page.text


def test_report_escapes(movie: Path, options: list[str], tmp_path: Path) -> None:
    evil = tmp_path / "<b>&beads.tif"
    shutil.copy(movie, evil)
    assert main(["track", str(evil), *options, "-o", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;&amp;beads.tif" in text
    assert "<b>&beads" not in text


def test_without_metadata_units_are_pixels(
    frames: np.ndarray, options: list[str], tmp_path: Path, call: Callable[..., Any]
) -> None:
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, frames, photometric="minisblack", metadata={"axes": "TYX"})
    done = call("track", path, *options, "-o", tmp_path / "out", "--no-drift")
    assert done.code == 0
    assert "px²/frame" in done.out
    assert "warning: The pixel size is unknown" in done.err
    assert "warning: The frame rate is unknown" in done.err
    record = json.loads((tmp_path / "out" / "diffusion.json").read_text())
    assert record["unit"] == "px²/frame"
    assert record["D"] == pytest.approx(0.8**2 / 2, rel=0.12)
    assert "drift.csv" not in {path.name for path in (tmp_path / "out").iterdir()}
    assert list(pd.read_csv(tmp_path / "out" / "msd.csv").columns[:2]) == ["lag_frames", "msd_px2"]
    assert "px²/frame" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_steps_one_by_one_give_the_same(
    results: Path, movie: Path, tmp_path: Path, call: Callable[..., Any]
) -> None:
    spots, tracks, msd = (tmp_path / n for n in ("spots.parquet", "tracks.csv", "msd.csv"))
    assert call("locate", movie, "--diameter", 9, "--minmass", 300, "-o", spots).code == 0
    linking = ("--search-range", 5, "--memory", 1, "--min-length", 12)
    assert call("link", spots, *linking, "-o", tracks).code == 0
    done = call("msd", tracks, "--pixel-size", 0.2, "--fps", 2, "-o", msd)
    assert done.code == 0
    found = json.loads((results / "diffusion.json").read_text())
    assert f"D = {found['D']:.4g} µm²/s" in done.out
    for ours, theirs in (
        (pd.read_parquet(spots), pd.read_parquet(results / "spots.parquet")),
        (pd.read_csv(tracks), pd.read_csv(results / "tracks.csv")),
        (pd.read_csv(msd), pd.read_csv(results / "msd.csv")),
    ):
        pd.testing.assert_frame_equal(ours, theirs)


def test_msd_takes_the_calibration_of_the_table(
    results: Path, tmp_path: Path, call: Callable[..., Any]
) -> None:
    done = call("msd", results / "tracks.parquet", "-o", tmp_path / "msd.csv")
    found = json.loads((results / "diffusion.json").read_text())
    assert f"D = {found['D']:.4g} µm²/s" in done.out


def test_nothing_found_is_no_error(movie: Path, tmp_path: Path, call: Callable[..., Any]) -> None:
    arguments = ("--diameter", 9, "--minmass", 1e9, "--search-range", 5)
    done = call("track", movie, *arguments, "-o", tmp_path / "out")
    assert done.code == 0
    assert "warning: No spots were found" in done.err
    assert {p.name for p in (tmp_path / "out").iterdir()} == FILES - {"drift.csv"}
    spots = pd.read_parquet(tmp_path / "out" / "spots.parquet")
    assert list(spots.columns) == [
        *(["y", "x", "mass", "size", "ecc", "signal", "raw_mass", "ep"]),
        "frame",
    ]
    assert "particle" in pd.read_parquet(tmp_path / "out" / "tracks.parquet")
    assert "alpha" in pd.read_parquet(tmp_path / "out" / "particles.parquet")
    assert "msd_um2" in pd.read_csv(tmp_path / "out" / "msd.csv")
    assert json.loads((tmp_path / "out" / "diffusion.json").read_text())["D"] is None
    assert "No diffusion coefficient" in (tmp_path / "out" / "report.html").read_text("utf-8")


def rows(report: str) -> dict[str, str]:
    """Return the rows of a report's tables."""
    return dict(re.findall(r"<tr><th>(.*?)</th><td>(.*?)</td></tr>", report))


def test_report_names_the_values_used(results: Path) -> None:
    shown = rows((results / "report.html").read_text(encoding="utf-8"))
    assert "default" not in shown.values()
    assert shown["separation"] == "10"
    assert shown["smoothing_size"] == "9"
    assert shown["threshold"] == "1"
    assert shown["minmass"] == "300"
    assert shown["pixel_size_um"] == "0.2, 0.2 (from the file)"
    assert shown["fps"] == "2 (from the file)"
    assert shown["drift"] == "subtracted"
    assert shown["invert"] == "no"


def test_report_of_nothing_shows_the_first_frame(
    movie: Path, tmp_path: Path, call: Callable[..., Any]
) -> None:
    arguments = ("--diameter", 9, "--minmass", 1e9, "--search-range", 5)
    assert call("track", movie, *arguments, "-o", tmp_path / "out").code == 0
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert re.findall(r"<figcaption><strong>(.*?)</strong>", text) == ["First frame."]
