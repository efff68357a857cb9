"""Options from a file."""

from __future__ import annotations

import json
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer

__all__ = ["changed", "load", "repeats"]

#: Options that say where options come from, or that a file has no business to set.
NOT_FROM_FILE = {"config", "help"}
#: Where the input of an earlier run waits for `changed`; no option has such a name.
RECORDED = "spotgpu input"


def load(context: typer.Context, config: Path | None) -> Path | None:
    """Take the defaults of the other options from a file.

    Parameters
    ----------
    context : Context
        Of the command.
    config : Path or None
        A .toml with names of options, or the .json of an earlier run.

    Returns
    -------
    Path or None
        `config` itself.

    Raises
    ------
    BadParameter
        If it cannot be read, or has a name that is no option of any command.
    """
    if config is None:
        return None
    names = _names(context.command)
    several = {parameter.name for parameter in context.command.params if parameter.nargs != 1}
    elsewhere = _names_of_all(context)
    content = _read(config)
    # For `changed`.
    context.meta[RECORDED] = content.pop(RECORDED, {})
    values: dict[str, Any] = {}
    for key, value in content.items():
        name = names.get(key.replace("-", "_"))
        if name is None:
            # One file may serve all commands: each takes what is its own.
            if key.replace("-", "_") not in elsewhere:
                raise typer.BadParameter(f"{config} has an unknown key {key!r}{_hint(key, names)}")
            continue
        values[name] = _as_list(value) if name in several else _as_typed(value)
    # What stands on the command line goes before the defaults of the context.
    context.default_map = {**(context.default_map or {}), **values}
    return config


def changed(context: typer.Context, now: dict[str, Any]) -> list[str]:
    """Return how the input differs from that of the run whose run.json gave the options.

    Parameters
    ----------
    context : Context
        Of the command.
    now : dict
        The input, as run.json records it.

    Returns
    -------
    list of str
        Warnings; none if it is another file.
    """
    before = context.meta.get(RECORDED) or {}
    if before.get("path") != now["path"]:
        return []
    return [
        f"The input is not what it was in the earlier run: {name} {before[name]} then, "
        f"{now[name]} now."
        for name in ("bytes", "shape")
        if before.get(name) is not None and before[name] != now[name]
    ]


def repeats(context: typer.Context) -> bool:
    """Tell whether the input is that of the run whose run.json gave the options.

    Parameters
    ----------
    context : Context
        Of the command.

    Returns
    -------
    bool
        False if the movie stands on the command line. All files of such a run are one movie.
    """
    known = (context.meta.get(RECORDED) or {}).get("path") is not None
    origin = context.get_parameter_source("movie")
    # By name: versions of typer differ in where the type lies.
    return known and origin is not None and origin.name == "DEFAULT_MAP"


def _hint(key: str, names: dict[str, str]) -> str:
    close = get_close_matches(key.replace("-", "_"), names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(sorted(set(names.values())))}"


def _names(command: Any) -> dict[str, str]:
    """Return the parameter for each way to write its name."""
    names: dict[str, str] = {}
    for parameter in command.params:
        if parameter.name is None or parameter.name in NOT_FROM_FILE:
            continue
        names[parameter.name] = parameter.name
        for option in parameter.opts:
            if option.startswith("--"):
                names[option[2:].replace("-", "_")] = parameter.name
    return names


def _names_of_all(context: typer.Context) -> set[str]:
    commands = getattr(context.find_root().command, "commands", {})
    return {name for command in commands.values() for name in _names(command)}


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise typer.BadParameter(f"{path} does not exist") from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise typer.BadParameter(f"{path} is not a text file") from None
    try:
        content = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    # Both parsers' errors are ValueErrors.
    except ValueError as error:
        raise typer.BadParameter(f"{path} cannot be understood: {error}") from None
    if path.suffix.lower() != ".json":
        return dict(content)
    if not isinstance(content, dict) or not isinstance(content.get("parameters"), dict):
        raise typer.BadParameter(f"{path} is not the run.json of an earlier run")
    values = {key: value for key, value in content["parameters"].items() if value is not None}
    recorded = content.get("input")
    if not isinstance(recorded, dict):
        return values
    source = recorded.get("path")
    named = {} if source is None else {"movie": source}
    return {**values, **named, RECORDED: recorded}


def _as_typed(value: Any) -> Any:
    """Return a value as it would stand on the command line."""
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value)


def _as_list(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
