"""`locate` and `batch` on the device give the CPU's tables, bit for bit."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import spotgpu as sg
from benchmarks.scenes import BULK_WATER, spots
from spotgpu.detect import Locator

CELLS = BULK_WATER.with_name("cells_10frames.npz")

FLAT = spots((70, 90), 30, (1.8, 1.8), seed=1)
VOLUME = spots((14, 40, 44), 15, (1.2, 1.8, 1.8), seed=2)

CASES: dict[str, tuple[np.ndarray, Any, dict[str, Any]]] = {
    "plain": (FLAT, 7, {}),
    "minmass": (FLAT, 9, {"minmass": 300, "maxsize": 2.6}),
    "uint16": (FLAT.astype(np.uint16) * 200, 7, {}),
    "float32": ((FLAT / 255).astype(np.float32), 7, {"percentile": 30}),
    "float64": (FLAT / 255, 7, {"noise_size": 1.4}),
    "int32": (FLAT.astype(np.int32) * 100_000, 7, {}),
    "inverted": (255 - FLAT, 7, {"invert": True}),
    "topn": (FLAT, 7, {"topn": 5}),
    "brightest": (FLAT, 7, {"topn": 1}),
    "one iteration": (FLAT, 7, {"max_iterations": 1}),
    "no separation": (FLAT, 7, {"separation": 0}),
    "not filtered": (FLAT, 7, {"preprocess": False, "percentile": 90}),
    "not filtered, float": (FLAT / 255, 7, {"preprocess": False, "percentile": 90}),
    "mass only": (FLAT, 7, {"characterize": False}),
    "unequal axes": (FLAT, (5, 9), {"noise_size": (0.8, 1.2), "separation": (6, 11)}),
    "volume": (VOLUME, (5, 7, 7), {}),
    "round volume": (VOLUME, 5, {"minmass": 100}),
    "uint16 volume": (VOLUME.astype(np.uint16) * 100, (5, 7, 7), {}),
    "empty": (np.zeros((40, 50), np.uint8), 7, {}),
    "constant": (np.full((40, 50), 77, np.uint8), 7, {}),
    "saturated": (np.where(FLAT > 60, 255, 0).astype(np.uint8), 7, {"separation": 3}),
    "as small as can be": (FLAT[:9, :9], 7, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_locate(cuda: ModuleType, name: str) -> None:
    image, diameter, options = CASES[name]
    wanted = sg.locate(image, diameter, **options)
    found = sg.locate(image, diameter, **options, device="cuda")
    assert_frame_equal(found, wanted, check_exact=True)
    assert len(wanted) > 2 or name in {"empty", "constant", "brightest", "as small as can be"}


def real_frames(name: str) -> np.ndarray:
    path = BULK_WATER if name == "bulk_water" else CELLS
    if not path.exists():
        pytest.skip(f"{path.name} is not beside this checkout")
    if name == "bulk_water":
        return np.stack([sg.open(path)[k][100:260, 200:400] for k in (0, 1, 50)])
    with np.load(path) as arrays:
        return np.asarray(arrays["images"][:3])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("bulk_water", {"diameter": 11, "minmass": 100, "invert": True}),
        ("cells", {"diameter": 15, "percentile": 80}),
    ],
)
def test_real_frames(cuda: ModuleType, name: str, options: dict[str, Any]) -> None:
    frames = real_frames(name)
    wanted = sg.batch(frames, **options, processes=1)
    found = sg.batch(frames, **options, device="cuda")
    assert len(wanted) > 20
    assert_frame_equal(found, wanted, check_exact=True)


def movie(n: int, shape: tuple[int, ...]) -> list[np.ndarray]:
    sigma = (1.8,) * len(shape)
    frames = [spots(shape, 3 + 3 * (k % 4), sigma, seed=k) for k in range(n)]
    if n > 1:
        frames[n // 2] = np.zeros(shape, np.uint8)
    return frames


@pytest.mark.parametrize("n", [1, 2, 3, 9])
@pytest.mark.parametrize("shape", [(40, 48), (9, 30, 33)])
def test_batch(streams: str, n: int, shape: tuple[int, ...]) -> None:
    frames = movie(n, shape)
    wanted = sg.batch(frames, 7, processes=1)
    assert_frame_equal(sg.batch(frames, 7, device="cuda"), wanted, check_exact=True)


def test_slots_keep_the_order(streams: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four slots of three frames on one device, as two devices would have."""
    from spotgpu.backends.cuda import slots

    monkeypatch.setattr(slots, "ENOUGH", 3 * 40 * 48)
    monkeypatch.setattr(slots, "usable", lambda: [0, 0])
    frames = movie(31, (40, 48))
    wanted = sg.batch(frames, 7, processes=1)
    assert wanted["frame"].nunique() > 20
    assert_frame_equal(sg.batch(iter(frames), 7, device="cuda"), wanted, check_exact=True)


def test_no_allocation_after_warm_up(cuda: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import cudasim

    from spotgpu.backends.cuda import slots

    if not cudasim.installed() or cudasim.engine.config.check != "off":
        pytest.skip("counted by the simulator, without its checks, which switch cupy's pool off")
    monkeypatch.setattr(slots, "ENOUGH", 4 * 40 * 48)
    image = spots((40, 48), 8, (1.8, 1.8), seed=1)
    calls = []

    def count(_: int, table: pd.DataFrame) -> pd.DataFrame:
        calls.append(cudasim.stats()["mallocs"])
        return table

    sg.batch([np.roll(image, k, axis=1) for k in range(60)], 7, after_locate=count, device="cuda")
    assert len(set(calls[20:])) == 1


def test_errors_are_those_of_the_cpu(cuda: ModuleType) -> None:
    colour = np.zeros((40, 40, 3), np.uint8)
    with pytest.raises(ValueError, match="`raw_image` must be a gray image"):
        sg.locate(colour, 7, device="cuda")
    with pytest.raises(ValueError, match=r"one shape and type, got .* in frame 1"):
        sg.batch([FLAT, FLAT[:50]], 7, device="cuda")
    with pytest.raises(ValueError, match="`processes` must be 'auto' or 1 where a GPU computes"):
        sg.batch([FLAT, FLAT], 7, processes=2, device="cuda")
    with pytest.raises(ValueError, match="must have at least one frame"):
        sg.batch([], 7, device="cuda")


def test_a_file(cuda: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "movie.tif"
    sg.save_tiff(path, np.stack(movie(6, (40, 48))))
    wanted = sg.batch(path, 7, processes=1)
    assert_frame_equal(sg.batch(path, 7, device="cuda"), wanted, check_exact=True)


@pytest.mark.parametrize("name", ["plain", "float32", "unequal axes", "volume"])
def test_too_large_for_the_device(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Room for a part of a frame only: it goes through the device in tiles."""
    image, diameter, options = CASES[name]
    room = 15_000 if image.ndim == 3 else 2_500
    monkeypatch.setattr("spotgpu.backends.cuda.room", lambda _: room)
    monkeypatch.setattr("spotgpu.backends.cuda.slots.room", lambda _: room)
    wanted = sg.batch([image, image[::-1]], diameter, **options, processes=1)
    found = sg.batch([image, image[::-1]], diameter, **options, device="cuda")
    assert room < image.size
    assert_frame_equal(found, wanted, check_exact=True)


@pytest.mark.parametrize("name", ["plain", "float32", "int32", "not filtered, float"])
def test_too_large_for_the_host(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Room for a part of a frame only, on both: it is read and filtered in tiles."""
    image, diameter, options = CASES[name]
    monkeypatch.setattr("spotgpu.backends.cuda.room", lambda _: 2_500)
    locator = Locator(diameter, **options, device="cuda")
    found = locator.array(sg.open(image[None]).lazy(0), 70_000)
    np.testing.assert_array_equal(found, Locator(diameter, **options).array(image))
    assert len(found) > 2


def test_no_room_for_a_window(cuda: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spotgpu.backends.cuda.room", lambda _: 100)
    with pytest.raises(sg.SpotgpuError, match="the device has room for 100 pixels, too few"):
        sg.locate(FLAT, 7, device="cuda")


def test_out_of_memory(cuda: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise MemoryError("all gone")

    monkeypatch.setattr("spotgpu.detect._locator.find", full)
    with pytest.raises(
        sg.SpotgpuError, match=r"no memory for an image of 70 x 90 pixels \(all gone\): use device"
    ):
        sg.locate(FLAT, 7, device="cuda")
    with pytest.raises(MemoryError, match="all gone"):
        sg.locate(FLAT, 7)


def test_more_pixels_than_can_be_counted_in_32_bits(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spotgpu.backends.cuda import _array

    wanted = sg.locate(FLAT, 7)
    monkeypatch.setattr(_array, "MOST_PIXELS", 3000)
    assert cuda.room(np.uint8) == 3000
    assert_frame_equal(sg.locate(FLAT, 7, device="cuda"), wanted, check_exact=True)
