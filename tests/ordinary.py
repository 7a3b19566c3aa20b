"""An ordinary user for tests that root runs: a user without rights, and an interpreter that this user may run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

NOBODY = "nobody"  # exists on every system

PACKAGES = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), str(Path(psutil.__file__).parents[1])])}


def ordinary_python() -> str:
    """An interpreter that the other user may run: root's own may be in root's home. Skips where there is none."""
    if os.geteuid() != 0:
        pytest.skip("only root can run commands as someone else")
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            asked = subprocess.run(
                [python, "-c", "import iotctl.repositories"],
                user=NOBODY,
                extra_groups=[],
                cwd="/",
                env=PACKAGES,
                capture_output=True,
                check=False,
            )
        except PermissionError:
            continue
        if asked.returncode == 0:
            return python
    pytest.skip(f"{NOBODY} can run no Python with iotctl's packages")
