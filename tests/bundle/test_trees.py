"""Folders as an archive of a stranger leaves them: too many entries, too deep, with links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.bundle.base import ModulesTooLarge
from runtime.bundle.trees import DEEPEST, ENTRY_BYTES, packed, remove, size_of, unpack


def make_deep(folder: Path, depth: int) -> None:
    """Folders in one another, whatever the length of their path; the last one has a file."""
    place = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deep", dir_fd=place)
        below = os.open("deep", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=place))
    os.close(place)


def test_a_folder_has_a_size(tmp_path: Path):
    """Of all its files and of each entry; counted no further than asked, and links are not followed."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_bytes(bytes(1_000))
    (tmp_path / "d").write_bytes(bytes(10))
    (tmp_path / "a/up").symlink_to(tmp_path)

    assert 1_010 <= size_of(tmp_path, 1 << 20) - 5 * ENTRY_BYTES < 1_200
    assert size_of(tmp_path, 100) > 100
    assert size_of(tmp_path / "gone", 10) == 0


def test_what_is_packed_comes_out_as_it_was(tmp_path: Path):
    """By the folder's own name, with what is empty."""
    tree = tmp_path / "from/node_modules"
    for path, content in {"a/index.js": "1", "a/b/c.js": "2", "@s/é/x": ""}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(content)
    (tree / "empty").mkdir()

    (tmp_path / "to").mkdir()
    unpack(packed(tree), tmp_path / "to")

    made = {
        str(path.relative_to(tmp_path / "to")): path.is_file() and path.read_text() for path in tmp_path.glob("to/**/*")
    }
    assert made == {
        str(path.relative_to(tmp_path / "from")): path.is_file() and path.read_text()
        for path in tmp_path.glob("from/**/*")
    }
    assert packed(tree) == packed(tree)


def test_too_deep_is_too_large(tmp_path: Path):
    """As deep as may be is not."""
    make_deep(tmp_path, DEEPEST - 1)
    unpack(packed(tmp_path), tmp_path)
    make_deep(tmp_path / "deep", 0)
    make_deep(tmp_path / tmp_path.name, 0)

    with pytest.raises(ModulesTooLarge, match=f"{DEEPEST} folders in one another"):
        packed(tmp_path)


@pytest.mark.parametrize("depth", [0, 3, 3_000])
def test_nothing_is_left(tmp_path: Path, depth: int):
    """Deeper than Python calls itself, and than a path may be long; what a link leads to stays."""
    folder = tmp_path / "folder"
    (folder / "a/b").mkdir(parents=True)
    (folder / "removed-1").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("x")
    (folder / "a/link").symlink_to(tmp_path / "outside")
    make_deep(folder / "a", depth)
    make_deep(folder, depth)

    remove(folder)
    remove(folder)

    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert (tmp_path / "outside/file").exists()
