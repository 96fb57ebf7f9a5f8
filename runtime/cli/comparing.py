"""What differs between the JSON that was expected and the JSON that was found: place by place, for people. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_LINE: Final = 60
"""Characters of a list that is shown in one line."""

_WORD: Final = re.compile(r"[A-Za-z_$][\w$]*")


class Nothing:
    """Where one side has a member and the other has none."""

    def __repr__(self) -> str:
        return "(nothing)"


NOTHING: Final = Nothing()


@dataclass(frozen=True, slots=True)
class Difference:
    """A place, `decision.allow.scope`, and what either side has there: JSON, or `NOTHING`."""

    path: str
    expected: object
    found: object

    def document(self) -> dict[str, object]:
        """As JSON: a side that has nothing has no member."""
        sides = {"expected": self.expected, "found": self.found}
        return {"path": self.path, **{name: value for name, value in sides.items() if value is not NOTHING}}

    def lines(self) -> list[str]:
        """`- expected` and `+ found`, of lists line by line, with what both have between."""
        if _is_long(self.expected) and _is_long(self.found):
            return list(_by_line(_rows(self.expected), _rows(self.found)))
        return [f"- {_shown(self.expected)}", f"+ {_shown(self.found)}"]


def compare(expected: object, found: object, path: str = "") -> list[Difference]:
    """Every place in which they differ. JSON's own idea of what is the same: 1 is 1.0, true is not 1."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping) and not _are_strangers(expected, found):
        names = list(dict.fromkeys([*expected, *found]))
        pairs = [(member(path, name), expected.get(name, NOTHING), found.get(name, NOTHING)) for name in names]
        return [difference for place, one, other in pairs for difference in compare(one, other, place)]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found) and _is_deep(expected):
        elements = zip(expected, found, strict=True)
        return [
            difference
            for index, (one, other) in enumerate(elements)
            for difference in compare(one, other, f"{path}[{index}]")
        ]
    return [] if _is_same(expected, found) else [Difference(path, expected, found)]


def member(path: str, name: str) -> str:
    """The path of a member: `.name`, or `["https://..."]` where it is no word."""
    if _WORD.fullmatch(name):
        return f"{path}.{name}" if path else name
    return f"{path}[{json.dumps(name, ensure_ascii=False)}]"


def _are_strangers(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether they have nothing in common, as an allow and a deny: then each is told whole."""
    return bool(one and other) and not one.keys() & other.keys()


def _is_deep(values: Sequence[object]) -> bool:
    """Whether it has objects: then it is told which of them differs. A list of words is shown whole."""
    return any(isinstance(value, Mapping) for value in values)


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_is_same(one[name], other[name]) for name in one)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _is_long(value: object) -> bool:
    return "\n" in value if isinstance(value, str) else isinstance(value, list) and len(_shown(value)) > _LINE


def _rows(value: object) -> list[str]:
    return list(map(_shown, value)) if isinstance(value, list) else str(value).split("\n")


def _by_line(expected: list[str], found: list[str]) -> Iterator[str]:
    for row in difflib.ndiff(expected, found):
        if not row.startswith("?"):
            yield row.rstrip()


def _shown(value: object) -> str:
    return repr(NOTHING) if value is NOTHING else json.dumps(value, ensure_ascii=False)
