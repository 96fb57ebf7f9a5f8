"""What is amiss with the modules of a hook that can be deployed."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest

from runtime.bundle import specifiers
from runtime.bundle.base import Module
from runtime.bundle.process import find_node
from runtime.bundle.report import BUILTINS, warnings_of
from runtime.bundle.specifiers import required
from runtime.sandbox.pool import WasmSandbox
from tests.bundle.test_bundles import BUNDLE
from tests.sandbox.running import answer


def module(name: str, *builtins: str, missing: tuple[str, ...] = ()) -> Module:
    return Module(name=name, version="1.0.0", bytes=1, builtins=builtins, missing=missing)


def test_the_author_learns_what_is_amiss():
    """Of the dependencies, of builtins that the sandbox lacks, of what no module is; and who needs it."""
    modules = (
        module("a", "crypto", "fs/promises", "net", "util/types"),
        module("below", "tls", missing=("can", "d", "e")),
        module("other", missing=("d",)),
    )
    bundle = replace(BUNDLE, modules=modules, missing=("d", "e"))
    dependencies = {"a": "1", "unused": "1"}

    assert warnings_of(dependencies, required("require('a')", dependencies), bundle) == [
        "The script does not require these dependencies, so they are not installed: unused.",
        "below requires d, which is not installed, and fails where it needs it: add it to the dependencies.",
        "below requires e, which is not installed, and fails where it needs it: add it to the dependencies.",
        'a can not do here what needs Node\'s fs/promises, net; a hook with engine = "node" can.',
    ]


def test_node_has_what_only_node_has():
    """A hook that runs in Node needs no warning of it."""
    bundle = replace(BUNDLE, modules=(module("a", "fs"),), missing=())
    wanted = required("require('a@1')", {})

    assert "what needs Node's fs;" in warnings_of({}, wanted, bundle)[0]
    assert warnings_of({}, wanted, bundle, is_node=True) == []


def test_what_nobody_has_to_decide_about_is_no_warning():
    """What the guest has; what a module can do without; what modules below would need for what no hook does with them."""
    modules = (module("a", "crypto", "tty", missing=("supports-color",)), module("below", "fs", "net"))
    bundle = replace(BUNDLE, modules=modules, missing=())

    assert warnings_of({"a": "1"}, required("require('a')", {"a": "1"}), bundle) == []


def test_a_bundle_of_an_earlier_release_has_its_warnings():
    """It does not say who."""
    bundle = replace(BUNDLE, modules=(Module(name="a", version="1.0.0", bytes=20),))

    assert warnings_of({}, required("require('a@1')", {}), bundle) == [
        "A module requires b, which is not installed, and fails where it needs it: add it to the dependencies."
    ]


@pytest.fixture(scope="module")
def builtins() -> set[str]:
    """All that Node has, and whatever we know."""
    node = [str(find_node().node), "-p", "JSON.stringify(require('module').builtinModules)"]
    return {*json.loads(subprocess.check_output(node)), *BUILTINS, *specifiers.BUILTINS}


@pytest.mark.parametrize("prefix", ["", "node:"])
@pytest.mark.asyncio(loop_scope="module")
async def test_the_guest_has_these_modules_and_no_others(sandbox: WasmSandbox, builtins: set[str], prefix: str):
    """Asked of the guest itself."""
    source = """module.exports = (names, cb) => cb(null, names.filter((name) => {
      try { require(name); return true; } catch (error) { if (error.code !== 'MODULE_NOT_FOUND') throw error; return false; }
    }));"""
    found = await answer(sandbox, source, [prefix + name for name in sorted(builtins)])

    assert {name.removeprefix("node:") for name in found} == BUILTINS
