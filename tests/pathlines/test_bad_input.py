"""What is wrong is named, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile

import spotgpu as sg
from spotgpu.errors import SpotgpuError
from spotgpu.pathlines import flowtrace, streamlines
from spotgpu.pathlines._projection import Projection

OPTIONS = [
    ({"frames_to_merge": 0}, ValueError, "`frames_to_merge` must be an integer >= 1, got 0"),
    ({"frames_to_merge": 2.5}, TypeError, "`frames_to_merge` must be an integer >= 1, got 2.5"),
    ({"frames_to_merge": True}, TypeError, "`frames_to_merge` must be an integer"),
    ({"frames_to_skip": 0}, ValueError, "`frames_to_skip` must be an integer >= 1, got 0"),
    ({"take_diff": "yes"}, TypeError, "`take_diff` must be True or False, got 'yes'"),
    ({"subtract_median": 2}, TypeError, "`subtract_median` must be True or False, got 2"),
    ({"diff_order": 0}, ValueError, "`diff_order` must be an integer >= 1, got 0"),
    (
        {"take_diff": True, "diff_order": 3},
        ValueError,
        "`diff_order` must be < `frames_to_merge`, which is 3, got 3",
    ),
    ({"color_series": 3}, TypeError, "`color_series` must be True, False or the name"),
    ({"color_series": "viridi"}, ValueError, "got 'viridi': did you mean 'viridis'?"),
    ({"color_series": "qqqqq"}, ValueError, "a colour map of matplotlib, got 'qqqqq'"),
    ({"device": "gpu"}, ValueError, "`device` must be one of 'cpu', 'cuda', 'auto', got 'gpu'"),
]
#: Those that only `streamlines` has.
MORE = [
    ({"subtract_median": 1}, TypeError, "`subtract_median` must be True or False, got 1"),
    ({"normalize": "all"}, ValueError, "`normalize` must be one of 'image', 'movie', got 'all'"),
    ({"project": "sum"}, ValueError, "`project` must be one of None, 'max', 'min', 'mean'"),
    ({"project": "max"}, ValueError, "`project` must be None for a movie without depth, got 'max'"),
    ({"white": np.nan, "invert_color": True}, ValueError, "`white` must be a finite number"),
    ({"white": 200}, ValueError, "`white` must be None without `invert_color` or `dark_on_light`"),
    ({"invert_color": True, "dark_on_light": True}, ValueError, "`dark_on_light` must be False"),
]


@pytest.mark.parametrize(("options", "error", "message"), OPTIONS + MORE, ids=str)
def test_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    frames = np.zeros((5, 6, 7), np.uint8)
    with pytest.raises(error) as raised:
        streamlines(frames, **{"frames_to_merge": 3, **options})
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        *OPTIONS,
        ({"windows": "all"}, ValueError, "`windows` must be one of 'flowtrace', 'correct'"),
        ({"chunks": 0}, ValueError, "`chunks` must be an integer >= 1, got 0"),
        (
            {"chunks": 2, "windows": "correct"},
            ValueError,
            "`chunks` must be None with windows='correct', got 2",
        ),
        ({"max_cores": 0}, ValueError, "`max_cores` must be an integer >= 1, got 0"),
        ({"use_parallel": None}, TypeError, "`use_parallel` must be True or False, got None"),
        ({"use_parallel": 2}, TypeError, "`use_parallel` must be True or False, got 2"),
        ({"color_seris": True}, TypeError, "color_seris"),
        ({"fps": 0}, ValueError, "`fps` must be a finite number > 0, got 0"),
        ({"imagedir": None}, TypeError, "`imagedir` must be a path, got None"),
        ({"out_dir": None}, TypeError, "`out_dir` must be a path, got None"),
        ({"out_dir": 3}, TypeError, "`out_dir` must be a path, got 3"),
    ],
    ids=str,
)
def test_options_of_flowtrace(
    folder_of: Callable[..., Path],
    tmp_path: Path,
    options: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    folder = folder_of(np.zeros((5, 6, 7), np.uint8))
    with pytest.raises(error) as raised:
        flowtrace(
            **{"imagedir": folder, "frames_to_merge": 3, "out_dir": tmp_path / "out", **options}
        )
    assert message in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_too_few_frames(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    frames = np.zeros((5, 6, 7), np.uint8)
    with pytest.raises(ValueError, match="`frames_to_merge` must be <= the number of frames, 5, "):
        streamlines(frames, 6)
    with pytest.raises(ValueError, match="`frames_to_merge` must be <= the number of frames, 3, "):
        streamlines(frames, 4, frames_to_skip=2)
    with pytest.raises(ValueError, match="`frames_to_merge` must be <= the number of frames, 5, "):
        list(streamlines((frame for frame in frames), 6))
    with pytest.raises(ValueError, match="at least one frame"):
        streamlines((frame for frame in frames[:0]), 2)
    folder = folder_of(frames)
    assert len(flowtrace(folder, 5, tmp_path / "out", windows="correct")) == 1
    for n in (5, 6):
        with pytest.raises(ValueError, match=f"must be < the number of images, 5, got {n}.*images"):
            flowtrace(folder, n)
    with pytest.raises(ValueError, match="must be <= the number of images, 5, got 6"):
        flowtrace(folder, 6, windows="correct")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("options", [{}, {"project": "max"}], ids=str)
def test_pixels_that_are_no_numbers(bad: float, options: dict[str, str]) -> None:
    volumes = np.zeros((8, 3, 6, 7), np.float32)
    volumes[6, 1, 2, 3] = bad
    images = streamlines(volumes, 2, **options)
    assert images[4].any() == np.False_
    with pytest.raises(
        ValueError, match=r"finite pixels, got -?(nan|inf) in frame 6 at \(1, 2, 3\)"
    ):
        images[5]
    every_second = streamlines(volumes[:, 1], 2, frames_to_skip=2)
    with pytest.raises(ValueError, match=r"in frame 6 at \(2, 3\)"):
        list(every_second)
    stream = streamlines((frame for frame in volumes[:, 1]), 2, frames_to_skip=3)
    with pytest.raises(ValueError, match=r"in frame 6 at \(2, 3\)"):
        list(stream)


def test_files_with_pixels_that_are_no_numbers(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    frames = np.zeros((9, 6, 7), np.float32)
    frames[6, 2, 3] = np.nan
    folder = folder_of(frames)
    wanted = r"`imagedir` must have finite pixels, got nan in file .*f06\.tif at \(2, 3\)"
    with pytest.raises(ValueError, match=wanted):
        flowtrace(folder, 2, tmp_path / "out", frames_to_skip=2, use_parallel=False)


LARGE = [{"subtract_median": True}, {"subtract_first": True}, {"take_diff": True}]


@pytest.mark.parametrize("options", [*LARGE, {"invert_color": True}, {"project": "mean"}], ids=str)
def test_pixels_that_would_overflow(options: dict[str, Any]) -> None:
    """What is computed of pixels stays finite, or is refused."""
    volumes = np.ones((3, 2, 4, 5))
    volumes[1, 1, 2, 3] = 5e300
    frames = volumes if "project" in options else volumes[:, 1]
    assert np.isfinite(np.asarray(streamlines(frames, 3, **options))).all()
    volumes[1, 1, 2, 3] = -1.2e301
    with pytest.raises(ValueError, match=r"from -.*e\+30[01] to .*got -1.2e\+301 in frame 1 at"):
        np.asarray(streamlines(frames, 3, **options))


def test_large_pixels_alone() -> None:
    frames = np.array([[[1e308, 1]], [[2e307, 1.7e308]]])
    assert streamlines(frames, 2)[0].tolist() == [[150, 255]]
    with pytest.raises(ValueError, match=r"`white` must be a finite number .*got 1e\+308"):
        streamlines(frames, 2, invert_color=True, white=1e308)


def test_colours_of_time_need_gray(folder_of: Callable[..., Path]) -> None:
    frames = np.zeros((5, 6, 7, 3), np.uint8)
    with pytest.raises(ValueError, match="`color_series` must be False for images in colour"):
        streamlines(frames, 2, color_series=True)
    folder = folder_of(frames)
    with pytest.raises(ValueError, match=r"images in colour, got images of shape \(6, 7, 3\)"):
        flowtrace(folder, 2, folder / "out", color_series=True)
    assert not (folder / "out").exists()


def test_other_numbers_of_colours() -> None:
    with pytest.raises(ValueError, match=r"colour images of shape \(5, 6, 7, 4\)"):
        streamlines(np.zeros((5, 6, 7, 4), np.uint8), 2)


def test_other_numbers_of_colours_in_files(tmp_path: Path) -> None:
    """Without a word of `channel`, which flowtrace does not have."""
    for name in ("a.tif", "b.tif"):
        image = np.zeros((6, 7, 4), np.uint8)
        tifffile.imwrite(tmp_path / name, image, photometric="rgb", extrasamples=["unassalpha"])
    wanted = r"`imagedir` must have images of one frame.*got 4 colours in .*a\.tif$"
    with pytest.raises(ValueError, match=wanted):
        flowtrace(tmp_path, 1)


def test_frames_of_three_columns_in_a_file(tmp_path: Path) -> None:
    """Such a movie is taken for an image in colour, and the message says how to open it."""
    frames = np.zeros((9, 6, 3), np.uint8)
    np.save(tmp_path / "a.npy", frames)
    with pytest.raises(ValueError, match=r"frames, 1, got 2: .*a\.npy, .* in colour.*axes='TYX'$"):
        streamlines(tmp_path / "a.npy", 2)
    assert streamlines(tmp_path / "a.npy", 2, axes="TYX").shape == (8, 6, 3)
    with pytest.raises(ValueError, match=r"frames, 9, got 10: [^,]*$"):
        streamlines(tmp_path / "a.npy", 10, axes="TYX")
    with pytest.raises(ValueError, match=r"frames, 1, got 2: [^,]*$"):
        streamlines(frames, 2, axes="YXS")
    with pytest.raises(ValueError, match=r"frames, 5, got 6: [^,]*$"):
        streamlines(np.zeros((5, 6, 7, 3), np.uint8), 6)


def test_a_window_that_no_memory_holds(random_frames: Callable[..., np.ndarray]) -> None:
    images = streamlines((frame for frame in random_frames(5, 200, 300)), 10**9)
    with pytest.raises(ValueError, match="the number of frames, 5, got 1000000000"):
        list(images)


def test_two_passes_over_a_generator() -> None:
    with pytest.raises(ValueError, match="`normalize` must be 'image'"):
        streamlines((frame for frame in np.zeros((5, 6, 7))), 2, normalize="movie")


def test_folders(tmp_path: Path, folder_of: Callable[..., Path]) -> None:
    with pytest.raises(FileNotFoundError, match=r"`imagedir` must be a folder.*got .*nowhere"):
        flowtrace(tmp_path / "nowhere", 3)
    # Other endings and hidden files are no images.
    for name in ("a.TIF", "b.tiff", "c.png", ".d.tif"):
        tifffile.imwrite(tmp_path / name, np.zeros((6, 7), np.uint8))
    with pytest.raises(ValueError, match=rf"end in \.tif, in lower case, got {tmp_path},"):
        flowtrace(tmp_path, 3)
    folder = folder_of(np.zeros((5, 6, 7), np.uint8))
    with pytest.raises(SpotgpuError, match="could not write"):
        flowtrace(folder, 3, folder / "f00.tif" / "out")


def test_names_without_an_image(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    """An image that is missing would shift all windows: it is not passed over."""
    folder = folder_of(np.zeros((5, 6, 7), np.uint8))
    (folder / "f01.tif").rename(tmp_path / "elsewhere")
    (folder / "f01.tif").symlink_to(tmp_path / "elsewhere")
    assert len(flowtrace(folder, 2, tmp_path / "out")) == 3
    (tmp_path / "elsewhere").unlink()
    with pytest.raises(ValueError, match=r"got .*/f01\.tif, which leads to no file"):
        flowtrace(folder, 2, tmp_path / "out")
    (folder / "f01.tif").unlink()
    (folder / "f01.tif").mkdir()
    with pytest.raises(ValueError, match=r"got .*/f01\.tif, which is a folder"):
        flowtrace(folder, 2, tmp_path / "out")


@pytest.mark.parametrize("name", ["listdir", "stat"])
def test_folder_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def refused(path: Any = ".", **_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os." + name, refused)
    with pytest.raises(SpotgpuError) as raised:
        flowtrace(tmp_path, 2)
    monkeypatch.undo()
    assert f"could not read the folder {tmp_path}: Permission denied" in str(raised.value)


def test_movies_are_closed(
    folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `flowtrace`, and where `streamlines` fails after opening."""
    closed = []
    close = sg.io.Movie.close
    monkeypatch.setattr(
        sg.io.Movie, "close", lambda movie: (closed.append(movie.source), close(movie))
    )
    folder = folder_of(np.zeros((5, 6, 7), np.uint8))
    for wrong in ({"project": "max"}, {"frames_to_merge": 6}):
        with pytest.raises(ValueError, match="must be"):
            streamlines(folder, **{"frames_to_merge": 2, **wrong})
        assert len(closed) == 1
        closed.clear()
    flowtrace(folder, 2, tmp_path / "out")
    assert len(closed) == 1
    closed.clear()
    (tmp_path / "stacks").mkdir()
    stack = np.zeros((4, 6, 7), np.uint8)
    tifffile.imwrite(tmp_path / "stacks" / "a.tif", stack, photometric="minisblack")
    with pytest.raises(ValueError, match="images of one frame"):
        flowtrace(tmp_path / "stacks", 1, windows="correct")
    assert len(closed) == 1
    closed.clear()
    tifffile.imwrite(folder / "f03.tif", np.zeros((6, 8), np.uint8))
    with pytest.raises(ValueError, match=r"\(6, 8\)"):
        flowtrace(folder, 2, tmp_path / "out")
    assert len(closed) == 1


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (np.zeros((6, 8), np.uint8), r"\(6, 8\) of uint8 in file .*f13\.tif"),
        (np.zeros((6, 7), np.uint16), r"\(6, 7\) of uint16 in file .*f13\.tif"),
        (np.zeros((6, 7, 3), np.uint8), r"\(6, 7, 3\) in .*f13\.tif"),
        (np.zeros((2, 6, 7), np.uint8), r"got 2 in file .*f13\.tif"),
    ],
    ids=["shape", "type", "colour", "pages"],
)
def test_images_that_are_not_alike(
    folder_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    odd: np.ndarray,
    message: str,
) -> None:
    folder = folder_of(np.full((16, 6, 7), 9, np.uint8))
    kind = "rgb" if odd.shape[-1] == 3 else "minisblack"
    tifffile.imwrite(folder / "f13.tif", odd, photometric=kind)
    # One image after the other, and one thread: those before some that wait are there.
    monkeypatch.setattr(Projection, "windows", lambda *_: 1)
    with pytest.raises(ValueError, match=message):
        flowtrace(folder, 2, tmp_path / "out", use_parallel=False)
    # Whole files or none.
    made = sorted((tmp_path / "out").iterdir())
    assert len(made) > 4
    for i, file in enumerate(made):
        assert file.name == f"f{i:02d}_streamlines_frames2.png"
        assert imagecodecs.png_decode(file.read_bytes()).tolist() == np.full((6, 7), 255).tolist()


def test_stacks_are_no_images(tmp_path: Path) -> None:
    stack = np.zeros((4, 6, 7), np.uint8)
    for name in ("a.tif", "b.tif"):
        tifffile.imwrite(tmp_path / name, stack, photometric="minisblack", metadata={"axes": "ZYX"})
    with pytest.raises(ValueError, match=r"images of one frame.* \(4, 6, 7\) in .*a\.tif"):
        flowtrace(tmp_path, 2, windows="correct")
    for name in ("a.tif", "b.tif"):
        tifffile.imwrite(tmp_path / name, stack, photometric="minisblack", metadata={"axes": "TYX"})
    with pytest.raises(ValueError, match=r"images of one frame.*got 4 of \(6, 7\) in .*a\.tif"):
        flowtrace(tmp_path, 2, windows="correct")


def test_broken_image(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    folder = folder_of(np.zeros((6, 60, 70), np.uint8))
    file = folder / "f04.tif"
    file.write_bytes(file.read_bytes()[:700])
    with pytest.raises(SpotgpuError, match=r"f04\.tif is truncated"):
        flowtrace(folder, 2, tmp_path / "out", windows="correct")


def test_names_are_no_patterns(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    frames = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((6, 7), np.uint8)
    folder = folder_of(frames, "a [0-9] *? %d")
    for i, file in enumerate(sorted(folder.iterdir())):
        file.rename(folder / ["1.tif", "10.tif", "2.tif", "[x]*.tif", "ä ?.tif"][i])
    files = flowtrace(folder, 2, tmp_path / "out [1]", use_parallel=False)
    # By plain order of names, as they were written.
    stems = [file.name.removesuffix("_streamlines_frames2.png") for file in files]
    assert stems == ["1", "10", "2"]
    assert sorted((tmp_path / "out [1]").iterdir()) == sorted(files)
