"""Frames dealt out to slots come back in order, whatever happens to a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from spotgpu import SpotgpuError

SHAPE = (5, 7)


def frames(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 255, (n, *SHAPE), np.uint8)


def filler(images: np.ndarray) -> Callable[[np.ndarray], list[int]]:
    rest = iter(enumerate(images))

    def fill(host: np.ndarray) -> list[int]:
        numbers = []
        for place, (number, image) in zip(host, rest, strict=False):
            place[...] = image
            numbers.append(number)
        return numbers

    return fill


def sums(batch: Any) -> list[int]:
    return batch.reshape(len(batch), -1).astype("i8").sum(axis=1).get().tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("devices", [[0], [0, 0]])
def test_in_order(streams: str, n: int, devices: list[int]) -> None:
    from spotgpu.backends.cuda.slots import in_order, slots

    images = frames(n)
    dealt = slots(SHAPE, np.uint8, n, devices)
    assert len(dealt) == 2 * len(devices)
    found = list(in_order(dealt, filler(images), sums))
    assert found == list(enumerate(images.reshape(n, -1).sum(axis=1).tolist()))


@pytest.fixture
def limited(cuda: ModuleType) -> Iterator[Callable[[int], None]]:
    import cupy

    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    yield lambda size: pool.set_limit(size=pool.used_bytes() + size)
    pool.set_limit(size=0)


def test_batches_follow_from_memory(limited: Callable[[int], None]) -> None:
    from spotgpu.backends.cuda import _array, device
    from spotgpu.backends.cuda import slots as module

    (first, _) = module.slots((64, 64), np.uint16, devices=[0])
    assert len(first.host) == module.ENOUGH // (64 * 64 * 2)
    del first, _
    limited(int(2 * 64 * 64 * (2 + _array.WORKING) * 10.5 / device.SHARE))
    (first, _) = module.slots((64, 64), np.uint16, devices=[0])
    assert len(first.host) == 10
    assert module.slots((4096, 4096), np.uint16, devices=[0]) == []


def test_no_memory_halves_the_batch(cuda: ModuleType) -> None:
    import cupy

    from spotgpu.backends.cuda.slots import Slot, in_order

    tried = []

    def work(batch: Any) -> list[int]:
        tried.append(len(batch))
        if len(batch) > 3:
            raise cupy.cuda.memory.OutOfMemoryError(len(batch), 0)
        return sums(batch)

    images = frames(20)
    with pytest.warns(UserWarning, match="going on with 2 frames at once instead of 8"):
        found = list(in_order([Slot(0, 8, SHAPE, np.uint8)], filler(images), work))
    assert found == list(enumerate(images.reshape(20, -1).sum(axis=1).tolist()))
    assert tried[:3] == [8, 4, 2]
    assert max(tried[2:]) == 2


def test_no_memory_at_the_end_of_a_batch(cuda: ModuleType) -> None:
    """What happens to a few frames is no reason to take fewer from then on."""
    import cupy

    from spotgpu.backends.cuda.slots import Slot, in_order

    tried = []

    def work(batch: Any) -> list[int]:
        tried.append(len(batch))
        if tried == [8, 8, 2]:
            raise cupy.cuda.memory.OutOfMemoryError(2, 0)
        return sums(batch)

    slot = Slot(0, 18, SHAPE, np.uint8)
    slot.part = 8
    images = frames(36)
    found = list(in_order([slot], filler(images), work))
    assert found == list(enumerate(images.reshape(36, -1).sum(axis=1).tolist()))
    assert tried == [8, 8, 2, 1, 1, 8, 8, 2]


def test_slots_keep_their_streams(cuda: ModuleType) -> None:
    """So that the pool has the memory of one movie for the next."""
    from spotgpu.backends.cuda.slots import slots

    first, second = (slots(SHAPE, np.uint8, 9, [0, 0]) for _ in range(2))
    assert [slot._stream.ptr for slot in first] == [slot._stream.ptr for slot in second]
    assert len({slot._stream.ptr for slot in first}) == 4


def test_no_memory_for_one_frame(cuda: ModuleType) -> None:
    import cupy

    from spotgpu.backends.cuda.slots import Slot, in_order

    def work(batch: Any) -> list[int]:
        raise cupy.cuda.memory.OutOfMemoryError(1, 0)

    with pytest.raises(SpotgpuError, match="no memory for the work on one frame of 5 x 7 pixels"):
        list(in_order([Slot(0, 8, SHAPE, np.uint8)], filler(frames(9)), work))


def test_no_memory_for_a_slot(cuda: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import cupy

    from spotgpu.backends.cuda.slots import Slot

    def full(size: int) -> Any:
        raise cupy.cuda.runtime.CUDARuntimeError(2)

    monkeypatch.setattr(cupy.cuda, "alloc_pinned_memory", full)
    with pytest.raises(SpotgpuError, match="no memory for a batch of 8 frames of 5 x 7 pixels on"):
        Slot(0, 8, SHAPE, np.uint8)


def test_an_error_of_the_work_reaches_the_caller(cuda: ModuleType) -> None:
    from spotgpu.backends.cuda.slots import in_order, slots

    def work(batch: Any) -> list[int]:
        raise ArithmeticError(len(batch))

    with pytest.raises(ArithmeticError):
        list(in_order(slots(SHAPE, np.uint8, 9, [0]), filler(frames(9)), work))


def test_nothing_is_allocated_after_the_first_batches(cuda: ModuleType) -> None:
    import cudasim

    from spotgpu.backends.cuda.slots import in_order, slots

    if not cudasim.installed() or cudasim.engine.config.check != "off":
        pytest.skip("counted by the simulator, without its checks, which switch cupy's pool off")
    images = frames(64)
    dealt = slots(SHAPE, np.uint8, 8, [0])
    calls = [cudasim.stats()["mallocs"] for _ in in_order(dealt, filler(images), sums)]
    assert len(set(calls[32:])) == 1
