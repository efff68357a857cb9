"""Every option, and both rules of windows, on numbers that fit a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

from spotgpu.pathlines import flowtrace, streamlines

# The first window is [10, 0, 4], [0, 20, 4], [0, 0, 4]; the largest value becomes 255.
OPTIONS = {
    # max = 10, 20, 4; times 12.75
    "plain": ({}, [128, 255, 51]),
    # median = 0, 0, 4
    "median": ({"subtract_median": True}, [128, 255, 0]),
    # first = 10, 0, 4
    "first": ({"subtract_first": True}, [0, 255, 0]),
    "median and first": ({"subtract_median": True, "subtract_first": True}, [128, 255, 0]),
    # -10, 20, 0 and 0, -20, 0
    "diff": ({"take_diff": True}, [0, 255, 0]),
    # 10, -40, 0
    "second diff": ({"take_diff": True, "diff_order": 2}, [255, 0, 0]),
    "diff and median": ({"take_diff": True, "subtract_median": True}, [0, 255, 0]),
    # 10, 20, 0 and 10, 0, 4
    "median, then the first again": (
        {"subtract_median": True, "add_first_frame": True},
        [128, 255, 51],
    ),
    "diff, then the first again": ({"take_diff": True, "add_first_frame": True}, [128, 255, 51]),
    # 80 is the largest value of the movie.
    "movie": ({"normalize": "movie"}, [32, 64, 13]),
}
# 10 x (90, 10, 250); 20 x (172.5, 81.5, 125); 4 x (255, 153, 250). 3450 becomes 255.
COLOURED = [[67, 7, 185], [255, 120, 185], [75, 45, 74]]


@pytest.mark.parametrize(("options", "wanted"), OPTIONS.values(), ids=OPTIONS)
def test_options(frames: np.ndarray, options: dict[str, Any], wanted: list[int]) -> None:
    images = streamlines(frames, 3, **options)
    assert images.shape == (3, 1, 3)
    assert images.dtype == np.uint8
    assert images[0].tolist() == [wanted]


@pytest.mark.parametrize(("options", "wanted"), OPTIONS.values(), ids=OPTIONS)
def test_dark_objects(frames: np.ndarray, options: dict[str, Any], wanted: list[int]) -> None:
    dark = 255 - frames
    assert streamlines(dark, 3, invert_color=True, **options)[0].tolist() == [wanted]
    on_light = streamlines(dark, 3, dark_on_light=True, **options)
    assert on_light[0].tolist() == [[255 - value for value in wanted]]


def test_colours_of_time(frames: np.ndarray) -> None:
    images = streamlines(frames, 3, color_series=True)
    assert images.shape == (3, 1, 3, 3)
    assert images[0].tolist() == [COLOURED]
    assert streamlines(frames, 3, color_series="flowtrace")[0].tolist() == [COLOURED]


def test_colours_of_dark_objects(frames: np.ndarray) -> None:
    dark = 255 - frames
    assert streamlines(dark, 3, color_series=True, invert_color=True)[0].tolist() == [COLOURED]
    # One object, one frame: its colour on white. (90, 10, 250) is the first of flowtrace's.
    alone = np.full((1, 1, 2), 255, np.uint8)
    alone[0, 0, 0] = 0
    images = streamlines(alone, 1, color_series=True, dark_on_light=True)
    (found, white) = images[0][0].astype(int)
    assert white.tolist() == [255, 255, 255]
    # The most that is taken from white, 245 of green, is stretched to 255.
    assert found.tolist() == [255 - 172, 0, 255 - 5]


def test_colour_maps_by_name() -> None:
    # A spot in a pixel of its own in each frame: red, then blue, in pairs of equal brightness.
    frames = np.zeros((2, 1, 2), np.uint8)
    frames[[0, 1], 0, [0, 1]] = 50
    image = streamlines(frames, 2, color_series="bwr_r")[0]
    assert image.tolist() == [[[255, 0, 0], [0, 0, 255]]]


def test_first_again_is_the_last_colour() -> None:
    frames = np.array([[[10, 0]], [[0, 10]]], np.uint8)
    image = streamlines(frames, 2, color_series=True, add_first_frame=True)[0]
    # 10 x violet or 10 x orange; 10 x the colour between. 2550 becomes 255.
    assert image.tolist() == [[[255, 153, 250], [173, 82, 125]]]


def test_windows_are_those_that_they_should_be(frames: np.ndarray) -> None:
    images = streamlines(frames, 2)
    assert np.asarray(images).tolist() == [
        [[128, 255, 51]],  # 10, 20, 4
        [[0, 255, 51]],  # 0, 20, 4
        [[255, 0, 13]],  # 80, 0, 4
        [[255, 0, 19]],  # 80, 0, 6
    ]


def read(path: Path) -> list[Any]:
    return imagecodecs.png_decode(path.read_bytes()).tolist()


def test_windows_of_flowtrace(
    frames: np.ndarray, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    """The frame after the first window is never read."""
    files = flowtrace(folder_of(frames), 2, tmp_path / "new" / "out", use_parallel=False)
    assert [file.relative_to(tmp_path / "new" / "out").name for file in files] == [
        f"f{i:02d}_streamlines_frames2.png" for i in range(3)
    ]
    assert [read(file) for file in files] == [
        [[128, 255, 51]],  # frames 0, 1
        [[255, 64, 13]],  # 1, 3
        [[255, 0, 19]],  # 3, 4
    ]


def test_correct_windows_of_the_file_interface(
    frames: np.ndarray, folder_of: Callable[..., Path]
) -> None:
    folder = folder_of(frames)
    files = flowtrace(folder, 2, windows="correct")
    assert {file.parent for file in files} == {folder}
    assert [read(file) for file in files] == np.asarray(streamlines(frames, 2)).tolist()


def test_flags_as_numbers(
    folder_of: Callable[..., Path], random_frames: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    """The original takes what Python takes for true; 0 and 1 are common."""
    folder = folder_of(random_frames(9, 4, 5))
    options = (
        *("take_diff", "subtract_median", "subtract_first", "add_first_frame"),
        *("invert_color", "color_series", "use_parallel"),
    )
    for name in options:
        for number in (0, np.int64(1)):
            found = flowtrace(folder, 2, tmp_path / "found", **{name: number})
            wanted = flowtrace(folder, 2, tmp_path / "wanted", **{name: bool(number)})
            assert [read(file) for file in found] == [read(file) for file in wanted]


def test_parts_of_flowtrace(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    """Two processes: frames 0 to 4 and 3 to 5, the windows of each by the rule."""
    frames = np.diag([50, 50, 50, 50, 50, 50]).astype(np.uint8)[:, None]
    files = flowtrace(folder_of(frames), 2, tmp_path / "out", chunks=2)
    # By frames: 0 1, 1 3, 3 4 (frame 2 is left out) and 3 4 (frame 5 is).
    merged = [np.nonzero(read(file)[0])[0].tolist() for file in files]
    assert merged == [[0, 1], [1, 3], [3, 4], [3, 4]]


def test_every_second_frame(frames: np.ndarray, folder_of: Callable[..., Path]) -> None:
    # 10, 0, 4; 0, 0, 4; 0, 0, 6
    wanted = [[[255, 0, 102]], [[0, 0, 255]]]
    assert np.asarray(streamlines(frames, 2, frames_to_skip=2)).tolist() == wanted
    files = flowtrace(folder_of(frames), 2, frames_to_skip=2, windows="correct")
    assert [read(file) for file in files] == wanted
    assert [file.name[:3] for file in files] == ["f00", "f02"]


@pytest.mark.parametrize(
    ("project", "wanted"), [("max", [255, 153]), ("min", [128, 255]), ("mean", [255, 204])]
)
def test_volumes_from_above(project: str, wanted: list[int]) -> None:
    volumes = np.array([[[[50, 10]], [[5, 10]]], [[[0, 30]], [[0, 10]]]], np.uint8)
    images = streamlines(volumes, 2, project=project)
    assert images.shape == (1, 1, 2)
    # max: 50, 30; min: 5, 10; mean: 27.5, 20 -> 185.45
    assert images[0].tolist() == [wanted if project != "mean" else [255, 185]]


def test_volumes_stay_volumes() -> None:
    volumes = np.array([[[[50, 10]], [[5, 10]]], [[[0, 30]], [[0, 10]]]], np.uint8)
    assert streamlines(volumes, 2)[0].tolist() == [[[255, 153]], [[26, 51]]]


def test_white(frames: np.ndarray) -> None:
    """By default 255 for uint8, and else the first frame's largest pixel."""
    dark = 1000 - frames.astype(np.uint16)
    # White is 1000: what is left is `frames`.
    assert streamlines(dark, 3, invert_color=True)[0].tolist() == [[128, 255, 51]]
    # 1020 - dark = 30, 40, 24.
    image = streamlines(dark, 3, invert_color=True, white=1020)[0]
    assert image.tolist() == [[191, 255, 153]]
    # The first frame of the movie counts, also for a later image alone.
    later = np.array([[[900, 900]], [[500, 800]], [[1000, 800]]], np.uint16)
    assert streamlines(later, 2, invert_color=True)[1].tolist() == [[255, 64]]  # 400, 100
    stream = streamlines((frame for frame in later), 2, invert_color=True)
    assert list(stream)[1].tolist() == [[255, 64]]


def test_white_that_is_no_pixel() -> None:
    """What is left of a fractional white is, too; a large one is not cut to 32 bits."""
    dark = np.array([[[0, 100]]], np.uint8)
    # 100.5, 0.5
    assert streamlines(dark, 1, invert_color=True, white=100.5)[0].tolist() == [[255, 1]]
    assert streamlines(dark, 1, invert_color=True, white=2.0**40)[0].tolist() == [[255, 255]]


@pytest.mark.parametrize(("dtype", "order"), [("uint8", 24), ("uint16", 16)])
def test_differences_of_high_orders(dtype: str, order: int) -> None:
    """Of 0, m, 0, m ... the difference of order d is m * 2**(d - 1), beyond 32 bits or not."""
    largest = np.iinfo(dtype).max
    for d in (order, order + 1):
        steps = np.arange(d + 1) % 2 == d % 2
        frames = (steps[:, None, None] * [largest, largest // 5]).astype(dtype)
        images = streamlines(frames, d + 1, take_diff=True, diff_order=d)
        assert images[0].tolist() == [[255, 51]]


def test_nothing_bright_is_black(folder_of: Callable[..., Path]) -> None:
    falling = np.array([[[9, 8]], [[5, 5]], [[1, 2]]], np.uint8)
    assert not streamlines(falling, 2, take_diff=True)[0].any()
    (file,) = flowtrace(folder_of(falling), 2, take_diff=True, use_parallel=False)
    assert read(file) == [[0, 0]]
    assert not np.asarray(streamlines(np.zeros((3, 2, 2), np.uint8), 2)).any()


def test_inverted_by_flowtrace(folder_of: Callable[..., Path]) -> None:
    """The file interface inverts what is left after a subtraction: a grey background."""
    frames = np.array([[[200, 200]], [[200, 200]], [[100, 200]], [[7, 7]]], np.uint8)
    (file,) = flowtrace(
        folder_of(frames), 3, use_parallel=False, invert_color=True, subtract_median=True
    )
    # 255 - min = 355, 255
    assert read(file) == [[255, 183]]
    image = streamlines(frames, 3, invert_color=True, subtract_median=True)[0]
    assert image.tolist() == [[255, 0]]
