"""The dashboard as it is built. Who runs these tests without make gets it built first; up to date, that takes a tenth of a second."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).parents[2] / "runtime" / "dashboard"


def built() -> Path:
    """The folder of what was built."""
    done = subprocess.run([sys.executable, DASHBOARD / "build.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return DASHBOARD / "artifact"


@pytest.fixture(scope="session")
def artifact() -> Path:
    return built()
