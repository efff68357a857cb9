"""Without the libraries: `import spotgpu.export` works, and the functions say what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spotgpu import export
from spotgpu.errors import SpotgpuError
from spotgpu.tables import Tracks


@pytest.mark.parametrize(
    ("name", "arguments", "library"),
    [
        ("to_networkx", ["tracks"], "networkx"),
        ("from_networkx", ["graph"], "networkx"),
        ("save_geff", ["path", "tracks"], "geff"),
        ("open_geff", ["path"], "geff"),
    ],
)
def test_says_what_to_install(name, arguments, library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(
        SpotgpuError, match=rf"needs {library}: pip install 'spotgpu\[export\]' brings it"
    ):
        getattr(export, name)(*arguments)


@pytest.mark.parametrize("library", ["networkx", "geff"])
def test_napari_s_format_needs_neither(library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    assert isinstance(export.from_napari([[1, 0, 0, 0]]), Tracks)


def test_start_imports_none_of_them():
    code = (
        "import sys, spotgpu, spotgpu.cli, spotgpu.export;"
        "print({'networkx', 'geff', 'geff_spec', 'zarr', 'napari'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
