"""The devices of this machine: whether there are any, and what they are."""

from __future__ import annotations

from typing import NamedTuple

import cupy

__all__ = ["FAULTS", "Device", "devices", "free_memory", "missing", "software", "usable"]

#: The oldest compute capability that the kernels are made for, times 10.
OLDEST = 75
#: Share of the free memory that is used.
SHARE = 0.8

#: What cupy raises if a device or its driver fails.
FAULTS = (
    cupy.cuda.runtime.CUDARuntimeError,
    cupy.cuda.driver.CUDADriverError,
    cupy.cuda.memory.OutOfMemoryError,
)


class Device(NamedTuple):
    """One CUDA device; memory in bytes."""

    number: int
    name: str
    compute_capability: str
    memory: int
    free: int


def missing() -> str | None:
    """Say what stands between cupy and a device.

    Returns
    -------
    str or None
        The end of a sentence about 'cuda'; None if the kernels run on the current device.
    """
    try:
        numbers = usable()
        if numbers and cupy.cuda.Device().id in numbers:
            return None
        found = devices()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"needs a CUDA device and its driver: {error}"
    if not found:
        return "needs a CUDA device, there is none"
    names = ", ".join(f"{own.number} ({own.name}) has {own.compute_capability}" for own in found)
    return (
        f"needs a CUDA device of compute capability {OLDEST / 10} or more, which the first that "
        f"CUDA_VISIBLE_DEVICES names must be: device {names}"
    )


def usable() -> list[int]:
    """Return the devices that the kernels run on.

    Returns
    -------
    list of int
        Their numbers.
    """
    numbers = range(cupy.cuda.runtime.getDeviceCount())
    return [n for n in numbers if int(cupy.cuda.Device(n).compute_capability) >= OLDEST]


def devices() -> list[Device]:
    """Return the devices of this machine.

    Returns
    -------
    list of Device
        In the order of their numbers.
    """
    found = []
    for number in range(cupy.cuda.runtime.getDeviceCount()):
        device = cupy.cuda.Device(number)
        free, memory = device.mem_info
        name = cupy.cuda.runtime.getDeviceProperties(number)["name"].decode()
        digits = device.compute_capability
        found.append(Device(number, name, f"{digits[:-1]}.{digits[-1]}", memory, free))
    return found


def free_memory() -> int:
    """Return how much memory of the current device can be had.

    Returns
    -------
    int
        Most of the bytes that are free, or that cupy's pool keeps unused, within the pool's limit.
    """
    pool = cupy.get_default_memory_pool()
    free = int(cupy.cuda.Device().mem_info[0] + pool.free_bytes())
    if limit := pool.get_limit():
        free = min(free, limit - pool.used_bytes())
    return int(SHARE * free)


def software() -> dict[str, str]:
    """Return what stands between this package and the devices.

    Returns
    -------
    dict
        Version by name.
    """
    # CUDA's number of version 13.2 is 13020.
    major, minor = divmod(cupy.cuda.runtime.driverGetVersion() // 10, 100)
    return {"cupy": cupy.__version__, "CUDA driver": f"for CUDA {major}.{minor}"}
