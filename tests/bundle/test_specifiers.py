"""Which modules a source requires, as far as its text says."""

from __future__ import annotations

import re
import subprocess
import time

import pytest

from runtime.bundle.specifiers import BUILTINS, Specifier, is_range, parse, required
from tests.installed import NODE

SOURCE = """
// require('comment@1')
/* require("comment@2") */
const _ = require('lodash@4.17.19/get'), u = require( "uuid" ), v = require(`ms`), { z } = await import('@x/y@^1.0');
import q from '@s/p@1.2/sub/x'; const mail = 'joe@example.com', r = /['"]/; const c = require('same line as a quote@3');
['d', 'e'].map(require);
const t = `${ 1 }
require('inside@1')`; require('crypto'); require('./path@1'); require('node:fs'); require('lodash@4.17.19/get');
"""


def test_what_a_source_requires():
    """With a version; or in the dependencies, then in any string. Each once."""
    dependencies = {"uuid": "8", "ms": "2", "d": "1", "unused": "1", "crypto": "1"}
    texts = [specifier.text for specifier in required(SOURCE, dependencies)]

    assert texts == ["lodash@4.17.19/get", "uuid", "ms", "@x/y@^1.0", "@s/p@1.2/sub/x", "d", "inside@1"]


SPECIFIERS = {
    "a": Specifier(text="a", name="a"),
    "a/b/c.js": Specifier(text="a/b/c.js", name="a", path="/b/c.js"),
    "a@^1.0": Specifier(text="a@^1.0", name="a", version="^1.0"),
    "@s/a@1/b": Specifier(text="@s/a@1/b", name="@s/a", version="1", path="/b"),
    "@s/a": Specifier(text="@s/a", name="@s/a"),
    "JSONStream": Specifier(text="JSONStream", name="JSONStream"),
    **dict.fromkeys(
        ("./a", "../a", "/a", "@s", "node:fs", "a b", "", "a//b", "a/", "https://x/y", "__proto__", "a" * 300)
    ),
}


@pytest.mark.parametrize("text", SPECIFIERS)
def test_what_a_specifier_says(text):
    """Name, version and path; None for what is no module's."""
    assert parse(text) == SPECIFIERS[text]


@pytest.mark.parametrize(
    "version", ["1.2.3", "^1.2", "~1", "1.x", "*", "", ">=1 <2 || 3", "latest", "1.0.0-beta.1+x", "1 - 2"]
)
def test_a_range_is_one_of_npms(version):
    """Versions, ranges and tags."""
    assert is_range(version)


@pytest.mark.parametrize(
    "version",
    [
        "file:../x",
        "./x",
        "../x",
        "~/x",
        "/x",
        "npm:a@1",
        "git+ssh://x",
        "user/repo",
        "a.tgz",
        "x.TAR.GZ",
        "C:\\x",
        "1\n",
        "1" * 65,
    ],
)
def test_what_is_no_range(version):
    """What npm would fetch from elsewhere."""
    assert not is_range(version)


@pytest.mark.parametrize(
    "text", ["require('", "'", "/*", "require (\t", "import ", "from", "@", "'a/", "'\\", "`", "'@a/", '"\\\\']
)
def test_no_source_takes_long_to_look_at(text):
    """Each character is gone over once, or a few times."""
    source, began = (text * 102_400)[:102_400], time.process_time()
    required(source, {"a": "1"})

    assert time.process_time() - began < 5


def test_builtins_are_nodes():
    """All of them, by Node's own list; newer Nodes have some more."""
    names = re.findall(
        r"[\w/]+", subprocess.check_output([NODE, "-p", "require('module').builtinModules.join(' ')"], text=True)
    )

    assert {name for name in names if "/" not in name and not name.startswith("_")} - {"wasi"} <= BUILTINS
