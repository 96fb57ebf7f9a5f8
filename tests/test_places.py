"""Places in joined code, as lines of the files that it was made of."""

from __future__ import annotations

import pytest

from runtime.places import Places, pack

TABLE = pack(["", "node_modules/a/index.js", "node_modules/b/é.js"], [0, 0, 0, 1, 0, 10, 1, 5, 0, 20, 2, 7, 3, 4, 1, 9])
STACKS = {
    # the user's own lines, up to 2, stay
    "Error: no\n    at f (hook.js:2:90)\n": "Error: no\n    at f (hook.js:2:90)\n",
    # between the begin of a row and that of the next one
    "    at f (hook.js:3:11)": "    at f (node_modules/a/index.js:5)",
    "    at f (hook.js:3:20)": "    at f (node_modules/a/index.js:5)",
    "    at hook.js:3:21": "    at node_modules/b/é.js:7",
    "    at f (hook.js:900:1)": "    at f (node_modules/a/index.js:9)",
    # what joins the modules is nobody's
    "Error: no\n    at __require (hook.js:3:5)\n    at f (hook.js:3:11)\n": "Error: no\n    at f (node_modules/a/index.js:5)\n",
    # in a message
    "hook.js:3:5 is not a place": "hook.js:3:5 is not a place",
    "no frame": "no frame",
    "hook.js:99999999999:1": "hook.js:99999999999:1",
}


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_names_files_and_lines(stack):
    """Lines of the user's own source stay as they are."""
    assert Places(TABLE, 2).named(stack) == STACKS[stack]


def test_before_the_first_row_is_nowhere():
    """A frame of which nothing is known goes."""
    assert Places(pack(["a"], [5, 0, 0, 1]), 0).named("    at f (hook.js:1:1)") == ""
