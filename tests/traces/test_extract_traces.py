"""`extract_traces` against optimap, plain numpy and cases worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

import spotgpu as sg
from spotgpu import traces
from spotgpu.backends import compiled
from spotgpu.errors import SpotgpuError

DISC_5 = ["01110", "11111", "11111", "11111", "01110"]
PLACES = pd.DataFrame({"id": [5, 6], "y": [1.0, 2.0], "x": [3.0, 0.0]})
DISC_4 = ["00100", "01110", "11111", "01110", "00100"]


def noise(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if np.issubdtype(dtype, np.floating):
        return rng.normal(100, 30, shape).astype(dtype)
    return rng.integers(0, min(60_000, np.iinfo(dtype).max), shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("window", ["rect", "disc", "pixel"])
def test_optimap(window: str, dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everywhere, the border included, with even and odd sizes."""
    oracle = pytest.importorskip("optimap.trace", reason="needs optimap")
    monkeypatch.setattr(compiled._Work, "loops", None)
    monkeypatch.setattr(compiled._Work, "absent", True)
    video = noise((3, 9, 11), dtype)
    coords = [(x, y) for y in range(9) for x in range(11)]
    for size in range(10):
        ours = traces.extract_traces(video, coords, size, window=window)
        theirs = oracle.extract_traces(video, coords, size, window=window)
        assert ours.dtype == theirs.dtype
        if np.issubdtype(dtype, np.floating):
            np.testing.assert_allclose(ours, theirs, rtol=4 * np.finfo(dtype).eps * size)
        else:
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("size", "rows"), [(5, DISC_5), (4, DISC_4), (1.9, ["00000"] * 5)])
def test_disc_by_hand(size: float, rows: list[str]) -> None:
    """Each pixel in turn is the only bright one: it counts or it does not."""
    inside = np.array([[c == "1" for c in row] for row in rows])
    inside[2, 2] = True
    video = np.eye(25).reshape(25, 5, 5)
    found = traces.extract_traces(video, (2, 2), size, window="disc")
    np.testing.assert_array_equal(found, (inside / inside.sum()).ravel())


def test_rectangle_by_hand() -> None:
    video = np.arange(2 * 4 * 6, dtype=np.uint8).reshape(2, 4, 6)
    # Columns 2 to 4 of rows 0 to 2; two wide: one pixel more before the position.
    assert traces.extract_traces(video, (3, 1), 3).tolist() == [9.0, 33.0]
    assert traces.extract_traces(video, (3, 1), 2).tolist() == [(2 + 3 + 8 + 9) / 4, 29.5]
    # Cut off: the corner has 2 x 2 pixels of 3 x 3.
    assert traces.extract_traces(video, (0, 0), 3).tolist() == [3.5, 27.5]
    assert traces.extract_traces(video, (5, 3), (3, 1)).tolist() == [22.5, 46.5]
    assert traces.extract_traces(video, (3, 5), (1, 3), order="yx").tolist() == [22.5, 46.5]


def inside_of(window: str, sizes: tuple[float, ...], offset: tuple[int, ...]) -> bool:
    """Return whether an offset, in the order of the sizes, is in a window."""
    if window == "rect":
        return all(-(s // 2) <= d < s - s // 2 for d, s in zip(offset, sizes, strict=True))
    return sum((2 * d / s) ** 2 for d, s in zip(offset, sizes, strict=True)) <= 1 + 1e-12


@pytest.mark.parametrize("window", ["rect", "disc"])
@pytest.mark.parametrize("sizes", [(5, 5, 5), (2, 3, 4), (1, 5, 3)])
def test_volumes(window: str, sizes: tuple[int, ...]) -> None:
    """Against a loop over all pixels; sizes are those of x, y and z."""
    video = noise((2, 5, 6, 7), np.uint16)
    coords = [(x, y, z) for x in (0, 3, 6) for y in (0, 2, 5) for z in (0, 1, 4)]
    found = traces.extract_traces(video, coords, sizes, window=window)
    for n, (x, y, z) in enumerate(coords):
        pixels = [
            video[:, k, j, i]
            for k, j, i in np.ndindex(video.shape[1:])
            if inside_of(window, sizes, (i - x, j - y, k - z))
        ]
        np.testing.assert_array_equal(found[:, n], np.mean(pixels, axis=0))
    turned = [c[::-1] for c in coords]
    again = traces.extract_traces(video, turned, sizes[::-1], window=window, order="yx")
    np.testing.assert_array_equal(again, found)


@pytest.mark.parametrize("window", ["rect", "disc"])
def test_windows_larger_than_the_image(window: str) -> None:
    video = noise((3, 6, 9), np.uint8)
    coords = [(0, 0), (8, 5), (4, 3)]
    found = traces.extract_traces(video, coords, 10**9, window=window)
    np.testing.assert_array_equal(found, np.tile(video.mean(axis=(1, 2))[:, None], 3))
    table = traces.trace_table(video, coords, 1, background=(0, 1e9))
    others = (video.sum(axis=(1, 2)) - video[:, 5, 8]) / 53
    np.testing.assert_array_equal(table[1], video[:, 5, 8] - others)


@pytest.mark.parametrize(
    "coords",
    [
        [(3, 1), (0, 2)],
        np.array([[3, 1], [0, 2]], np.uint8),
        [[3.4, 0.5], [-0.5, 2.5]],
        ((np.int32(3), 1), (0, np.float64(2))),
        PLACES,
        PLACES.convert_dtypes(),
        PLACES.convert_dtypes(dtype_backend="pyarrow"),
    ],
)
def test_coordinates_of_any_kind(coords: Any) -> None:
    video = noise((4, 5, 6), np.uint8)
    found = traces.extract_traces(video, coords, window="pixel")
    if isinstance(coords, list) and isinstance(coords[0], list):
        # 0.5 and 2.5 are between pixels: the even one.
        np.testing.assert_array_equal(found, video[:, [0, 2], [3, 0]])
    else:
        np.testing.assert_array_equal(found, video[:, [1, 2], [3, 0]])


@pytest.mark.parametrize("pair", [(3, 1), [3.0, 1.0], np.array([3, 1]), (np.int64(3), np.int64(1))])
def test_one_position(pair: Any) -> None:
    video = noise((4, 5, 6), np.float32)
    assert traces.extract_traces(video, pair, 1).tolist() == video[:, 1, 3].tolist()
    assert traces.extract_traces(video, [pair]).shape == (4, 1)


@pytest.mark.parametrize("window", ["rect", "pixel"])
@pytest.mark.parametrize("coords", [[], (), np.empty((0, 2))])
def test_no_position(coords: Any, window: str) -> None:
    assert traces.extract_traces(noise((4, 5, 6), np.uint8), coords, window=window).shape == (4, 0)


@pytest.mark.parametrize(
    ("dtype", "result"),
    [
        ("bool", "f8"),
        ("i1", "f8"),
        ("u4", "f8"),
        ("i8", "f8"),
        (">u2", "f8"),
        ("f2", "f2"),
        (">f4", "f4"),
        ("f8", "f8"),
    ],
)
def test_types(dtype: str, result: str) -> None:
    video = noise((3, 7, 7), np.uint8).astype(dtype)
    found = traces.extract_traces(video, (3, 3), 3)
    assert found.dtype == np.dtype(result)
    expected = video[:, 2:5, 2:5].astype("f8").mean(axis=(1, 2)).astype(result)
    np.testing.assert_array_equal(found, expected)
    assert traces.extract_traces(video, (3, 3), 1).dtype == np.dtype(dtype).newbyteorder("=")


def test_nan_stays_in_its_window() -> None:
    video = np.ones((2, 8, 8), np.float32)
    video[0, 3, 3] = np.nan
    found = traces.extract_traces(video, [(2, 2), (5, 5), (6, 6)], 3)
    np.testing.assert_array_equal(found, [[np.nan, 1, 1], [1, 1, 1]])


def test_default_window() -> None:
    video = noise((3, 9, 9), np.uint8)
    try:
        for window in ("disc", "pixel", "rect"):
            traces.set_default_trace_window(window)
            assert traces.get_default_trace_window() == window
            by_name = traces.extract_traces(video, (4, 4), window=window)
            np.testing.assert_array_equal(traces.extract_traces(video, (4, 4)), by_name)
        with pytest.raises(ValueError, match=r"`window` must be one of 'rect'.*got 'square'"):
            traces.set_default_trace_window("square")
        assert traces.get_default_trace_window() == "rect"
    finally:
        traces.set_default_trace_window("rect")


def test_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, lists, streams, strided and read-only arrays, in pieces of a frame and of all."""
    video = noise((7, 12, 10), np.uint16)
    coords = [(0, 0), (5, 6), (9, 11)]
    tifffile.imwrite(tmp_path / "movie.tif", video, photometric="minisblack")
    np.save(tmp_path / "movie.npy", video)
    wide = np.repeat(video, 2, axis=2)
    locked = video.copy()
    locked.flags.writeable = False
    expected = np.array(
        [[f[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].mean() for x, y in coords] for f in video]
    )
    for n_bytes in (1, 500, 1 << 23):
        for name in ("ON_CPU", "IN_MEMORY"):
            monkeypatch.setattr(f"spotgpu.traces._means.{name}", n_bytes)
        for source in (
            video,
            wide[:, :, ::2],
            np.asfortranarray(video),
            locked,
            np.load(tmp_path / "movie.npy", mmap_mode="r"),
            list(video),
            (frame for frame in video),
            str(tmp_path / "movie.tif"),
            sg.open(tmp_path / "movie.npy"),
            sg.open(video)[:],
        ):
            np.testing.assert_array_equal(traces.extract_traces(source, coords), expected)


def test_the_array_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    from spotgpu.traces import _means

    video = noise((9, 8, 8), np.uint8)
    seen = []
    original = _means._means
    monkeypatch.setattr(_means, "IN_MEMORY", 200)
    monkeypatch.setattr(
        _means, "_means", lambda b, f, *rest: seen.append(f) or original(b, f, *rest)
    )
    traces.extract_traces(video, (3, 3))
    assert len(seen) == 3
    assert all(np.shares_memory(frames, video) for frames in seen)
    monkeypatch.setattr(_means, "VALUES", 4)
    traces.extract_traces(video, [(3, 3), (4, 4)])
    assert [len(frames) for frames in seen[3:]] == [2, 2, 2, 2, 1]


def test_device(cuda: Any) -> None:
    for dtype in (np.uint8, np.float32):
        video = noise((3, 9, 11), dtype)
        coords = [(x, y) for y in range(0, 9, 2) for x in range(11)]
        for window in ("rect", "disc", "pixel"):
            expected = traces.extract_traces(video, coords, window=window)
            found = traces.extract_traces(video, coords, window=window, device="cuda")
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)


def test_movies_of_few_columns_are_not_in_colour() -> None:
    for width in (3, 4):
        video = noise((6, 9, width), np.uint8)
        table = pd.DataFrame({"frame": [0, 5], "y": 3, "x": 2})
        expected = video[:, 3, 2]
        np.testing.assert_array_equal(traces.extract_traces(video, (2, 3), 1), expected)
        np.testing.assert_array_equal(traces.trace_table(video, [(2, 3)], 1)[0], expected)
        found = traces.along_tracks(video, table, 1)["intensity"]
        np.testing.assert_array_equal(found, expected[[0, 5]])


@pytest.mark.parametrize("axes", ["CTYX", "YXTC"])
def test_axes_and_channels(axes: str) -> None:
    video = noise((2, 5, 8, 9), np.uint16)
    given = np.transpose(video, ["CTYX".index(axis) for axis in axes])
    options: dict[str, Any] = {"axes": axes, "channel": 1}
    expected = video[1, :, 3, 2]
    np.testing.assert_array_equal(traces.extract_traces(given, (2, 3), 1, **options), expected)
    np.testing.assert_array_equal(traces.trace_table(given, [(2, 3)], 1, **options)[0], expected)
    table = pd.DataFrame({"frame": range(5), "y": 3, "x": 2})
    found = traces.along_tracks(given, table, 1, **options)["intensity"]
    np.testing.assert_array_equal(found, expected)


def test_axes_that_do_not_change_the_shape() -> None:
    video = noise((5, 8, 8), np.uint8)
    turned = np.ascontiguousarray(video.transpose(0, 2, 1))
    expected = traces.extract_traces(video, [(2, 3), (0, 6)], 3)
    found = traces.extract_traces(turned, [(2, 3), (0, 6)], 3, axes="TXY")
    np.testing.assert_array_equal(found, expected)


BAD = [
    ({"coords": [(3, 1), (6, 2)]}, ValueError, r"\(5, 6\), got x=6, y=2 at index 1"),
    ({"coords": [(3, 1), (0, -1), (9, 9)]}, ValueError, r"x=0, y=-1 at index 1, and 1 more"),
    ({"coords": [(np.nan, 1)]}, ValueError, r"`coords` must be finite.*got x=nan, y=1 at index 0"),
    ({"coords": [(np.inf, 1)]}, ValueError, r"got x=inf"),
    ({"coords": (3, 1, 2)}, ValueError, r"positions \(x, y\) in frames of shape \(5, 6\)"),
    ({"coords": 3}, ValueError, r"got shape \(\)"),
    ({"coords": [(3, 1), (2,)]}, ValueError, "of different length"),
    ({"coords": [("a", "b")]}, TypeError, "of numbers, got <U1"),
    ({"coords": [(True, False)]}, TypeError, "of numbers, got bool"),
    ({"coords": pd.DataFrame({"y": [1]})}, ValueError, r"column\(s\) x"),
    ({"coords": pd.DataFrame({"x": [1], "y": 1, "z": 1})}, ValueError, r"got z, y, x"),
    ({"order": "zyx"}, ValueError, "`order` must be one of 'xy', 'yx', got 'zyx'"),
    ({"size": -1}, ValueError, "`size` must be an integer >= 0, got -1"),
    ({"size": 2.5}, TypeError, "`size` must be an integer"),
    ({"size": np.nan, "window": "disc"}, ValueError, "`size` must be a finite number >= 0"),
    ({"size": np.inf, "window": "disc"}, ValueError, "`size` must be a finite number >= 0"),
    ({"size": (3, 3, 3)}, ValueError, "`size` must be one value or 2"),
    ({"size": "5"}, TypeError, "`size` must be an integer"),
    ({"size": 1, "window": "square"}, ValueError, "`window` must be one of .*got 'square'"),
    ({"windw": "disc", "linewidth": 3}, TypeError, "or `ax` given, for windw, linewidth"),
    ({"coords": PLACES.assign(y=[pd.NA, 1]).convert_dtypes()}, ValueError, "y=nan, x=3"),
    ({"coords": pd.DataFrame([[1, 2, 3]], columns=[*"xyx"])}, ValueError, "once, got x twice"),
    ({"device": "gpu"}, ValueError, "`device` must be one of"),
    ({"video": np.zeros((5, 6))}, ValueError, "must have axes|axes"),
    ({"video": 3}, TypeError, "`source` must be a path"),
    ({"video": "no such file.tif"}, FileNotFoundError, "no such file"),
]


@pytest.mark.parametrize(("changed", "kind", "message"), BAD)
def test_bad_input(changed: dict[str, Any], kind: type[Exception], message: str) -> None:
    arguments = {"video": np.zeros((2, 5, 6), np.uint8), "coords": [(3, 1)], **changed}
    with pytest.raises(kind, match=message):
        traces.extract_traces(**arguments)


def test_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, noise((3, 50, 60), np.uint8), photometric="minisblack")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(SpotgpuError):
        traces.extract_traces(path, (3, 3))
