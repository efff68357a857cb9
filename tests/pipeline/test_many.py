"""Many movies: some fail, some are added, all are summed up."""

from __future__ import annotations

import json
import os
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from loky.process_executor import BrokenProcessPool
from walking_spots import draw, grid_of, walk

import spotgpu as sg
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline import Silent, _many_jobs, cluster, track_many
from spotgpu.pipeline._lock import locked
from spotgpu.pipeline._workers import WorkerDiedError, executor

SHAPE = (64, 64)
OPTIONS = {"minmass": 300, "min_length": 5, "pixel_size_um": 0.2, "fps": 10}


class Noted(Silent):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def movies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with four movies, one of them cut off."""
    folder = tmp_path_factory.mktemp("plate")
    for k, well in enumerate(("A01", "A02", "B01", "B02")):
        paths = walk(12, grid_of(SHAPE, 24), 0.3 + 0.2 * k)
        noise = np.random.default_rng(k).integers(0, 6, (12, *SHAPE), dtype=np.uint8)
        sg.save_tiff(folder / f"{well}.tif", np.stack([draw(SHAPE, at) for at in paths]) + noise)
    whole = (folder / "B01.tif").read_bytes()
    (folder / "B01.tif").write_bytes(whole[: len(whole) // 2])
    return folder


def run(movies: Path, output: Path, **changed: Any) -> Any:
    options = {**OPTIONS, "processes": 1, "progress": Silent(), **changed}
    return track_many(str(movies / "*.tif"), output, 9, 4, **options)


@pytest.fixture(scope="module")
def done(movies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a call."""
    output = tmp_path_factory.mktemp("done") / "out"
    run(movies, output)
    return output


def test_what_there_is(movies: Path, done: Path) -> None:
    assert {path.name for path in done.iterdir()} == {
        *("A01", "A02", "B02", "plate.json", "summary.csv", "failures.csv", "report.html")
    }
    table = pd.read_csv(done / "summary.csv")
    assert table["well"].tolist() == ["A01", "A02", "B01", "B02"]
    assert table["status"].tolist() == ["ok", "ok", "failed", "ok"]
    failures = pd.read_csv(done / "failures.csv")
    assert failures["movie"].tolist() == ["B01"]
    assert str(movies / "B01.tif") in failures["error"][0]
    alone = sg.track(movies / "A02.tif", 9, 4, **OPTIONS)
    row = table.set_index("movie").loc["A02"]
    assert (row["spots"], row["tracks"]) == (len(alone.spots), alone.n_tracks)
    assert row["D"] == pytest.approx(alone.diffusion.D, rel=1e-12)
    assert row["alpha"] == pytest.approx(alone.particles["alpha"].median(), rel=1e-12)
    pd.testing.assert_frame_equal(pd.read_parquet(done / "A02" / "tracks.parquet"), alone.tracks)
    record = json.loads((done / "plate.json").read_text())
    assert record["counts"] == {"movies": 4, "failed": 1}
    assert record["parameters"]["minmass"] == 300
    assert "A01/report.html" in (done / "report.html").read_text(encoding="utf-8")


def test_called_again(movies: Path, done: Path, tmp_path: Path) -> None:
    output, files = tmp_path / "out", tmp_path / "in"
    shutil.copytree(movies, files)
    run(files, output)
    first = (output / "A01" / "run.json").stat().st_mtime_ns
    # The broken one is mended, and one more comes.
    shutil.copy(files / "A01.tif", files / "B01.tif")
    shutil.copy(files / "A01.tif", files / "C01.tif")
    progress = Noted()
    result = run(files, output, progress=progress)
    assert result.failures.empty
    assert progress.notes == []
    assert len(result.table) == 5
    assert "5 movies, 0 failed" in repr(result)
    assert not (output / "failures.csv").exists()
    assert (output / "A01" / "run.json").stat().st_mtime_ns == first
    again = (output / "summary.csv").read_bytes()
    run(files, output)
    assert (output / "summary.csv").read_bytes() == again


def test_processes_give_the_same(movies: Path, done: Path, tmp_path: Path) -> None:
    progress = Noted()
    run(movies, tmp_path / "out", processes=2, progress=progress)
    assert [note.split(":")[0] for note in progress.notes] == ["B01 failed"]
    assert (tmp_path / "out" / "summary.csv").read_bytes() == (done / "summary.csv").read_bytes()
    for name in ("spots.parquet", "tracks.parquet", "particles.parquet", "msd.csv"):
        ours = (tmp_path / "out" / "B02" / name).read_bytes()
        assert ours == (done / "B02" / name).read_bytes()


def test_cluster_gives_the_same(movies: Path, done: Path, tmp_path: Path) -> None:
    with cluster("local:2") as client:
        # Four movies for two workers: one each; then one movie, whose frames are shared.
        run(movies, tmp_path / "out", client=client)
        one = track_many([movies / "A02.tif"], tmp_path / "one", 9, 4, client=client, **OPTIONS)
    assert one.failures.empty
    assert (tmp_path / "out" / "summary.csv").read_bytes() == (done / "summary.csv").read_bytes()
    for folder in ("out", "one"):
        for name in ("spots.parquet", "tracks.parquet", "particles.parquet", "msd.csv"):
            ours = (tmp_path / folder / "A02" / name).read_bytes()
            assert ours == (done / "A02" / name).read_bytes()


def test_list_with_options(movies: Path, tmp_path: Path) -> None:
    rows = [f"{movies / 'A01.tif'},first,9,4", f"{movies / 'A02.tif'},second,11,"]
    (tmp_path / "list.csv").write_text("movie,name,diameter,search-range\n" + "\n".join(rows))
    result = track_many(
        tmp_path / "list.csv", tmp_path / "out", search_range=5, processes=1, **OPTIONS
    )
    assert result.failures.empty
    used = [
        json.loads((tmp_path / "out" / n / "run.json").read_text()) for n in ("first", "second")
    ]
    given = [(run["parameters"]["diameter"], run["parameters"]["search_range"]) for run in used]
    assert given == [(9, 4), (11, 5)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"memory": -1}, "`memory`"),
        ({"memry": 1}, "`track` has no option memry"),
        ({"processes": "many"}, "`processes`"),
        ({"source": "x"}, "`track` has no option source"),
        ({"separation": -1}, "`separation`"),
        ({"device": "bogus"}, "`device`"),
        ({"client": 42}, "`client`"),
    ],
)
def test_wrong_options(movies: Path, tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        run(movies, tmp_path / "out", **changed)
    assert not (tmp_path / "out").exists()


def test_wrong_options_in_a_list(movies: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"movie,memory\n{movies / 'A01.tif'},-1\n")
    with pytest.raises(ValueError, match=r"`memory` must be .* \(of A01\)"):
        track_many(path, tmp_path / "out", 9, 4)
    path.write_text(f"movie,diameter\n{movies / 'A01.tif'},\n")
    with pytest.raises(ValueError, match=r"`diameter` must be given, here or in the list"):
        track_many(path, tmp_path / "out", search_range=4)


def test_other_folders_are_refused(movies: Path, done: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "cat.png").touch()
    with pytest.raises(ValueError, match=r"which has no plate\.json of spotgpu"):
        run(movies, photos, overwrite=True)
    assert [path.name for path in photos.iterdir()] == ["cat.png"]
    output = tmp_path / "out"
    shutil.copytree(done, output)
    with pytest.raises(ValueError, match="minmass: 300 then, 310 now"):
        run(movies, output, minmass=310)
    with pytest.raises(ValueError, match="A02 is not among the movies now"):
        track_many([movies / "A01.tif"], output, 9, 4, **OPTIONS)
    (output / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"with notes.txt: move it elsewhere"):
        run(movies, output)
    (output / "notes.txt").unlink()
    with locked(output, output), pytest.raises(SpotgpuError, match="another run is at work in"):
        run(movies, output)
    changed = run(movies, output, minmass=310, overwrite=True)
    assert len(changed.table) == 4
    assert json.loads((output / "A01" / "run.json").read_text())["parameters"]["minmass"] == 310
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="which is something else"):
        run(movies, tmp_path / "file")


def test_process_that_dies_takes_only_its_movie(
    movies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_many_jobs, "_alone", _dies_at_a02)
    result = run(movies, tmp_path / "out", processes=2)
    assert result.table["status"].tolist() == ["ok", "failed", "failed", "ok"]
    assert "died twice" in result.failures["error"][0]


def _dies_at_a02(job: _many_jobs.Job, beside: int = 1) -> _many_jobs.Outcome:
    if job.name == "A02":
        os.kill(os.getpid(), signal.SIGKILL)
    return _many_jobs._tracked(job, processes=1)


def test_killed_with_overwrite_goes_on(movies: Path, done: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(done, output)
    # As if it had been killed when A01 was made anew with other options.
    options = {**OPTIONS, "minmass": 310}
    sg.track(movies / "A01.tif", 9, 4, **options, output=output / "A01", overwrite=True)
    first = (output / "A01" / "run.json").stat().st_mtime_ns
    result = run(movies, output, minmass=310, overwrite=True)
    assert result.table["status"].tolist() == ["ok", "ok", "failed", "ok"]
    assert (output / "A01" / "run.json").stat().st_mtime_ns == first
    assert json.loads((output / "B02" / "run.json").read_text())["parameters"]["minmass"] == 310


def test_movies_that_were_dropped(movies: Path, done: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(done, output)
    for overwrite in (True, False):
        result = track_many(
            [movies / "A01.tif"], output, 9, 4, **OPTIONS, overwrite=overwrite, processes=1
        )
        assert result.table["movie"].tolist() == ["A01"]


def test_left_by_a_call_that_was_killed(movies: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / ".plate.json.partialx.json").touch()
    track_many([movies / "A01.tif"], output, 9, 4, **OPTIONS, processes=1)
    assert {path.name for path in output.iterdir()} == {
        *("A01", "plate.json", "summary.csv", "report.html")
    }


def test_whatever_a_movie_does(
    movies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(source: str, *given: Any, **options: Any) -> Any:
        if source.endswith("A02.tif"):
            raise KeyError("lost")
        return sg.track(source, *given, **options)

    monkeypatch.setattr(_many_jobs, "track", odd)
    result = run(movies, tmp_path / "out")
    assert result.failures["movie"].tolist() == ["A02", "B01"]
    assert result.failures["error"][0] == "KeyError: 'lost'"


def test_no_movie_is_lost_with_a_process(
    movies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    @contextmanager
    def broken_once(processes: int) -> Any:
        def submit(*task: Any) -> Any:
            calls.append(processes)
            if len(calls) == 2:
                raise BrokenProcessPool("another one died")
            return real(*task)

        with executor(processes) as real:
            try:
                yield submit
            except BrokenProcessPool as error:
                raise WorkerDiedError("died") from error

    monkeypatch.setattr(_many_jobs, "executor", broken_once)
    result = run(movies, tmp_path / "out", processes=2)
    assert result.table["status"].tolist() == ["ok", "ok", "failed", "ok"]


def test_folder_is_where_the_caller_is(
    movies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = track_many([movies / "A01.tif"], "out", 9, 4, **OPTIONS, processes=1)
    single = sg.track(movies / "A01.tif", 9, 4, **OPTIONS, output="one")
    monkeypatch.chdir(movies)
    assert result.folder == tmp_path / "out"
    assert len(single.tracks) > 0


def test_results_that_were_replaced(movies: Path, tmp_path: Path) -> None:
    first = sg.track(movies / "A01.tif", 9, 4, **OPTIONS, output=tmp_path / "out")
    assert len(first.spots) > 0
    second = sg.track(movies / "A02.tif", 9, 4, **OPTIONS, output=tmp_path / "out", overwrite=True)
    assert len(second.spots) > 0
    with pytest.raises(SpotgpuError, match="are not those of this run any more"):
        _ = first.tracks
