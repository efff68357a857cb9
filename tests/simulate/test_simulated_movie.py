"""Simulated movies: laziness, determinism, the camera's statistics."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spotgpu.detect import locate
from spotgpu.simulate import SimulatedMovie, brownian_motion, movie, render

TRACKS = brownian_motion(6, 10, (40, 50), margin=8, seed=1)
QUIET = {"gain": 0.0, "read_noise": 0.0}


def blank(shape: tuple[int, ...] = (400, 500), **options: Any) -> np.ndarray:
    nothing = pd.DataFrame({"frame": [], "y": [], "x": []})
    return movie(nothing, shape, n_frames=1, dtype="uint16", **options)[0].astype(float)


def test_is_a_sequence() -> None:
    frames = movie(TRACKS, (40, 50), pixel_size_um=0.16, frame_interval_s=0.1)
    assert isinstance(frames, SimulatedMovie)
    assert (len(frames), frames.shape, frames.axes, frames.ndim) == (6, (6, 40, 50), "TYX", 3)
    assert (frames.frame_shape, frames.dtype) == ((40, 50), np.uint8)
    assert (frames.pixel_size_um, frames.frame_interval_s) == ((0.16, 0.16), 0.1)
    assert frames.truth is TRACKS
    stack = np.asarray(frames)
    assert (stack.shape, stack.dtype) == ((6, 40, 50), np.uint8)
    for one, other in zip(stack, frames, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(frames[-1], stack[5])
    np.testing.assert_array_equal(np.asarray(frames[1:5:2][1:]), stack[3:4])
    with pytest.raises(IndexError):
        frames[6]
    with pytest.raises(ValueError, match="`copy`"):
        np.array(frames, copy=False)


def test_volumes() -> None:
    tracks = brownian_motion(3, 4, (12, 20, 24), margin=4)
    volumes = movie(tracks, (12, 20, 24), sigma=(1, 2, 2), pixel_size_um=(0.4, 0.1, 0.1))
    assert (volumes.axes, volumes[0].shape) == ("TZYX", (12, 20, 24))
    assert volumes.pixel_size_um == (0.4, 0.1, 0.1)


def test_frames_do_not_depend_on_what_was_drawn_before() -> None:
    one, other = (movie(TRACKS, (40, 50), seed=7) for _ in range(2))
    backwards = [one[i] for i in range(5, -1, -1)][::-1]
    for i, frame in enumerate(backwards):
        np.testing.assert_array_equal(frame, other[i])
    assert not np.array_equal(one[2], movie(TRACKS, (40, 50), seed=8)[2])
    # Two frames with the same spots have different noise.
    still = movie(TRACKS.assign(y=9.0, x=9.0), (40, 50))
    assert not np.array_equal(still[0], still[1])


def test_pickles_into_another_process() -> None:
    frames = movie(TRACKS, (40, 50))
    copy = pickle.loads(pickle.dumps(frames))  # noqa: S301
    np.testing.assert_array_equal(copy[3], frames[3])
    assert len(pickle.dumps(movie(TRACKS, (4000, 5000)))) < 20_000  # no image is in it
    code = (
        "import sys; from spotgpu.simulate import *; t = brownian_motion(6, 10, (40, 50), "
        "margin=8, seed=1); sys.stdout.buffer.write(movie(t, (40, 50))[3].tobytes())"
    )
    drawn = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert drawn == frames[3].tobytes()


def test_making_it_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    real = SimulatedMovie.__getitem__.__globals__["Scene"].frame
    monkeypatch.setattr(
        "spotgpu.simulate._camera.Scene.frame",
        lambda self, number: drawn.append(number) or real(self, number),
    )
    frames = movie(TRACKS, (40, 50), n_frames=10_000_000)
    assert (len(frames), drawn) == (10_000_000, [])
    frames[4]
    assert drawn == [4]
    assert frames[9_999_999].mean() == pytest.approx(20, abs=1)


def test_without_noise_it_is_the_rendered_image() -> None:
    frames = movie(TRACKS.sample(frac=1, random_state=0), (40, 50), sigma=1.5, **QUIET)
    for i in (0, 5):
        spots = TRACKS[TRACKS["frame"] == i]
        exact = render(spots, (40, 50), sigma=1.5, signal=100, background=20)
        np.testing.assert_array_equal(frames[i], np.rint(exact).clip(0, 255))


def test_signal_by_row_and_bleaching() -> None:
    spots = pd.DataFrame({"frame": [1, 0], "y": [9.0, 9.0], "x": [9.0, 9.0]})
    frames = movie(spots, (20, 20), signal=[200.0, 80.0], background=0, bleaching=0.5, **QUIET)
    assert (frames[0].max(), frames[1].max()) == (80, round(200 * np.exp(-0.5)))


@pytest.mark.parametrize("gain", [1.0, 2.5])
@pytest.mark.parametrize("level", [4.0, 60.0])
def test_noise_has_the_mean_and_variance_of_a_camera(gain: float, level: float) -> None:
    pixels = blank(background=level, gain=gain, read_noise=3.0, offset=100.0)
    assert pixels.mean() == pytest.approx(100 + level, abs=0.1)
    expected = gain * level + 9.0 + 1 / 12  # the last from rounding
    assert pixels.var() == pytest.approx(expected, rel=0.02)


def test_shot_noise_alone_is_of_whole_photons() -> None:
    pixels = blank(background=3.0, gain=10.0, read_noise=0.0)
    assert set(np.unique(pixels) % 10) == {0.0}
    assert (pixels == 0).mean() == pytest.approx(np.exp(-0.3), abs=0.005)


def test_photons_of_a_spot() -> None:
    spot = pd.DataFrame({"frame": range(200), "y": 15.3, "x": 14.6})
    frames = movie(spot, (30, 30), sigma=2, signal=50, background=0, read_noise=0, dtype="uint16")
    counts = np.asarray(frames).sum(axis=(1, 2), dtype=float)
    expected = 50 * 2 * np.pi * 4
    assert counts.mean() == pytest.approx(expected, abs=5 * np.sqrt(expected / 200))
    assert counts.var() == pytest.approx(expected, rel=0.5)


@pytest.mark.parametrize(("dtype", "top"), [("uint8", 255), (np.uint16, 65535)])
def test_saturates(dtype: Any, top: int) -> None:
    frame = movie(TRACKS, (40, 50), signal=1e6, dtype=dtype)[0]
    assert (frame.max(), frame.dtype) == (top, np.dtype(dtype))
    assert movie(TRACKS, (40, 50), offset=-1e4, dtype=dtype)[0].max() == 0


def test_is_found_by_locate() -> None:
    tracks = pd.DataFrame({"frame": 0, "y": [15.2, 40.7], "x": [20.5, 33.1]})
    found = locate(movie(tracks, (60, 60), sigma=2, **QUIET)[0], 11, minmass=200)
    np.testing.assert_allclose(found[["y", "x"]], tracks[["y", "x"]], atol=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tracks": TRACKS.drop(columns="x")}, r"`tracks` must have the column\(s\) x"),
        ({"tracks": TRACKS.assign(frame=0.5)}, "`tracks` must have frames that are integers"),
        ({"tracks": TRACKS.assign(frame=-1)}, "`tracks` must have frames that are integers"),
        ({"tracks": TRACKS.assign(x=np.nan)}, "`tracks` must have finite positions"),
        ({"tracks": TRACKS.assign(z=1.0)}, r"`shape` must be \(Z, Y, X\)"),
        ({"tracks": TRACKS.iloc[:0]}, "`n_frames` must be given"),
        ({"n_frames": 0}, "`n_frames` must be"),
        ({"dtype": "float32"}, "`dtype` must be one of uint8, uint16"),
        ({"dtype": "nonsense"}, "`dtype` must be one of uint8, uint16"),
        ({"gain": -1}, "`gain` must be"),
        ({"read_noise": np.nan}, "`read_noise` must be"),
        ({"signal": [1.0, 2.0]}, "`signal` must be one number or 60"),
        ({"bleaching": -1}, "`bleaching` must be"),
        ({"pixel_size_um": 0}, "`pixel_size_um` must be"),
        ({"frame_interval_s": -1}, "`frame_interval_s` must be"),
        ({"sigma": -2}, "`sigma` must be"),
    ],
)
def test_bad_input(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        movie(**({"tracks": TRACKS, "shape": (40, 50)} | change))
    with pytest.raises(TypeError, match="`tracks` must be a pandas DataFrame"):
        movie([[1, 2]], (40, 50))
