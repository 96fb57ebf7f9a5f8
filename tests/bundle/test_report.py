"""What is amiss with the modules of a hook that can be deployed."""

from __future__ import annotations

from dataclasses import replace

from runtime.bundle.report import warnings_of
from runtime.bundle.specifiers import required
from tests.bundle.test_bundles import BUNDLE


def test_the_author_learns_what_is_amiss():
    """Of the dependencies, of builtins that the sandbox lacks, of what no module is."""
    script = replace(BUNDLE.script, builtins=("crypto", "fs/promises", "net", "util/types"))
    bundle = replace(BUNDLE, script=script, missing=tuple("abcdefg"))
    dependencies = {"a": "1", "unused": "1"}

    assert warnings_of(dependencies, required("require('a')", dependencies), bundle) == [
        "The script does not require these dependencies, so they are not installed: unused.",
        'Its modules require what only Node has: fs/promises, net. What needs it throws when it is called; engine = "node" has it.',
        "Its modules require what is not installed: a, b, c, d, e and 2 more. Add it to the dependencies.",
    ]


def test_node_has_what_only_node_has():
    """A hook that runs in Node needs no warning of it."""
    bundle = replace(BUNDLE, missing=())

    assert "what only Node has: fs." in warnings_of({}, required("require('a@1')", {}), bundle)[0]
    assert warnings_of({}, required("require('a@1')", {}), bundle, is_node=True) == []


def test_nothing_is_amiss():
    """Then nothing is said."""
    bundle = replace(BUNDLE, script=replace(BUNDLE.script, builtins=("crypto",)), missing=())

    assert warnings_of({"a": "1"}, required("require('a')", {"a": "1"}), bundle) == []
