"""What has changed between two fingerprints, in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["differences"]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what has changed between two fingerprints, in sentences.

    Parameters
    ----------
    before, now : dict
        Made by `fingerprint`; may have been through JSON.

    Returns
    -------
    list of str
        Empty if the movies are the same as far as their fingerprints tell.

    Raises
    ------
    ValueError
        If one is not a fingerprint, or of another version.

    Examples
    --------
    >>> import numpy as np
    >>> from spotgpu.io import differences, fingerprint, open
    >>> before = fingerprint(open(np.zeros((5, 32, 48))))
    >>> differences(before, fingerprint(open(np.ones((5, 32, 48)))))
    ['the pixels of the first frame have changed']
    """
    for name, told in (("before", before), ("now", now)):
        if not isinstance(told, Mapping) or told.get("version") != 1:
            raise ValueError(f"`{name}` must be a fingerprint of version 1, got {told!r}")
    if before["kind"] != now["kind"]:
        return [f"{before['source']} ({before['kind']}) then, {now['source']} ({now['kind']}) now"]
    found = [*_of_source(before, now), *_of_frames(before, now)]
    found += _of_files(before["files"], now["files"])
    if before["metadata"] != now["metadata"]:
        found.append(f"the metadata have changed: {now['source']}")
    if before["pixels"] != now["pixels"] and not found:
        # After all else, they are sure to be others.
        found.append("the pixels of the first frame have changed")
    return found


def _of_source(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    if before["source"] != now["source"]:
        found.append(f"{before['source']} then, {now['source']} now")
    for key, name in (("axes", "axes"), ("dtype", "pixels of type"), ("part", "the part")):
        if before[key] != now[key]:
            found.append(f"{name} {before[key]} then, {now[key]} now")
    if before["shape"][1:] != now["shape"][1:]:
        sizes = (" x ".join(map(str, told["shape"][1:])) for told in (before, now))
        found.append("{} pixels then, {} now".format(*sizes))
    return found


def _of_frames(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    if before["shape"][0] != now["shape"][0]:
        return [f"{before['shape'][0]} frames then, {now['shape'][0]} now"]
    if before["frames"] != now["frames"]:
        first, second = (_ends(told["frames"]) for told in (before, now))
        same = "" if first != second else " (others between them)"
        return [f"frames {first} of the source then, {second} now{same}"]
    return []


def _ends(frames: Mapping[str, Any]) -> str:
    return f"{frames.get('first')} to {frames.get('last')}"


def _of_files(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> list[str]:
    if before is None or now is None or before["sha256"] == now["sha256"]:
        return []
    if "listed" not in before or "listed" not in now:
        if before["count"] != now["count"]:
            return [f"{before['count']:,} files then, {now['count']:,} now"]
        if before["bytes"] != now["bytes"]:
            return [f"the files: {before['bytes']:,} bytes then, {now['bytes']:,} now"]
        return [f"changed on disk since: some of {now['count']:,} files"]
    then = {name: (size, time) for name, size, time in before["listed"]}
    found = []
    for name, size, time in now["listed"]:
        if name not in then:
            found.append(f"not there then: {name}")
            continue
        old_size, old_time = then.pop(name)
        if old_size != size:
            found.append(f"{Path(name).name}: {_bytes(old_size)} then, {_bytes(size)} now")
        elif old_time != time:
            found.append(f"changed on disk since: {Path(name).name}")
    return found + [f"not there now: {name}" for name in then]


def _bytes(size: int | None) -> str:
    return "not there" if size is None else f"{size:,} bytes"
