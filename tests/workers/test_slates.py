"""What workers can read of each other."""

from __future__ import annotations

import os

from runtime.workers.slates import Slates


def test_what_one_process_writes_another_reads():
    """Longer and shorter texts, one in place of the other; each its own."""
    slates = Slates(2)
    assert (slates.count, slates.read(0)) == (2, b"")
    for text in (b"a" * 100_000, b"short", b""):
        child = os.fork()
        if not child:
            slates.write(0, text)
            os._exit(0)
        os.waitpid(child, 0)
        assert slates.read(0) == text
    assert slates.read(1) == b""


def test_what_is_half_written_is_nothing():
    """Its writer was killed in the middle."""
    slates = Slates(1)
    slates.write(0, b"a" * 100)
    os.pwrite(slates._files[0], b"b", 50)
    assert slates.read(0) == b""
    slates.write(0, b"new")
    assert slates.read(0) == b"new"
    os.ftruncate(slates._files[0], 5)
    assert slates.read(0) == b""
