"""What is kept on disk: whole, or not there."""

from __future__ import annotations

import os
from pathlib import Path

from runtime.bundle.store import Store, size_of


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


def test_a_folder_has_a_size(tmp_path: Path):
    """Of all its files; counted no further than asked, and links are not followed."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_bytes(bytes(1_000))
    (tmp_path / "d").write_bytes(bytes(10))
    (tmp_path / "a/up").symlink_to(tmp_path)

    assert 1_010 <= size_of(tmp_path, 1 << 20) < 1_200
    assert size_of(tmp_path / "gone", 10) == 0
