"""The published table of what there is of Node's modules is what there is."""

from __future__ import annotations

from tests.guest import coverage


async def test_the_table_is_up_to_date():
    """Every module that the README names, name by name."""
    assert await coverage.rendered() == coverage.README.read_text(), "run: python -m tests.guest.coverage"


def test_a_row_says_what_is_missing():
    """And a module that is not there at all has one word for it."""
    theirs = {module: ["a", "b"] for module in coverage.MODULES}
    ours = {module: ["a", "c"] for module in coverage.MODULES} | {"zlib": []}
    rows = coverage.table(theirs, ours).splitlines()

    assert rows[2] == "| `assert` | 1 of 2 (50 %) | `b` |"
    assert "| `zlib` | 0 of 2 (0 %) | the module |" in rows
