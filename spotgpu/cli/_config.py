"""Options from a file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import typer

__all__ = ["load"]

#: Options that say where options come from, or that a file has no business to set.
NOT_FROM_FILE = {"config", "help"}


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
        If it cannot be read, or has a name that is no option.
    """
    if config is None:
        return None
    names = _names(context)
    values: dict[str, Any] = {}
    for key, value in _read(config).items():
        name = names.get(key.replace("-", "_"))
        if name is None:
            known = ", ".join(sorted(set(names.values())))
            raise typer.BadParameter(f"{config} has an unknown key {key!r}; known are {known}")
        values[name] = _as_typed(value) if name != "movie" else _as_list(value)
    # What stands on the command line goes before the defaults of the context.
    context.default_map = {**(context.default_map or {}), **values}
    return config


def _names(context: typer.Context) -> dict[str, str]:
    """Return the parameter for each way to write its name."""
    names: dict[str, str] = {}
    for parameter in context.command.params:
        if parameter.name is None or parameter.name in NOT_FROM_FILE:
            continue
        names[parameter.name] = parameter.name
        for option in parameter.opts:
            if option.startswith("--"):
                names[option[2:].replace("-", "_")] = parameter.name
    return names


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
    source = content.get("input", {}).get("path")
    return values if source is None else {**values, "movie": source}


def _as_typed(value: Any) -> Any:
    """Return a value as it would stand on the command line."""
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value)


def _as_list(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
