"""What a process behind walls sees of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.bundle.walls import has_walls, within

LOOKS = """
import os, socket, sys
for look in (lambda: os.listdir('given'), lambda: os.listdir(sys.argv[1]), lambda: open(sys.argv[1] + '/secret').read(),
             lambda: open('written', 'w').close(), lambda: open('given/new', 'w')):
    try:
        print(look())
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.mark.skipif(not has_walls(), reason="the kernel has no Landlock")
def test_it_sees_what_it_is_given(tmp_path: Path):
    """And writes where it may; who started it goes on as before, other threads too."""
    other, work = tmp_path / "other", tmp_path / "work"
    for folder in (other, work, tmp_path / "given"):
        folder.mkdir()
    (other / "secret").write_text("x")
    (work / "given").symlink_to(tmp_path / "given")

    def start() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "-c", LOOKS, str(other)]
        return subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)

    reads = [Path(sys.base_prefix), Path(sys.prefix), tmp_path / "given"]
    done = within(start, reads, work)

    assert done.stdout.splitlines() == ["[]", "PermissionError", "PermissionError", "None", "PermissionError"], (
        done.stderr
    )
    assert os.listdir(other) == ["secret"]  # noqa: PTH208 - only its name


@pytest.mark.skipif(not has_walls(), reason="the kernel has no Landlock")
def test_what_goes_wrong_is_told(tmp_path: Path):
    """To whom waits for it."""
    with pytest.raises(FileNotFoundError):
        within(lambda: subprocess.run(["/nonexistent"], check=False), [], tmp_path)
