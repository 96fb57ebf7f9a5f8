"""What is kept on disk: whole, or not there."""

from __future__ import annotations

import os
from pathlib import Path

from runtime.bundle.store import Store


def test_what_is_put_is_there(tmp_path):
    """Under its kind and key, for another process too; nothing else lies beside it."""
    store = Store(tmp_path / "kept", most=1_000)
    store.put("a", "key", b"one")
    store.put("b", "key", b"two")

    assert [Store(tmp_path / "kept", most=1_000).get(kind, "key") for kind in "abc"] == [b"one", b"two", None]
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_changed_entry_is_none(tmp_path):
    """It goes, and can be put again."""
    store = Store(tmp_path, most=1_000)
    store.put("a", "key", b"content")
    (entry,) = tmp_path.iterdir()
    for damaged in (entry.read_bytes()[:-1], b"", bytes(40)):
        entry.write_bytes(damaged)

        assert store.get("a", "key") is None
        assert not entry.exists()
    store.put("a", "key", b"content")
    assert store.get("a", "key") == b"content"


def test_the_longest_unused_goes_first(tmp_path):
    """When there is more than may be; to be read is to be used."""
    store = Store(tmp_path, most=3 * 132)
    for age, key in enumerate("abc"):
        store.put("x", key, bytes(100))
        path = store._path("x", key)
        os.utime(path, (age + 1, age + 1))
    store.get("x", "a")
    store.put("x", "d", bytes(100))

    assert [key for key in "abcd" if store.get("x", key) is not None] == ["a", "c", "d"]


def test_what_another_process_removes_meanwhile_is_still_read(tmp_path, monkeypatch):
    """It was whole when it was read: that its time of use can not be written is no fault."""
    store = Store(tmp_path, most=1_000)
    store.put("a", "key", b"content")

    def gone(path: Path) -> None:
        path.unlink()
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "utime", gone)

    assert store.get("a", "key") == b"content"
    assert store.get("a", "key") is None
