"""Diffs that anybody's `patch` applies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime import diff

NAMES = ("version 1", "version 2")
LINES = st.lists(st.sampled_from(["a", "b", "c", "", " a", "-b", "+c", "@@ -1 +1 @@", "\x0b", "\u2028x"]), max_size=12)


def patched(folder: Path, old: str, changes: str) -> str:
    """What GNU patch makes of it; it wants a last line that ends."""
    (folder / "old").write_bytes((old + "\n").encode())
    (folder / "changes").write_bytes(changes.encode())
    run = ["patch", "--quiet", "--binary", "-o", "new", "old", "changes"]
    subprocess.run(run, cwd=folder, check=True, capture_output=True)
    return (folder / "new").read_bytes().decode().removesuffix("\n")


@given(LINES.map("\n".join), LINES.map("\n".join), st.sampled_from([0, 10**6]))
@settings(max_examples=60, deadline=None)
def test_the_diff_makes_the_new_of_the_old(tmp_path_factory: pytest.TempPathFactory, old: str, new: str, most: int):
    """However much is compared: also where all between equal ends is one change."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diff, "MOST_COMPARED", most)
        changes = diff.diff_scripts(old, new, names=NAMES)
    assert bool(changes) == (old != new)
    if changes:
        assert changes.startswith("--- version 1\n+++ version 2\n@@ -")
        assert patched(tmp_path_factory.mktemp("patch"), old, changes) == new


def test_what_would_take_minutes_takes_none():
    """100 kB of short lines that come again and again: `difflib` is quadratic there."""
    old = "\n".join(str(number % 97) for number in range(30_000))
    new = "\n".join(str(number % 89) for number in range(30_000))
    changes = diff.diff_scripts(old, new, names=NAMES).split("\n")
    assert sum(line.startswith("-") for line in changes) > 29_000
    assert changes[2].startswith("@@ -87,")


def test_dependencies_are_compared_by_name():
    """Added, removed, changed; what stays is not named."""
    old, new = {"a": "1", "b": "2", "c": "3"}, {"b": "2", "c": "4", "d": "5"}
    assert diff.diff_dependencies(old, new) == {
        "added": {"d": "5"},
        "removed": {"a": "1"},
        "changed": {"c": {"from": "3", "to": "4"}},
    }
