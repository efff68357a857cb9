"""Movies that break off, or have holes: what came before is kept, and goes on when it is mended."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faulty
import numpy as np
import pytest
import tifffile
import zarr
from faulty import OPTIONS, Frames, frames_of, tables_in

import spotgpu as sg
from spotgpu.errors import SpotgpuError

N, BAD = 40, 23


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what all of these movies give."""
    output = tmp_path_factory.mktemp("whole") / "out"
    with pytest.MonkeyPatch.context() as patch:
        faulty.make_small(patch)
        sg.track(frames_of(N), output=output, **OPTIONS)
    return tables_in(output)


def assert_goes_on(
    source: Any, output: Path, seen: list[int], tables: dict[str, bytes], kept: int = BAD
) -> None:
    seen.clear()
    sg.track(source, output=output, **OPTIONS)
    assert seen == list(range(kept, N))
    assert tables_in(output) == tables
    assert not output.with_name("out.unfinished").exists()


@pytest.mark.parametrize(
    "error", [ValueError("no"), OSError("gone"), RuntimeError("lost"), KeyboardInterrupt()]
)
def test_a_reader_that_fails(
    tables: dict[str, bytes],
    looked_at: list[int],
    tmp_path: Path,
    error: BaseException,
) -> None:
    images, output = frames_of(N), tmp_path / "out"
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - looked at below
        sg.track(Frames(images, BAD, error), output=output, **OPTIONS)
    told = [str(caught.value), *caught.value.__notes__]
    if not isinstance(error, KeyboardInterrupt):
        assert any(f"frame {BAD}" in text for text in told), (repr(caught.value), told)
        assert str(error) in str(caught.value)
    note = f"the spots of {BAD} frames are kept in {tmp_path / 'out.unfinished'}: "
    assert any(text.startswith(note) for text in told)
    assert_goes_on(Frames(images), output, looked_at, tables)


def test_a_stream_that_fails(
    tables: dict[str, bytes],
    looked_at: list[int],
    tmp_path: Path,
) -> None:
    images, output = frames_of(N), tmp_path / "out"

    def stream(whole: bool) -> Iterator[np.ndarray]:
        yield from images[:BAD]
        if not whole:
            raise OSError("gone")
        yield from images[BAD:]

    with pytest.raises(OSError, match="gone") as caught:
        sg.track(stream(False), output=output, **OPTIONS)
    assert caught.value.__notes__[0] == f"this happened when frame {BAD} of the source was read"
    assert_goes_on(stream(True), output, looked_at, tables)


def write_tiff(path: Path, compression: str | None) -> list[int]:
    """Return where the pixels of each frame are."""
    kind: dict[str, Any] = {"photometric": "minisblack", "metadata": {"axes": "TYX"}}
    with tifffile.TiffWriter(path) as file:
        for image in frames_of(N):
            file.write(image, compression=compression, contiguous=False, **kind)
    with tifffile.TiffFile(path) as file:
        return [page.dataoffsets[0] for page in file.pages]


@pytest.mark.parametrize("processes", [1, 2])
def test_corrupt_strip(
    tables: dict[str, bytes],
    looked_at: list[int],
    tmp_path: Path,
    processes: int,
) -> None:
    path, output = tmp_path / "movie.tif", tmp_path / "out"
    offsets = write_tiff(path, "zlib")
    content, stat = path.read_bytes(), path.stat()
    with path.open("r+b") as file:
        file.seek(offsets[BAD])
        file.write(b"\xff" * 40)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(SpotgpuError, match=f"frame {BAD}|page {BAD}") as caught:
        sg.track(path, output=output, **{**OPTIONS, "processes": processes, "axes": "TYX"})
    kept = int(caught.value.__notes__[-1].split()[3])
    # A task has some frames: those beside the broken one are found again.
    assert kept == BAD if processes == 1 else BAD - 8 < kept <= BAD
    # Mended: another time, another file.
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))
    with pytest.raises(ValueError, match=r"changed on disk since: movie\.tif"):
        sg.track(path, output=output, axes="TYX", **OPTIONS)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    looked_at.clear()
    sg.track(path, output=output, axes="TYX", **OPTIONS)
    assert looked_at == list(range(kept, N))
    assert tables_in(output) == tables


def test_truncated(tmp_path: Path, looked_at: list[int]) -> None:
    """A file that has become shorter is refused when it is opened, or names the frame."""
    path, output = tmp_path / "movie.tif", tmp_path / "out"
    faulty.write_movie(path, N)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(SpotgpuError, match=r"movie\.tif"):
        sg.track(path, output=output, **OPTIONS)
    assert not output.exists()


def write_zarr(path: Path) -> Path:
    array = zarr.create_array(path, shape=(N, *faulty.SHAPE), chunks=(1, 32, 72), dtype="u1")
    array[:] = frames_of(N)
    return path


def test_missing_chunks(tmp_path: Path, looked_at: list[int]) -> None:
    path, output = write_zarr(tmp_path / "movie.zarr"), tmp_path / "out"
    for t in (3, 8, 20):
        (path / f"c/{t}/1/0").unlink()
    result = sg.track(path, output=output, **OPTIONS)
    text = f"3 of 80 chunks of {path} are missing: their pixels are the fill value."
    assert text in result.warnings
    assert text in json.loads((output / "run.json").read_text())["warnings"]
    images = frames_of(N)
    images[[3, 8, 20], 32:] = 0
    expected = sg.track(images, **OPTIONS)
    assert expected.spots.equals(result.spots)
    assert not any("missing: their" in text for text in expected.warnings)


def test_corrupt_chunk(
    tables: dict[str, bytes],
    looked_at: list[int],
    tmp_path: Path,
) -> None:
    path, output = write_zarr(tmp_path / "movie.zarr"), tmp_path / "out"
    chunk = path / f"c/{BAD}/0/0"
    mended = shutil.copy2(chunk, tmp_path / "mended")
    stat = chunk.stat()
    chunk.write_bytes(b"\0" * stat.st_size)
    os.utime(chunk, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(SpotgpuError, match=f"frame {BAD}"):
        sg.track(path, output=output, **OPTIONS)
    shutil.copy2(mended, chunk)
    assert_goes_on(path, output, looked_at, tables)
