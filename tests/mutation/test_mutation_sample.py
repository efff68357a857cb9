"""Some mutants of the kernels, the same ones each time; `make mutants` runs all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).with_name("run.py")


def test_sample_is_killed(device: None) -> None:
    command = [sys.executable, str(RUN), "--sample", "40"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CUDASIM", "PYTEST"))}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
