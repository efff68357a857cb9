"""The kernels are found in whatever way spotgpu is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KERNELS = sorted(path.name for path in (ROOT / "kernels").glob("*.cu*"))

#: Loads the module that finds kernels without the rest of the backend, which needs cupy.
SOURCES = """
import importlib.util, json, sys, types
from pathlib import Path
package = Path(sys.argv[1]) / "spotgpu"
sys.path.insert(0, sys.argv[1])
sys.modules["cupy"] = types.ModuleType("cupy")
path = package / "backends/cuda/_launch.py"
spec = importlib.util.spec_from_file_location("_launch", path)
sys.modules["_launch"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
import spotgpu
assert Path(spotgpu.__file__).is_relative_to(package), spotgpu.__file__
print(json.dumps([module.source(stem) for stem in sys.argv[2:]]))
"""


def build(project: Path, folder: Path, *targets: str) -> None:
    flags = [part for target in targets for part in ("-t", target)]
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder), *flags]
    done = subprocess.run(command, cwd=project, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def in_wheel(folder: Path) -> list[str]:
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        names = wheel.namelist()
    return sorted(name for name in names if name.startswith("spotgpu/_kernels/"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    build(ROOT, folder, "wheel", "sdist")
    return folder


def test_there_are_kernels() -> None:
    assert len(KERNELS) > 1
    assert "prelude.cuh" in KERNELS


def test_wheel_has_the_kernels(built: Path) -> None:
    assert in_wheel(built) == [f"spotgpu/_kernels/{name}" for name in KERNELS]


def test_wheel_has_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        folders = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"spotgpu"}


def test_sdist_makes_the_same_wheel(built: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (project,) = tmp_path.iterdir()
    build(project, tmp_path, "wheel")
    assert in_wheel(tmp_path) == in_wheel(built)


@pytest.mark.parametrize("installed", ["wheel", "checkout"])
def test_kernels_are_found(installed: str, built: Path, tmp_path: Path) -> None:
    root = ROOT
    if installed == "wheel":
        root = tmp_path / "site-packages"
        shutil.unpack_archive(next(built.glob("*.whl")), root, "zip")
    stems = [Path(name).stem for name in KERNELS if name.endswith(".cu")]
    command = [sys.executable, "-c", SOURCES, str(root), *stems]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    prelude = (ROOT / "kernels/prelude.cuh").read_text()
    for stem, text in zip(stems, json.loads(done.stdout), strict=True):
        assert text.startswith(prelude)
        assert text.endswith((ROOT / f"kernels/{stem}.cu").read_text())
