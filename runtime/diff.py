"""What differs between two versions of a hook: unified diffs of their sources, and their dependencies. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import Final

CONTEXT: Final = 3
"""Equal lines around a change."""

MOST_COMPARED: Final = 1_000_000
"""Lines of the one times lines of the other: beyond, `difflib` may take minutes, and all that differs is shown as one change."""


def diff_scripts(old: str, new: str, *, names: tuple[str, str]) -> str:
    """A unified diff with `names` in its head, "" for equal texts. A last line without its end is a line like any other."""
    before, after = old.split("\n"), new.split("\n")
    if before == after:
        return ""
    start, end = _equal_ends(before, after)
    if (len(before) - start - end) * (len(after) - start - end) > MOST_COMPARED:
        lines: Iterator[str] = _one_change(before, after, start, end, names)
    else:
        lines = unified_diff(before, after, *names, n=CONTEXT, lineterm="")
    return "\n".join(lines) + "\n"


def diff_dependencies(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """`{added: {name: version}, removed: {name: version}, changed: {name: {from, to}}}`."""
    return {
        "added": {name: version for name, version in new.items() if name not in old},
        "removed": {name: version for name, version in old.items() if name not in new},
        "changed": {
            name: {"from": old[name], "to": version}
            for name, version in new.items()
            if name in old and old[name] != version
        },
    }


def _equal_ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """How many lines both begin with, and how many of the others both end with."""
    shorter = min(len(before), len(after))
    start = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    rest = shorter - start
    end = next((at for at in range(rest) if before[-1 - at] != after[-1 - at]), rest)
    return start, end


def _one_change(
    before: Sequence[str], after: Sequence[str], start: int, end: int, names: tuple[str, str]
) -> Iterator[str]:
    """A unified diff that takes all between equal ends away and puts the new there."""
    first, last = max(0, start - CONTEXT), min(end, CONTEXT)
    old_until, new_until = len(before) - end, len(after) - end
    yield f"--- {names[0]}"
    yield f"+++ {names[1]}"
    yield f"@@ -{first + 1},{old_until + last - first} +{first + 1},{new_until + last - first} @@"
    yield from (f" {line}" for line in before[first:start])
    yield from (f"-{line}" for line in before[start:old_until])
    yield from (f"+{line}" for line in after[start:new_until])
    yield from (f" {line}" for line in before[old_until : old_until + last])
