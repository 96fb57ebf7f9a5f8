"""What is written, and that it is there after the machine stops."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.durable import settle


@pytest.mark.parametrize("fails", [False, True])
def test_a_folder_is_synced_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool):
    """The folder itself, whether the disk takes it or not."""
    synced: list[int] = []

    def fsync(descriptor: int) -> None:
        assert os.path.samestat(os.fstat(descriptor), tmp_path.stat())
        synced.append(descriptor)
        if fails:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    if fails:
        with pytest.raises(OSError, match="Input/output error"):
            settle(tmp_path)
    else:
        settle(tmp_path)
    (descriptor,) = synced
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path):
    """Nothing is made."""
    with pytest.raises(FileNotFoundError):
        settle(tmp_path / "none")
    assert not list(tmp_path.iterdir())
