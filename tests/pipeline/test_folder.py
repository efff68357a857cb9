"""Results that are there whole or not at all."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pandas as pd
import pytest

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._folder import check_new_file, check_new_folder, new_file, new_folder
from spotgpu.pipeline._table_files import read_table, write_table


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(folder: Path, text: str) -> None:
    (folder / "run.json").write_text(json.dumps({"program": "spotgpu", "text": text}))


def fail(target: Path, error: BaseException, overwrite: bool = False) -> None:
    with new_folder(target, overwrite=overwrite) as inside:
        fill(inside, "half")
        raise error


def text_in(folder: Path) -> str:
    return str(json.loads((folder / "run.json").read_text())["text"])


def test_folder_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "results"
    with new_folder(target) as inside:
        fill(inside, "new")
        assert not target.exists()
        assert inside.parent == target.parent
    assert text_in(target) == "new"
    assert names_in(target.parent) == ["results"]
    mask = os.umask(0)
    os.umask(mask)
    assert target.stat().st_mode & 0o777 == 0o777 & ~mask


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no"), ValueError("no")])
def test_failure_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        fail(tmp_path / "results", error)
    assert names_in(tmp_path) == []


def test_full_disk_is_said(tmp_path: Path) -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(SpotgpuError, match="No space left on device; nothing was left there"):
        fail(tmp_path / "results", error)
    assert names_in(tmp_path) == []


def test_folder_that_exists(tmp_path: Path) -> None:
    target = tmp_path / "results"
    with new_folder(target) as inside:
        fill(inside, "old")
    with pytest.raises(ValueError, match="which exists"):
        check_new_folder(target, overwrite=False)
    with new_folder(target, overwrite=True) as inside:
        fill(inside, "new")
    assert text_in(target) == "new"
    assert names_in(tmp_path) == ["results"]
    with pytest.raises(SpotgpuError, match="full; the earlier results are kept: make room"):
        fail(target, OSError(errno.ENOSPC, "full"), overwrite=True)
    assert text_in(target) == "new"


@pytest.mark.parametrize("content", [None, "{", "[]", '{"program": "another"}'])
def test_only_our_folders_are_replaced(tmp_path: Path, content: str | None) -> None:
    target = tmp_path / "photos"
    target.mkdir()
    (target / "holiday.tif").write_bytes(b"precious")
    if content is not None:
        (target / "run.json").write_text(content)
    with pytest.raises(ValueError, match=r"no run\.json of spotgpu"):
        check_new_folder(target, overwrite=True)
    assert (target / "holiday.tif").read_bytes() == b"precious"


def test_other_things_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for name in ("file", "link"):
        with pytest.raises(ValueError, match="something else"):
            check_new_folder(tmp_path / name, overwrite=True)
    check_new_folder(tmp_path / "real", overwrite=True)


def test_file(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    with new_file(target) as partial:
        partial.write_text("old")
        assert partial.suffix == ".csv"
        assert not target.exists()
    with pytest.raises(ValueError, match="which exists"), new_file(target):
        pass
    with pytest.raises(SpotgpuError), new_file(target, overwrite=True) as partial:
        raise OSError(errno.ENOSPC, "full")
    assert target.read_text() == "old"
    assert names_in(tmp_path) == ["table.csv"]
    with pytest.raises(ValueError, match="must be a file"), new_file(tmp_path, overwrite=True):
        pass


def test_file_as_a_parent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name in ("file/results", "file/deep/results"):
        with pytest.raises(ValueError, match=r"`output` must lie in a folder, .*file is a file"):
            check_new_folder(tmp_path / name, overwrite=False)
        with pytest.raises(ValueError, match="`output` must lie in a folder"):
            check_new_file(tmp_path / f"{name}.csv", overwrite=False)


def test_place_that_cannot_be_written() -> None:
    # Not even root can make a file there.
    for check in (check_new_folder, check_new_file):
        with pytest.raises(SpotgpuError, match="could not write /proc/results: ") as caught:
            check(Path("/proc/results"), overwrite=False)
        assert "room on the disk" not in str(caught.value)


def test_foreign_files_are_kept(tmp_path: Path) -> None:
    target = tmp_path / "results"
    with new_folder(target) as inside:
        fill(inside, "old")
        (inside / "spots.csv").write_text("x")
    check_new_folder(target, overwrite=True)
    # The demo's names count only together.
    for foreign in ("movie.tif", "notes.txt", ".hidden"):
        (target / foreign).write_text("precious")
        with pytest.raises(ValueError, match=f"nothing but an earlier run .* with {foreign}"):
            check_new_folder(target, overwrite=True)
        (target / foreign).unlink()
    (target / "msd.csv").mkdir()
    with pytest.raises(ValueError, match=r"nothing but an earlier run .* with msd\.csv"):
        check_new_folder(target, overwrite=True)
    (target / "msd.csv").rmdir()
    for name in ("movie.tif", "truth.parquet", "comparison.txt"):
        (target / name).write_text("x")
    check_new_folder(target, overwrite=True)
    with pytest.raises(ValueError, match="must not be the folder of the input"):
        check_new_folder(target, overwrite=True, keep=[target / "movie.tif"])


def test_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "results"
    with new_folder(target) as inside:
        fill(inside, "old")

    def replaced() -> None:
        with new_folder(target, overwrite=True) as inside:
            fill(inside, "new")
            (target / "notes.txt").write_text("precious")

    with pytest.raises(ValueError, match=r"notes\.txt"):
        replaced()
    assert text_in(target) == "old"


def test_tables_come_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"x": [0.1, 1 / 3], "frame": [0, 7]})
    table.attrs = {"pixel_size_um": [0.16, 0.16], "frame_interval_s": 0.1}
    for name in ("table.parquet", "table.csv"):
        write_table(table, tmp_path / name)
        back = read_table("spots", tmp_path / name)
        pd.testing.assert_frame_equal(back, table)
        assert back.attrs == (table.attrs if name.endswith("parquet") else {})


def test_bad_tables(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="`spots` must be a file"):
        read_table("spots", tmp_path / "none.parquet")
    with pytest.raises(ValueError, match=r"must end in \.parquet or \.csv"):
        read_table("spots", tmp_path / "table.xlsx")
    for name in ("broken.parquet", "broken.csv"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(ValueError, match=f"`spots` must be a table, got .*{name}"):
            read_table("spots", tmp_path / name)
