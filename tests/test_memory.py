"""Memory that is handed on."""

from __future__ import annotations

import os

import pytest

from runtime.memory import nameless_file


@pytest.mark.parametrize("has_such", [True, False])
def test_a_file_without_a_name(monkeypatch: pytest.MonkeyPatch, has_such: bool):
    """Also where the system has no files in memory. No program that is started inherits it unasked."""
    if not has_such:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    file = nameless_file("a-purpose")
    os.pwrite(file, b"written", 0)
    assert os.pread(file, 100, 0) == b"written"
    assert not os.get_inheritable(file)
    assert os.fstat(file).st_nlink == 0
    os.close(file)
