"""Streaming: links and tracks frame by frame, beside `link` and `filter_stubs` on whole tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spotgpu as sg
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._link_stream import linked
from spotgpu.pipeline._long_tracks import LongTracks
from spotgpu.pipeline._overview import SpotSample


def spots(seed: int, frames: int = 40, n: int = 30, seen: float = 0.8) -> pd.DataFrame:
    """Return walking spots, some of them not seen; frames 7, 8 and 20 are empty."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 60, (n, 2)) + rng.normal(0, 0.8, (frames, n, 2)).cumsum(axis=0)
    table = pd.DataFrame(at.reshape(-1, 2), columns=["y", "x"])
    table["frame"] = np.repeat(np.arange(frames), n)
    table = table[rng.random(len(table)) < seen]
    return table[~table["frame"].isin([7, 8, 20])].reset_index(drop=True)


def by_frame(table: pd.DataFrame, frames: range) -> list[tuple[int, np.ndarray]]:
    return [(k, table.loc[table["frame"] == k, ["y", "x"]].to_numpy()) for k in frames]


def streamed(
    table: pd.DataFrame, memory: int, least: int, frames: range
) -> tuple[pd.DataFrame, LongTracks, int]:
    """Return the tracks, and how many frames waited at most."""
    long, out, waited = LongTracks(least, memory), [], 0
    for frame in linked(by_frame(table, frames), 2, 3, memory, Clock()):
        out += long.add(frame)
        waited = max(waited, frame.number - (out[-1].number if out else frames[0] - 1))
    out += long.finish()
    assert [frame.number for frame in out] == list(frames)
    rows = np.concatenate([frame.rows for frame in out])
    result = pd.DataFrame(rows, columns=["y", "x"])
    result["frame"] = np.concatenate([np.full(len(f.rows), f.number) for f in out])
    result["particle"] = np.concatenate([frame.particle for frame in out])
    return result, long, waited


@pytest.mark.parametrize("memory", [0, 1, 3])
@pytest.mark.parametrize("least", [1, 2, 6, 40])
def test_tracks_are_those_of_the_whole_table(memory: int, least: int) -> None:
    for seed in range(3):
        table = spots(seed)
        whole = sg.link(table, 3, memory=memory)
        expected = sg.filter_stubs(whole, least).reset_index(drop=True)
        result, long, waited = streamed(table, memory, least, range(40))
        pd.testing.assert_frame_equal(result, expected)
        lengths = expected.groupby("particle")["frame"].agg(["size", "min", "max"])
        assert long.n_particles == whole["particle"].nunique()
        assert long.longest == whole.groupby("particle").size().max()
        assert long.n_tracks == len(lengths)
        assert long.n_spots == len(expected)
        assert long.span == (lengths["max"] - lengths["min"] + 1).sum()
        assert long.n_frames == expected["frame"].nunique()
        particle, count = long.lengths
        assert particle.tolist() == lengths.index.tolist()
        assert count.tolist() == lengths["size"].tolist()
        assert waited <= least * (memory + 1)


def test_numbers_that_are_left_out_are_empty_frames() -> None:
    table = spots(5)
    left_out = table[table["frame"] % 5 != 4]
    for memory in (0, 1, 2):
        expected = sg.link(left_out, 3, memory=memory)
        numbers = [k for k in range(40) if k % 5 != 4]
        found = [(k, left_out.loc[left_out["frame"] == k, ["y", "x"]].to_numpy()) for k in numbers]
        frames = list(linked(found, 2, 3, memory, Clock()))
        assert [frame.number for frame in frames] == numbers
        particle = np.concatenate([frame.particle for frame in frames])
        assert particle.tolist() == expected["particle"].tolist()


def test_numbers_must_ascend() -> None:
    frames = by_frame(spots(1), range(3))
    with pytest.raises(ValueError, match="ascending order of their `frame_no`, got 1 after 2"):
        list(linked([frames[0], frames[2], frames[1]], 2, 3, 0, Clock()))


def test_what_is_remembered_does_not_grow() -> None:
    # A thousand frames of new particles: only the last few are known.
    long = LongTracks(3, 1)
    rng = np.random.default_rng(0)
    found = ((k, rng.uniform(0, 1000, (50, 2))) for k in range(1000))
    for frame in linked(found, 2, 1e-3, 1, Clock()):
        long.add(frame)
        assert len(long._particle) <= 50 * 6
        assert len(long._waiting) <= 6
    assert long.n_particles == 50_000
    assert long.n_tracks == 0


def test_sample_of_every_nth_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spotgpu.pipeline._overview.SAMPLE", 100)
    sample = SpotSample(["y", "x"])
    for k in range(64):
        sample.add((k + 5, np.full((0 if k == 0 else 10, 2), float(k))))
    long = LongTracks(1, 0)
    overview = sample.overview(long)
    assert (overview.frames, overview.frames_with_spots, overview.spots) == (64, 63, 630)
    assert overview.first_spots["frame"].tolist() == [6] * 10
    # Every 8th of 64 frames but the first, which is empty.
    assert overview.sample["frame"].unique().tolist() == [13, 21, 29, 37, 45, 53, 61]
    assert overview.tracks_per_frame == 0
