"""`msd`, `imsd` and `emsd` on the device: the mirror's table bit for bit, the CPU's but for FFT."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

from spotgpu import motion
from spotgpu.backends import cpu
from spotgpu.errors import SpotgpuError
from spotgpu.motion import _direct, _ensemble, _msd
from tests.tolerance import MSD_FFT

#: The mirrors, where `imsd` and `emsd` do not take the FFT.
MIRROR = SimpleNamespace(msd=cpu.msd, ensemble=cpu.ensemble, put=cpu.put, get=cpu.get)

UNITS = {"mpp": 0.16, "fps": 12.5}


def walks(tracks: int, frames: int, gaps: float = 0.0, ragged: bool = False, seed: int = 0):
    """Return Brownian tracks in 3D; some of one frame if `ragged`."""
    rng = np.random.default_rng(seed)
    path = rng.normal(size=(3, frames, tracks)).cumsum(axis=1) + rng.uniform(0, 500, (3, 1, tracks))
    table = pd.DataFrame({"frame": np.repeat(np.arange(frames), tracks)})
    table["z"], table["y"], table["x"] = path.reshape(3, -1)
    table["particle"] = np.tile(np.arange(tracks), frames)
    keep = rng.random(len(table)) >= gaps
    if ragged:
        begin, length = rng.integers(0, frames, tracks), rng.integers(1, frames, tracks)
        length[::7] = 1
        age = table["frame"] - begin[table["particle"]]
        keep &= (age >= 0) & (age < length[table["particle"]])
    return table[keep].reset_index(drop=True)


TABLES = {
    "whole": walks(5, 40).drop(columns="z"),
    "gaps": walks(5, 40, gaps=0.2),
    "mixed lengths": walks(40, 60, ragged=True).drop(columns="z"),
    "mixed lengths, gaps": walks(40, 60, gaps=0.4, ragged=True),
    "many": walks(70, 12, gaps=0.3).drop(columns="z"),
    "one frame": walks(6, 1),
    "one track": walks(1, 150, gaps=0.1),
    "empty": walks(3, 2)[:0],
    "long gap": pd.DataFrame(
        {"frame": [0, 1, 3, 10**12, 10**12 + 2, 10], "y": 0.0, "x": range(6), "particle": 4}
    ),
}


def call(name: str, *args: object, **options: object):
    return getattr(motion, name)(*args, **UNITS, **options)


def cases(table: pd.DataFrame):
    """Return calls that make sense for a table."""
    found = [("imsd", {"statistic": s}) for s in ("msd", "<x>", "<y^2>")]
    found += [("emsd", {}), ("emsd", {"detail": True}), ("imsd", {"max_lagtime": 3})]
    if table["particle"].nunique() < 2:
        found += [("msd", {"detail": True}), ("msd", {"max_lagtime": 130})]
    return found


@pytest.mark.parametrize("name", TABLES)
def test_tables(cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    table = TABLES[name]
    for function, options in cases(table):
        found = call(function, table, **options, device="cuda")
        by_fft = call(function, table, **options)
        with monkeypatch.context() as patch:
            for module in (_msd, _ensemble):
                patch.setattr(module, "on", lambda _: MIRROR)
            mirror = call(function, table, **options)
        same = assert_series_equal if isinstance(mirror, pd.Series) else assert_frame_equal
        same(found, mirror, check_exact=True)
        # <x> is a small difference of large sums in both.
        least = 1e-12 if options.get("detail") or options.get("statistic") == "<x>" else 0
        same(found, by_fft, check_exact=False, rtol=MSD_FFT.allowed, atol=least)


def test_streams_agree(streams: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = TABLES["mixed lengths, gaps"]
    found = [call(name, table, device="cuda") for name in ("imsd", "emsd")]
    for module in (_msd, _ensemble):
        monkeypatch.setattr(module, "on", lambda _: MIRROR)
    assert_frame_equal(found[0], call("imsd", table), check_exact=True)
    assert_series_equal(found[1], call("emsd", table), check_exact=True)


def test_nothing_moves(cuda: ModuleType) -> None:
    table = TABLES["gaps"].assign(x=3.3, y=1e6 + 0.1, z=-7.0)
    assert (call("imsd", table, device="cuda").fillna(0) == 0).all(axis=None)


@pytest.mark.parametrize("size", [1, 4000, 9000])
def test_chunks_leave_the_numbers_alone(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    table = TABLES["mixed lengths, gaps"]
    whole = [call(name, table, device="cuda") for name in ("imsd", "emsd")]
    monkeypatch.setattr(_direct, "CHUNK", size)
    assert_frame_equal(call("imsd", table, device="cuda"), whole[0], check_exact=True)
    assert_series_equal(call("emsd", table, device="cuda"), whole[1], check_exact=True)


def short_of_memory(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Give `imsd` and `emsd` a backend that has no memory for more than so many tracks."""

    def msd(positions, valid, starts, max_lagtime, detail):
        if len(starts) - 1 > most:
            raise MemoryError("all gone")
        return cpu.msd(positions, valid, starts, max_lagtime, detail)

    backend = SimpleNamespace(**vars(MIRROR) | {"msd": msd})
    for module in (_msd, _ensemble):
        monkeypatch.setattr(module, "on", lambda _: backend)


def test_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    table = walks(200, 10, gaps=0.2)
    for module in (_msd, _ensemble):
        monkeypatch.setattr(module, "on", lambda _: MIRROR)
    whole = call("emsd", table, detail=True)
    short_of_memory(monkeypatch, 100)
    with pytest.warns(UserWarning, match="the device ran out of memory for 200 tracks: going on"):
        found = call("emsd", table, detail=True)
    assert_frame_equal(found, whole, check_exact=True)


def test_no_memory_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    short_of_memory(monkeypatch, 0)
    with pytest.raises(SpotgpuError, match="no memory for 5 tracks, the longest of 40 frames"):
        call("imsd", TABLES["gaps"])


def test_bad_device() -> None:
    for name in ("msd", "imsd", "emsd"):
        with pytest.raises(ValueError, match="`device` must be one of 'cpu', 'cuda', 'auto'"):
            call(name, TABLES["one track"], device="gpu")
