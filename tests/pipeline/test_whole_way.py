"""`track`: its result, its warnings, its report."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from walking_spots import draw, grid_of, walk

import spotgpu as sg
from spotgpu.pipeline import Silent, TrackResult, track
from spotgpu.pipeline._report import report

SHAPE = (96, 96)


def movie_of(paths: np.ndarray, shape: tuple[int, ...] = SHAPE, **options: Any) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 6, (len(paths), *shape), dtype=np.uint8)
    return np.stack([draw(shape, at, **options) for at in paths]) + noise


def run(frames: Any, **options: Any) -> TrackResult:
    """Track with options that fit the movies here, and what differs."""
    return track(
        frames, **{"diameter": 9, "search_range": 4, "minmass": 300, "min_length": 5, **options}
    )


@pytest.fixture(scope="module")
def paths() -> np.ndarray:
    return walk(20, grid_of(SHAPE, 24), 0.6)


@pytest.fixture(scope="module")
def good(paths: np.ndarray) -> TrackResult:
    return run(movie_of(paths), pixel_size_um=0.2, fps=10)


def told(result: TrackResult, words: str) -> bool:
    return any(words in text for text in result.warnings)


def test_result(good: TrackResult, paths: np.ndarray) -> None:
    assert good.n_tracks == paths.shape[1] == 16
    assert good.n_frames == 20
    assert (good.length_unit, good.time_unit) == ("µm", "s")
    assert set(good.tracks.columns) == {*good.spots.columns, "particle"}
    found = good.tracks.sort_values(["particle", "frame"])[["y", "x"]].to_numpy()
    expected = paths.swapaxes(0, 1)
    order = np.lexsort(found.reshape(16, 20, 2)[:, 0].round().T)
    same = np.lexsort(expected[:, 0].round().T)
    np.testing.assert_allclose(found.reshape(16, 20, 2)[order], expected[same], atol=0.25)
    assert good.drift is not None
    assert good.imsd.shape == (19, 16)
    assert list(good.particles["length"]) == [20] * 16
    # Units: (0.6 px)² / 2 · (0.2 µm)² · 10 /s
    assert good.diffusion is not None
    np.testing.assert_allclose(good.diffusion.D, 0.6**2 / 2 * 0.2**2 * 10, rtol=0.25)
    assert good.spots.attrs["pixel_size_um"] == [0.2, 0.2]
    assert "16 tracks" in repr(good)
    assert "D = " in repr(good)


def test_result_is_frozen(good: TrackResult) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        good.spots = pd.DataFrame()  # type: ignore[misc]


def test_public_name(good: TrackResult) -> None:
    assert sg.track is track
    assert good.versions["spotgpu"] == sg.__version__


def test_same_as_step_by_step(good: TrackResult, paths: np.ndarray) -> None:
    spots = sg.batch(movie_of(paths), 9, minmass=300)
    pd.testing.assert_frame_equal(good.spots, spots)
    tracks = sg.filter_stubs(sg.link(spots, 4), 5).reset_index(drop=True)
    pd.testing.assert_frame_equal(good.tracks, tracks)
    moved = sg.subtract_drift(tracks, sg.compute_drift(tracks))
    pd.testing.assert_frame_equal(good.imsd, sg.imsd(moved, 0.2, 10))
    fit = sg.fit_diffusion(moved, 0.2, 10)
    assert good.diffusion is not None
    np.testing.assert_allclose(good.diffusion.D, fit.D, rtol=1e-12)


def test_volumes_with_long_voxels() -> None:
    shape = (24, 48, 48)
    starts = grid_of(shape, 12)[::2]
    true = walk(8, starts, 0.5)
    result = run(
        movie_of(true, shape, sigma=1.5),
        diameter=(5, 7, 7),
        search_range=(2, 3, 3),
        pixel_size_um=(0.5, 0.2, 0.2),
        fps=4,
        minmass=0,
        topn=len(starts),
        percentile=90,
        drift=False,
    )
    assert result.n_tracks >= 0.8 * len(starts)
    assert result.drift is None
    steps = result.tracks.sort_values(["particle", "frame"]).groupby("particle")
    for axis, size in (("z", 0.5), ("y", 0.2), ("x", 0.2)):
        by_hand = (steps[axis].diff() ** 2).mean() * size**2
        np.testing.assert_allclose(result.emsd[f"<{axis}^2>"].iloc[0], by_hand, rtol=1e-9)
    assert len(report(result)) > 100_000


def test_drift_is_subtracted_where_there_are_ten_tracks(paths: np.ndarray) -> None:
    few = run(movie_of(paths[:, :4]))
    assert few.drift is None
    assert told(few, "drift was not subtracted")
    assert not told(run(movie_of(paths[:, :4]), drift=False), "drift was not subtracted")
    assert run(movie_of(paths[:, :4]), drift=True).drift is not None
    assert run(movie_of(paths), drift=False).drift is None


def test_one_particle_keeps_its_motion() -> None:
    one = run(movie_of(walk(40, np.array([[48.0, 48.0]]), 0.8)))
    assert one.n_tracks == 1
    assert one.diffusion is not None
    assert one.diffusion.D > 0.1


def test_stage_that_drifts() -> None:
    still = grid_of(SHAPE, 24)
    moved = still + np.arange(16)[:, None, None] * np.array([0.25, -0.5])
    result = run(movie_of(moved))
    assert result.drift is not None
    np.testing.assert_allclose(result.drift.iloc[-1][["y", "x"]], [3.75, -7.5], atol=0.1)
    assert result.emsd["msd"].max() < 0.02


def test_frames_without_spots_do_not_break_the_drift() -> None:
    frames = movie_of(grid_of(SHAPE, 24) + np.arange(16)[:, None, None] * np.array([0.5, 0]))
    frames[7] = 10
    result = run(frames, memory=1)
    assert result.n_tracks == 16
    assert result.drift is not None
    assert list(result.drift.index) == list(range(1, 16))
    assert result.drift["y"].loc[7] == result.drift["y"].loc[6]


def test_dark_frame_before_the_last_does_not_bring_the_drift_back() -> None:
    """The last frame has tracks, and no displacement since the frame before."""
    frames = movie_of(grid_of(SHAPE, 24) + np.arange(16)[:, None, None] * np.array([0.5, 0]))
    frames[14] = 10
    result = run(frames, memory=1, drift=True)
    assert (result.tracks["frame"] == 15).sum() == result.n_tracks == 16
    assert result.drift is not None
    assert list(result.drift.index) == list(range(1, 16))
    assert result.drift["y"].loc[15] == result.drift["y"].loc[13]
    # The two steps of 0.5 that nothing measured remain; not the 6.5 that were subtracted before.
    assert result.emsd["msd"].iloc[-1] == pytest.approx(1, abs=0.2)


def test_no_warnings_about_a_good_movie(good: TrackResult) -> None:
    expected = "The drift was measured with 16.0 tracks a frame"
    assert [text for text in good.warnings if not text.startswith(expected)] == []


def test_warnings(paths: np.ndarray) -> None:
    frames = movie_of(paths)
    plain = run(frames)
    assert told(plain, "pixel size is unknown")
    assert told(plain, "frame rate is unknown")
    assert (plain.length_unit, plain.time_unit) == ("px", "frame")
    assert told(run(np.clip(frames.astype(int) * 3, 0, 255).astype(np.uint8)), "saturated")
    assert told(run(frames, search_range=20), "search_range is large")
    assert told(run(frames, search_range=1.5), "longer than 80 % of search_range")
    assert told(run(frames, min_length=21), "No track has 21 spots or more; the longest has 20")
    assert told(run(frames[:, :48, :48]), "Only 4 track(s)")
    assert told(run(frames, minmass=1e9), "No spots were found")
    assert told(run(movie_of(paths, sigma=3.5), diameter=3, minmass=0), "Sub-pixel bias")


def test_warning_of_flicker(paths: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    hidden = paths.copy()
    hidden[rng.random(paths.shape[:2]) < 0.25] = -100
    result = run(movie_of(hidden), memory=3)
    assert told(result, "detection flickers")
    assert told(run(movie_of(hidden), min_length=9), "are stubs")


def test_warning_of_directed_motion() -> None:
    rng = np.random.default_rng(2)
    starts = grid_of((160, 160), 32)
    velocity = rng.normal(0, 0.7, starts.shape)
    frames = movie_of(starts + np.arange(20)[:, None, None] * velocity, (160, 160))
    assert told(run(frames), "motion looks directed")


def test_report_without_matplotlib(good: TrackResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spotgpu.pipeline._figures.find_spec", lambda _: None)
    text = report(good)
    assert "Figures need matplotlib" in text
    assert "<img" not in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"search_range": 0}, "`search_range`"),
        ({"search_range": (3, 3, 3)}, "`search_range`"),
        ({"pixel_size_um": (0.2, 0.2, 0.5)}, "`pixel_size_um`"),
        ({"memory": -1}, "`memory`"),
        ({"confidence": 2}, "`confidence`"),
        ({"fps": float("inf")}, "`fps`"),
        ({"max_lagtime": 0.5}, "`max_lagtime`"),
    ],
)
def test_options_are_checked_before_the_work(options: dict[str, Any], message: str) -> None:
    seen = []

    class Watched(Silent):
        def stage(self, name: str, total: int | None = None) -> Any:
            seen.append(name)
            return super().stage(name, total)

    with pytest.raises((TypeError, ValueError), match=message):
        run(np.zeros((2, 32, 32), np.uint8), progress=Watched(), **options)
    assert seen == []


def test_stream_of_unknown_length(paths: np.ndarray, good: TrackResult) -> None:
    frames = movie_of(paths)
    result = run((frame for frame in frames), pixel_size_um=0.2, fps=10)
    pd.testing.assert_frame_equal(result.tracks, good.tracks)
    assert result.input["shape"] == [20, *SHAPE]
    assert result.input["path"] is None


def test_json_has_no_nan(good: TrackResult, tmp_path: Any) -> None:
    assert good.diffusion is not None
    unknown = dataclasses.replace(good.diffusion, ci_high=float("inf"), sigma=float("nan"))
    analysis = dataclasses.replace(good.analysis, diffusion=unknown)
    dataclasses.replace(good, analysis=analysis).save(tmp_path / "out")

    def refuse(word: str) -> None:
        raise ValueError(word)

    for name in ("diffusion.json", "run.json"):
        text = (tmp_path / "out" / name).read_text(encoding="utf-8")
        json.loads(text, parse_constant=refuse)
    assert json.loads((tmp_path / "out" / "diffusion.json").read_text())["ci_high"] is None
