"""The program: its commands, and what becomes of errors."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

from spotgpu.cli import (
    _demo,
    _info,
    _link,
    _locate,
    _msd,
    _pathlines,
    _selftest,
    _traces,
    _track,
)
from spotgpu.cli._signals import Ended, ends_by_signal
from spotgpu.errors import SpotgpuError

__all__ = ["app", "run"]

#: Exit codes. Success is 0.
FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130

#: The base of the parser's complaints, in every version of typer.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="spotgpu",
    help="Particle tracking for microscopy: a movie in, trajectories and diffusion out.",
    epilog="Start with: spotgpu demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"spotgpu {version('spotgpu')}")
        raise typer.Exit


@app.callback()
def _spotgpu(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error comes from. Before the command.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    del debug, version


for _module in (_track, _locate, _link, _msd, _pathlines, _traces, _info, _selftest, _demo):
    _module.register(app)


def run(arguments: Sequence[str]) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str
        Those of the process; none at all asks for help.

    Returns
    -------
    int
        Exit code, as of `spotgpu.cli.main`.
    """
    _replace_what_cannot_be_encoded()
    given = list(arguments) or ["--help"]
    try:
        with ends_by_signal():
            code = app(given, prog_name="spotgpu", standalone_mode=False)
    except Ended as ended:
        print(f"error: ended by {ended.name}", file=sys.stderr)
        return ended.code
    except (UsageError, ValueError, TypeError, FileNotFoundError) as error:
        return _failed(error, BAD_INPUT, given)
    except (SpotgpuError, OSError, MemoryError) as error:
        return _failed(error, FAILED, given)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    # What newer typers make of a KeyboardInterrupt.
    if code == INTERRUPTED:
        print("error: interrupted", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _replace_what_cannot_be_encoded() -> None:
    # A terminal without µ is no reason to fail after the work.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def _failed(error: BaseException, code: int, given: list[str]) -> int:
    if given[:1] == ["--debug"]:
        raise error
    describe = getattr(error, "format_message", None)
    text = describe() if callable(describe) else str(error)
    first = _with_options(" ".join((text or type(error).__name__).split()))
    if "--log-json" in given:
        first = json.dumps({"event": "error", "text": first}, ensure_ascii=False)
    else:
        first = f"error: {first}"
    print(first, file=sys.stderr)
    return code


def _with_options(text: str) -> str:
    """Write --min-length for `min_length`, as a user of the command line knows it."""
    options = {
        str(parameter.name): parameter.opts[-1]
        for command in typer.main.get_command(app).commands.values()  # type: ignore[attr-defined]
        for parameter in command.params
        if parameter.opts[0].startswith("-")
    }
    return re.sub(r"`(\w+)`(?: \(--[\w-]+\))?", lambda found: options.get(found[1], found[0]), text)
