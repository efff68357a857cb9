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
    """Show versions, the solver that linking uses, cores, and what is installed."""
    from loky import cpu_count

    from spotgpu.linking import solver_name
    from spotgpu.pipeline import OPTIONAL, versions

    found = versions()
    rows = {**found, "cores": str(cpu_count()), "linking solver": solver_name()}
    for package in OPTIONAL:
        rows.setdefault(package, "not installed")
    width = max(len(name) for name in rows)
    for name, value in rows.items():
        say(f"{name:<{width}}  {value}")
