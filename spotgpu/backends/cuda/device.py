"""The devices of this machine: whether there are any, and what they are."""

from __future__ import annotations

from typing import NamedTuple

import cupy

__all__ = ["Device", "devices", "missing"]


class Device(NamedTuple):
    """One CUDA device; memory in bytes, versions as CUDA numbers them (13000 is 13.0)."""

    number: int
    name: str
    compute_capability: str
    memory: int
    free: int
    driver: int


def missing() -> str | None:
    """Say what stands between cupy and a device.

    Returns
    -------
    str or None
        The end of a sentence about 'cuda'; None if there is a device.
    """
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"needs a CUDA device and its driver: {error}"
    return None if count else "needs a CUDA device, there is none"


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
        driver = cupy.cuda.runtime.driverGetVersion()
        found.append(Device(number, name, f"{digits[:-1]}.{digits[-1]}", memory, free, driver))
    return found
