"""The file interface beside the specification of flowtrace, for all options together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import plain_flowtrace as plain
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotgpu.pathlines import flowtrace, streamlines
from spotgpu.pathlines._chunks import chunks, without_one

FRAMES, MERGED = 11, 3
KINDS = {
    "uint8": ((5, 4), "uint8"),
    "uint16": ((5, 4), "uint16"),
    "float32": ((5, 4), "float32"),
    "float64": ((5, 4), "float64"),
    "uint8 in colour": ((5, 4, 3), "uint8"),
    "uint16 in colour": ((5, 4, 3), "uint16"),
}


def combinations(colour: bool) -> Iterator[dict[str, Any]]:
    """Yield every combination of options."""
    flags = ("subtract_median", "subtract_first", "add_first_frame", "invert_color")
    for values in product([False, True], repeat=4):
        for order in (0, 1, 2):
            for coloured in (False,) if colour else (False, True):
                yield {
                    **dict(zip(flags, values, strict=True)),
                    "take_diff": order > 0,
                    "diff_order": max(order, 1),
                    "color_series": coloured,
                }


@pytest.mark.parametrize(("shape", "dtype"), KINDS.values(), ids=KINDS)
def test_pixels(
    random_frames: Callable[..., np.ndarray],
    folder_of: Callable[..., Path],
    tmp_path: Path,
    shape: tuple[int, ...],
    dtype: str,
) -> None:
    frames = random_frames(FRAMES, *shape, dtype=dtype)
    folder = folder_of(frames)
    for cores, options in product((1, 2), combinations(len(shape) == 3)):
        files = flowtrace(folder, MERGED, tmp_path / "out", chunks=cores, **options)
        wanted = [
            plain.image([frames[k] for k in window], **options)
            for part in plain.chunks(list(range(FRAMES)), MERGED, cores)
            for window in plain.windows(part, MERGED)
        ]
        assert len(files) == len(wanted) == FRAMES - MERGED
        for i, (file, image) in enumerate(zip(files, wanted, strict=True)):
            assert file.name == f"f{i:02d}_streamlines_frames3.png"
            found = imagecodecs.png_decode(file.read_bytes())
            np.testing.assert_array_equal(found, image, err_msg=str(options))


@pytest.mark.parametrize(("shape", "dtype"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("normalize", ["image", "movie"])
def test_streamlines(
    random_frames: Callable[..., np.ndarray], shape: tuple[int, ...], dtype: str, normalize: str
) -> None:
    """The same formulas on windows that follow each other, dark objects inverted first."""
    white = 255.0 if dtype == "uint8" else 7.0
    frames = random_frames(FRAMES, *shape, dtype=dtype, seed=1)
    for options in combinations(len(shape) == 3):
        inverts = options["invert_color"]
        images = streamlines(
            frames, MERGED, normalize=normalize, white=white if inverts else None, **options
        )
        seen = white - frames.astype(np.float64) if inverts else frames
        windows = [list(seen[i : i + MERGED]) for i in range(FRAMES - MERGED + 1)]
        options["invert_color"] = False
        peak = None
        if normalize == "movie":
            peak = max(plain.image(window, unscaled=True, **options) for window in windows)
        wanted = [plain.image(window, peak=peak, **options) for window in windows]
        np.testing.assert_array_equal(np.asarray(images), wanted, err_msg=str(options))


@given(n=st.integers(1, 12), more=st.integers(1, 60), cores=st.integers(1, 12))
def test_parts(n: int, more: int, cores: int) -> None:
    """Parts and windows are those of the specification, whatever the numbers."""
    wanted = plain.chunks(list(range(n + more)), n, cores)
    found = chunks(n + more, n, cores)
    assert [list(part) for part in found] == [part for part in wanted if len(part) > n]
    windows = [without_one(part, n)[i : i + n] for part in found for i in range(len(part) - n)]
    assert windows == [window for part in wanted for window in plain.windows(part, n)]
    assert len(windows) == more


def test_streamlines_round_once(random_frames: Callable[..., np.ndarray]) -> None:
    """What changes nothing leaves no trace."""
    frames = np.abs(random_frames(8, 30, 20, dtype="float64"))
    frames[::4] *= -(2.0**50)
    wanted = np.asarray(streamlines(frames, 4, subtract_median=True))
    both = streamlines(frames, 4, subtract_median=True, subtract_first=True)
    np.testing.assert_array_equal(np.asarray(both), wanted)


def test_parts_of_very_many_processes() -> None:
    assert chunks(40, 5, 10**12) == chunks(40, 5, 40)
    assert chunks(40, 1, 10**12) == [range(i, i + 2) for i in range(39)]


SUBTRACTIONS = [
    {"subtract_first": True, "subtract_median": True},
    {"subtract_first": True, "take_diff": True},
    {"subtract_median": True, "take_diff": True, "diff_order": 2},
    {"subtract_first": True, "subtract_median": True, "take_diff": True},
]


@pytest.mark.parametrize("options", SUBTRACTIONS, ids=str)
@pytest.mark.parametrize(
    ("dtype", "far"),
    [("float64", 2.0**50), ("float64", -(2.0**50)), ("float32", -(2.0**50)), ("uint64", 2.0**50)],
)
@pytest.mark.parametrize(
    "more", [{}, {"color_series": True}, {"invert_color": True, "add_first_frame": True}], ids=str
)
def test_two_roundings(
    folder_of: Callable[..., Path],
    tmp_path: Path,
    options: dict[str, Any],
    dtype: str,
    far: float,
    more: dict[str, bool],
) -> None:
    """A first frame that is far away leaves little of the other bits; all of that is seen."""
    rng = np.random.default_rng(5)
    frames = rng.uniform(0.1, 8, (8, 30, 20)) * (256 if dtype == "uint64" else 1)
    frames[::4] *= far
    frames = frames.astype(dtype)
    options = {**options, **more}
    files = flowtrace(folder_of(frames), 4, tmp_path / "out", use_parallel=False, **options)
    every = plain.windows(list(range(8)), 4)
    wanted = [plain.image([frames[k] for k in window], **options) for window in every]
    found = [imagecodecs.png_decode(file.read_bytes()) for file in files]
    np.testing.assert_array_equal(found, wanted)


def test_default_parts(
    random_frames: Callable[..., np.ndarray], folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    """Parts are those of `max_cores` processes, however many cores there are; and of one."""
    frames = random_frames(30, 4, 5)
    folder = folder_of(frames)
    for given_options, cores in (
        ({}, 8),
        ({"max_cores": 5}, 5),
        ({"chunks": 15}, 15),  # a last part of exactly two
        ({"use_parallel": False}, 1),
        ({"use_parallel": False, "max_cores": 3}, 1),
        ({"use_parallel": False, "chunks": 3}, 3),
    ):
        files = flowtrace(folder, 2, tmp_path / "out", **given_options)
        wanted = [
            plain.image(window)
            for part in plain.chunks(list(frames), 2, cores)
            for window in plain.windows(part, 2)
        ]
        found = [imagecodecs.png_decode(file.read_bytes()) for file in files]
        np.testing.assert_array_equal(found, wanted)


def test_batches_do_not_show(
    random_frames: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few windows at a time, one image alone, slices: the same images."""
    from spotgpu.pathlines._projection import Projection

    frames = random_frames(40, 5, 4)
    for options in combinations(False):
        whole = np.asarray(streamlines(frames, 4, **options))
        for many in (1, 3, 4, 9):
            monkeypatch.setattr(Projection, "windows", lambda *_, many=many: many)
            images = streamlines(frames, 4, **options)
            np.testing.assert_array_equal(np.asarray(images), whole)
            for part in (slice(3, 30, 2), slice(None, None, -1), slice(30, 2, -5), slice(5, 5)):
                np.testing.assert_array_equal(np.asarray(images[part]), whole[part])
            np.testing.assert_array_equal(images[-7], whole[-7])
        monkeypatch.undo()
