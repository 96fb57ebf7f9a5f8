"""What differs, where, and how it is shown."""

from __future__ import annotations

import pytest

from runtime.cli.comparing import NOTHING, Difference, compare

ALLOW = {"allow": {"scope": ["a"], "claims": {"https://a/b": 1}}}
DENY = {"deny": {"error": "access_denied", "description": "no"}}
LONG = [["info", "one line of many"], ["warn", "another of them"], ["info", "and the last of all"]]


@pytest.mark.parametrize(
    "expected, found, differing",
    [
        (ALLOW, {"allow": {"claims": {"https://a/b": 1.0}, "scope": ["a"]}}, []),
        ({"a": []}, {"a": []}, []),
        (1, True, [("", 1, True)]),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({"a": {"b": 1, "c": 1}}, {"a": {"b": 1}}, [("a.c", 1, NOTHING)]),
        ({"a": 1}, {"a": 1, "https://a/b": 1}, [('["https://a/b"]', NOTHING, 1)]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, [("a", ["x", "y"], ["y", "x"])]),
        ({"a": [{"x": 1}, {"y": 1}]}, {"a": [{"x": 1}, {"y": 2}]}, [("a[1].y", 1, 2)]),
        ({"a": [{"x": 1}]}, {"a": []}, [("a", [{"x": 1}], [])]),
        (ALLOW, DENY, [("", ALLOW, DENY)]),
        ({"a": {}}, {"a": {"b": 1}}, [("a.b", NOTHING, 1)]),
    ],
)
def test_every_difference_has_its_place(expected: object, found: object, differing: list[tuple[object, ...]]):
    """Numbers are JSON's; what has nothing in common is told whole, and so is a list of words."""
    assert [Difference(*row) for row in differing] == compare(expected, found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "expected, found, lines",
    [
        (["a"], NOTHING, ['- ["a"]', "+ (nothing)"]),
        ("é", "e", ['- "é"', '+ "e"']),
        (LONG, [LONG[0], LONG[2]], ['  ["info", "one line of many"]', '- ["warn", "another of them"]', '  ["info", "and the last of all"]']),
        ("one\ntwo", "one\n2", ["  one", "- two", "+ 2"]),
    ],
)  # fmt: skip
def test_a_difference_is_shown(expected: object, found: object, lines: list[str]):
    """What was expected and what was found; of long lists the lines that differ."""
    assert lines == Difference("a", expected, found).lines()


def test_a_difference_is_json():
    """A side that has nothing has no member: null is something."""
    assert Difference("a", None, NOTHING).document() == {"path": "a", "expected": None}
    assert Difference("a", NOTHING, 1).document() == {"path": "a", "found": 1}
