"""The catalogue of hostile hooks has every class of attacks, each well filled, and its README says so."""

from __future__ import annotations

import re
from collections import Counter

from tests.sandbox.hostile.classes import CLASSES, README, catalogued, otherwise, rendered

ROWS = catalogued()


def test_every_class_has_its_attacks():
    """No row is of a class that nobody knows, and no class has fewer than it says."""
    counted = Counter(row.kind for row in ROWS.values())

    assert set(counted) == {each.name for each in CLASSES}
    assert [each.name for each in CLASSES if counted[each.name] < each.least] == []
    assert min(each.least for each in CLASSES) > 1
    assert len(ROWS) > 100


def test_the_readers_table_is_up_to_date():
    """README.md beside the rows is what they say."""
    expected = rendered(ROWS, otherwise())

    assert expected == README.read_text("utf-8"), "run: make attacks"
    assert [link for link in re.findall(r"\]\(([^)\s]+)\)", expected) if not (README.parent / link).exists()] == []
