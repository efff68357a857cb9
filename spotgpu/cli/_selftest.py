"""`spotgpu selftest`."""

from __future__ import annotations

from typing import Annotated

import typer

from spotgpu.cli._output import count, say

__all__ = ["register"]

#: Exit code if the device computes something else than the CPU.
DIFFERENT = 1


def register(app: typer.Typer) -> None:
    """Add the command.

    Parameters
    ----------
    app : Typer
        The program.
    """
    app.command("selftest", epilog="Example: spotgpu selftest")(_selftest)


def _selftest(
    side: Annotated[
        int, typer.Option(min=64, max=4096, help="Side of the frames in pixels.")
    ] = 512,
) -> int:
    """Compare every CUDA kernel with its CPU twin on this machine, bit for bit, and time both."""
    from spotgpu.backends import on

    on("cuda")
    from spotgpu.backends.cuda.device import devices, software
    from spotgpu.pipeline import selftest

    device = devices()[0]
    say(", ".join(f"{name} {version}" for name, version in software().items()))
    say(f"{device.name}, compute capability {device.compute_capability}")
    say(f"{'':8}{'computation':<14}{'of':<30}{'CPU ms':>10}{'CUDA ms':>10}{'ratio':>9}")
    done, failed, close = 0, 0, []
    for verdict in selftest(side):
        done += 1
        failed += bool(verdict.problem)
        if verdict.tolerance:
            close.append(f"{verdict.name} within {verdict.tolerance:g}, as the CPU sums by FFT")
        word = "FAILED" if verdict.problem else "close" if verdict.tolerance else "same"
        say(
            f"{word:<8}{verdict.name:<14}{verdict.data:<30}"
            f"{verdict.cpu * 1e3:>10.3f}{verdict.cuda * 1e3:>10.3f}"
            f"{verdict.cpu / verdict.cuda:>8.1f}x"
        )
        if verdict.problem:
            say(f"        {verdict.problem}")
    if failed:
        say(
            f"FAILED: {failed} of {count(done, 'computation')} differ from the CPU's on this device"
        )
        return DIFFERENT
    bits = count(done - len(close), "computation")
    say("; ".join([f"passed: {bits} with the CPU's bits", *close]))
    return 0
