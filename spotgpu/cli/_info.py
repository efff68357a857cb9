"""`spotgpu info`."""

from __future__ import annotations

import typer

from spotgpu.cli._output import say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command.

    Parameters
    ----------
    app : Typer
        The program.
    """
    app.command("info", epilog="Example: spotgpu info")(_info)


def _info() -> None:
    """Show versions, the solver that linking uses, cores, CUDA devices, and what is installed."""
    from loky import cpu_count

    from spotgpu.linking import solver_name
    from spotgpu.pipeline import OPTIONAL, versions

    found = versions()
    rows = {**found, "cores": str(cpu_count()), "linking solver": solver_name(), **_devices()}
    for package in OPTIONAL:
        rows.setdefault(package, "not installed")
    width = max(len(name) for name in rows)
    for name, value in rows.items():
        say(f"{name:<{width}}  {value}")


def _devices() -> dict[str, str]:
    from spotgpu.backends import missing

    reason = missing()
    if reason is not None:
        return {"CUDA device": f"none: device='cuda' {reason}"}
    from spotgpu.backends.cuda.device import devices, software

    rows = software()
    for device in devices():
        rows[f"CUDA device {device.number}"] = (
            f"{device.name}, compute capability {device.compute_capability}, "
            f"{device.memory / 2**30:.1f} GB of memory, {device.free / 2**30:.1f} GB free"
        )
    return rows
