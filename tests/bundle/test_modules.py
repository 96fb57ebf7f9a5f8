"""Modules of the world's registry, in hooks: required in every way, and their errors where they are."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from runtime.bundle.bundler import Bundler
from runtime.bundle.source import SourceImages
from runtime.manifest import make_version
from runtime.model import Answer, Failure
from runtime.sandbox.base import Run, SourceRejected
from runtime.sandbox.pool import WasmSandbox
from runtime.settings import BundleSettings, LimitSettings
from tests.bundle.conftest import TRIGGER, opened
from tests.registry import Registry

RunModules = Callable[..., Awaitable[Run]]


@pytest.fixture
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    """On the event loop that the registry is on."""
    async with opened(engine_cache) as sandbox:
        yield sandbox


@pytest.fixture
def images(sandbox: WasmSandbox) -> SourceImages:
    return SourceImages(sandbox)


@pytest.fixture
def run_modules(sandbox: WasmSandbox, module_cache: Path) -> RunModules:
    """`run_modules(source, dependencies, registry="")`: resolve, evaluate, run once."""

    async def run(source: str, dependencies: dict[str, str] | None = None, *, registry: str = "") -> Run:
        bundler = Bundler(BundleSettings(registry=registry), module_cache)
        if registry:
            bundler._npm._config = {}  # asking npm for it takes half a second
        images = SourceImages(sandbox, bundler)
        found = await images.resolve(make_version(TRIGGER, source, dependencies or {}))
        program = sandbox.load(await images.image_of(found.version))
        return await sandbox.run(program, b"[]", LimitSettings().limits())

    return run


EVERY_WAY = """
const _ = require('lodash@4.17.21'), ms = require("ms"), get = require('lodash@4.17.21/get');
const { DOMParser } = require('@xmldom/xmldom@0.8.10');
module.exports = (cb) => cb(null, [
  _.chunk([1, 2, 3], 2),
  ms('2 days'),
  get({ a: [1] }, 'a[0]'),
  new DOMParser().parseFromString('<a b="c"/>', 'text/xml').documentElement.getAttribute('b'),
  require('semver').gt('1.2.3', '1.2.0'),
  ['ms', 'semver'].map(require).map((module) => typeof module),
]);
"""
IN_TYPESCRIPT = """
import plain from 'is-plain-obj';
import ms, { StringValue } from 'ms';
export default async (): Promise<unknown[]> => [plain({}), plain(new Date()), ms('1h' as StringValue)];
"""


async def test_a_hook_has_its_modules(run_modules):
    """However it requires them: with a version, as a dependency, a file, a scope, inside of a function, by a made name."""
    run = await run_modules(EVERY_WAY, {"ms": "^2.1.0", "semver": "7.6.3"})

    assert run.outcome == Answer([[[1, 2], [3]], 172_800_000, 1, "c", True, ["function", "object"]])


async def test_typescript_imports_them(run_modules):
    """Modules that are ESM too."""
    run = await run_modules(IN_TYPESCRIPT, {"ms": "2.1.3", "is-plain-obj": "4.1.0"})

    assert run.outcome == Answer([True, False, 3_600_000])


LOCAL = {
    "index.js": "// a comment\nexports.fail = () => {\n  throw new Error('no');\n};\nexports.print = () => console.log(new Error('printed'));\n"
}


async def test_an_error_is_where_it_is(registry: Registry, run_modules):
    """In the hook's own lines as if there were no modules, in a module's by its name."""
    registry.add("a", files=LOCAL)
    source = "const a = require('a@1.0.0');\n\nmodule.exports = (cb) => {\n  a.print();\n  a.fail();\n};"
    run = await run_modules(source, registry=registry.url)

    assert isinstance(run.outcome, Failure)
    assert run.outcome.stack.splitlines()[1:3] == [
        "    at <anonymous> (node_modules/a/index.js:3)",
        "    at <anonymous> (hook.js:5:5)",
    ]
    assert "node_modules/a/index.js:5" in run.console[0].text
    assert "hook.js:4:" in run.console[0].text


async def test_an_error_at_load_names_the_hooks_own_line(registry: Registry, run_modules):
    """The line that required the module, or called it."""
    registry.add("a", files=LOCAL)
    with pytest.raises(SourceRejected) as caught:
        await run_modules("\n\nrequire('a@1.0.0').fail();", registry=registry.url)

    assert (caught.value.message, caught.value.line) == ("Error: no (in node_modules/a/index.js:3)", 3)
    assert "node_modules/a/index.js:3" in caught.value.stack


SYNTAX = [
    "let x = ;",
    "\nhello world",
    "module.exports = function (cb) {",
    "module.exports = function () {}}",
    "let a = '",
    "let x: number = ;",
]


async def test_a_wrong_syntax_is_the_hooks_own(registry: Registry, run_modules, images):
    """The same message and place as without modules."""
    registry.add("a", files=LOCAL)
    for wrong in SYNTAX:
        source = f"'a';\n{wrong}"
        with pytest.raises(SourceRejected) as plain:
            await images.image_of(make_version(TRIGGER, source, {}))
        with pytest.raises(SourceRejected) as caught:
            await run_modules(source, {"a": "1.0.0"}, registry=registry.url)

        seen = (caught.value.message, caught.value.line, caught.value.column)
        assert seen == (plain.value.message, plain.value.line, plain.value.column)


NEEDS_NODE = """
const fs = require('fs'), { Socket } = require('net'), tls = require('node:tls');
class Own extends Socket {}
const read = fs.readFile.bind(fs);
try { exports.tried = require('gone'); } catch (error) { exports.code = error.code; }
exports.types = [typeof fs.promises.readFile, typeof Own, fs === require('fs'), fs.then, Object.keys(tls).length];
exports.use = { read: () => read('x'), own: () => new Own(), tls: () => tls.connect() };
"""


async def test_what_only_node_has_breaks_who_uses_it(registry: Registry, run_modules):
    """Not who requires it: most modules never come to use it."""
    registry.add("a", files={"index.js": NEEDS_NODE})
    say = "module.exports = cb => { const a = require('a'); const said = {}; for (const k in a.use) try { a.use[k](); } catch (e) { said[k] = e.message; } cb(null, [a.types, a.code, said]); };"
    run = await run_modules(say, {"a": "1.0.0"}, registry=registry.url)

    assert isinstance(run.outcome, Answer), run.outcome
    types, code, said = json.loads(json.dumps(run.outcome.value))
    assert types == ["function", "function", True, None, 0]
    assert code == "MODULE_NOT_FOUND"
    assert [text.split(" is not")[0] for text in said.values()] == ["fs.readFile", "net.Socket", "tls.connect"]
    assert all('engine = "node"' in text for text in said.values())


async def test_a_module_is_loaded_once_and_not_in_every_request(registry: Registry, run_modules):
    """Also where the hook requires it inside of its function, as webtasks did; if it breaks then, who requires it is told."""
    registry.add("a", files={"index.js": "let n = 0; for (let i = 0; i < 2e6; i++) n += i; module.exports = n"})
    registry.add("b", files={"index.js": "throw new Error('b is broken')"})
    say = "module.exports = cb => { try { require('b@1') } catch (e) { cb(null, [e.message, require('a@1')]) } }"
    run = await run_modules(say, registry=registry.url)

    assert run.outcome == Answer(["b is broken", 1999999000000])
    assert run.cpu_ms < 50


async def test_a_module_finds_what_a_hook_would(registry: Registry, run_modules):
    """Globals that come with the hooks that name them; and Node's library, of which the hook itself names nothing."""
    registry.add(
        "a", files={"index.js": "module.exports = [typeof fetch, typeof Headers, typeof require('events').once]"}
    )
    run = await run_modules("module.exports = cb => cb(null, require('a@1'))", registry=registry.url)

    assert run.outcome == Answer(["function", "function", "function"])


async def test_no_module_reaches_another_hook(registry: Registry, run_modules):
    """What one changes in a builtin of the language is gone with its sandbox."""
    registry.add("a", files={"index.js": "Array.prototype.map = () => 'changed'"})
    changed = await run_modules(
        "require('a@1'); module.exports = cb => cb(null, [1].map(n => n))", registry=registry.url
    )
    other = await run_modules("module.exports = cb => cb(null, [1].map(n => n))")

    assert [changed.outcome, other.outcome] == [Answer("changed"), Answer([1])]
