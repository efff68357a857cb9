"""What a run is: what it must be again to go on from where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spotgpu import io
from spotgpu.pipeline._json import json_text
from spotgpu.pipeline._versions import installed

__all__ = ["PROGRAM", "Manifest", "changed", "few"]

#: The value of the key "program" in files by which a folder is known to be ours.
PROGRAM = "spotgpu"
#: Options that say how fast, not what comes out.
NOT_COMPARED = ("processes", "device", "max_gb")


class Manifest(dict[str, Any]):
    """JSON values: the version, the options, and the fingerprint of the movie."""

    @classmethod
    def of(cls, parameters: Mapping[str, Any], movie: io.Movie) -> Manifest:
        """Describe a run.

        Parameters
        ----------
        parameters : mapping
            Its options, as run.json holds them.
        movie : Movie
            Opened.

        Returns
        -------
        Manifest
            Of `track`.
        """
        compared = {key: value for key, value in parameters.items() if key not in NOT_COMPARED}
        told = {
            "program": PROGRAM,
            "version": installed("spotgpu"),
            "parameters": compared,
            "fingerprint": io.fingerprint(movie),
        }
        # As it would be read again.
        return cls(json.loads(json_text(told)))

    @classmethod
    def of_file(cls, path: Path) -> Manifest | None:
        """Read a manifest, or the run.json of a run that has ended.

        Parameters
        ----------
        path : Path
            The file.

        Returns
        -------
        Manifest or None
            None if it is something else, or not there.
        """
        try:
            told = json.loads(path.read_bytes())
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError):
            return None
        if not isinstance(told, dict) or told.get("program") != PROGRAM:
            return None
        parameters, fingerprint = told.get("parameters"), told.get("fingerprint")
        if not isinstance(parameters, dict) or not isinstance(fingerprint, dict):
            return None
        version = told.get("version", told.get("versions", {}).get("spotgpu"))
        compared = {key: value for key, value in parameters.items() if key not in NOT_COMPARED}
        return cls(program=PROGRAM, version=version, parameters=compared, fingerprint=fingerprint)

    def differences(self, other: Manifest) -> list[str]:
        """Return how another run differs from this one.

        Parameters
        ----------
        other : Manifest
            The one that is to be run now.

        Returns
        -------
        list of str
            "minmass: 300 then, 400 now", and so on; none if it is the same run.
        """
        then, now = self["parameters"], other["parameters"]
        return [
            *changed("version of spotgpu", self["version"], other["version"]),
            *(
                text
                for name in dict.fromkeys((*then, *now))
                for text in changed(name, then.get(name), now.get(name))
            ),
            *io.differences(self["fingerprint"], other["fingerprint"]),
        ]


def changed(name: str, then: Any, now: Any) -> list[str]:
    """Say how a value has changed.

    Parameters
    ----------
    name : str
        Of the value.
    then, now : object
        JSON values.

    Returns
    -------
    list of str
        One, or none if it is the same.
    """
    return [] if then == now else [f"{name}: {_said(then)} then, {_said(now)} now"]


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.15g}"
    return "not given" if value is None else json.dumps(value, ensure_ascii=False)


def few(differences: list[str]) -> str:
    """Name the first three of many differences.

    Parameters
    ----------
    differences : list of str
        One at least.

    Returns
    -------
    str
        For a message.
    """
    more = len(differences) - 3
    return "; ".join(differences[:3]) + (f"; and {more} more" if more > 0 else "")
