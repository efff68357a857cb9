"""Which movies a set has, and what they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from spotgpu.pipeline import are_movies
from spotgpu.pipeline._movie_list import movie_list

OPTIONS = ("diameter", "minmass", "search_range", "invert", "axes")


def touch(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


def names(movies: Any) -> list[str]:
    return [movie.name for movie in movie_list(movies, OPTIONS)]


def test_files_by_name(tmp_path: Path) -> None:
    touch(tmp_path, "A10.tif", "A2.tif", "B1.tif", "notes.txt")
    listed = movie_list(str(tmp_path / "*.tif"), OPTIONS)
    assert [movie.name for movie in listed] == ["A2", "A10", "B1"]
    assert listed[0].source == str(tmp_path / "A2.tif")
    (tmp_path / "notes.txt").unlink()
    assert names(tmp_path) == ["A2", "A10", "B1"]
    assert names([tmp_path / "B1.tif", tmp_path / "A2.tif"]) == ["B1", "A2"]


def test_names_differ(tmp_path: Path) -> None:
    paths = touch(tmp_path, "one/A1.tif", "two/A1.tif", "two/x y/&.tif")
    assert names(paths) == ["one_A1", "two_A1", "two_x_y__"]
    paths = touch(tmp_path, "a.tif", "a.tiff", "A.TIF")
    assert names(paths) == ["a", "a-2", "A-3"]
    assert names(touch(tmp_path, "a.tif", "a.tiff", "a-2.tif")) == ["a", "a-2", "a-2-2"]
    assert names(touch(tmp_path, "lock.tif", "report.html.tif")) == ["lock-2", "report.html-2"]
    assert names(touch(tmp_path, "b.tif", "b.unfinished.tif")) == ["b", "b_unfinished"]
    assert names(touch(tmp_path, "..tif")) == ["movie"]


def test_list_with_options(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.tif", "in/b.tif")
    path = tmp_path / "list.csv"
    path.write_text(
        "\ufeffmovie,name,min-mass,diameter,invert,search-range,axes\n".replace(
            "min-mass", "minmass"
        )
        + 'in/a.tif,,300.5,11,,,\nin/b.tif, second ,,"7,11,11",yes,"2;3;3",TZYX\n',
        encoding="utf-8",
    )
    first, second = movie_list(path, OPTIONS)
    assert (first.name, first.source) == ("a", str(tmp_path / "in/a.tif"))
    assert first.options == {"minmass": 300.5, "diameter": 11}
    assert second.name == "second"
    assert second.options == {
        "diameter": (7, 11, 11),
        "invert": True,
        "search_range": (2, 3, 3),
        "axes": "TZYX",
    }
    assert isinstance(first.options["diameter"], int)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a head and a row"),
        ("movie\n", "a head and a row"),
        ("file\na.tif\n", "must have a column movie, got file"),
        (
            "movie,diametre\na.tif,3\n",
            "which is no option; did you mean diameter?",
        ),
        ("movie,zzz\na.tif,3\n", "known are axes, diameter"),
        ("movie,minmass\na.tif\n", "2 cells a row, see line 2"),
        ("movie,minmass\na.tif,1,2\n", "2 cells a row, see line 2"),
        ("movie,minmass\na.tif,1\n ,2\n", "name a movie in each row, see line 3"),
        ("movie,name\na.tif,x\nb.tif,X\n", "names that differ, got x again"),
        ('movie\n"a.tif\n', "must be a list in CSV"),
    ],
)
def test_bad_lists(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        movie_list(path, OPTIONS)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="a list that is there"):
        movie_list(tmp_path / "no.csv", OPTIONS)
    with pytest.raises(FileNotFoundError, match="a pattern that fits some file"):
        movie_list(str(tmp_path / "*.tif"), OPTIONS)
    with pytest.raises(ValueError, match="one file at least"):
        movie_list([], OPTIONS)
    (tmp_path / "list.csv").write_bytes(b"movie\n\xff\xfe\n")
    with pytest.raises(ValueError, match="must be a list in CSV"):
        movie_list(tmp_path / "list.csv", OPTIONS)


def test_movies_or_images_of_one(tmp_path: Path) -> None:
    for k in range(3):
        one, several = np.zeros((20, 20), np.uint8), np.zeros((4, 20, 20), np.uint8)
        tifffile.imwrite(tmp_path / f"image{k}.tif", one)
        tifffile.imwrite(tmp_path / f"movie{k}.tif", several, imagej=True, metadata={"axes": "TYX"})
    (tmp_path / "movie0.tif").write_bytes(b"II*\0 broken")

    def told(pattern: str) -> bool:
        return are_movies(str(tmp_path / pattern), None, None)

    assert told("movie*.tif")
    assert not told("image*.tif")
    assert not told("movie1.tif")
    assert told("list.csv")
    assert are_movies([str(tmp_path / f"movie{k}.tif") for k in range(3)], None, None)
    assert not are_movies([str(tmp_path / "movie0.tif")] * 2, None, None)
