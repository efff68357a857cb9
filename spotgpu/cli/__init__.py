"""The command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        Exit code: 0 done, 2 usage or bad input, 1 anything else, 130 interrupted, 128 + n ended by
        signal n.
    """
    try:
        # Here, so that Ctrl-C while it is imported ends as quietly as later.
        from spotgpu.cli._app import run

        return run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
