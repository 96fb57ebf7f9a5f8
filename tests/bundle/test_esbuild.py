"""What comes of the files of modules, once they are there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from runtime.bundle import esbuild
from runtime.bundle.base import ModuleBroken, ModuleIsNative, ModulesTooLarge, ModulesUnavailable
from runtime.bundle.bundles import Bundle
from runtime.bundle.esbuild import Esbuild, bundle_of
from runtime.bundle.npm import Npm
from runtime.bundle.process import Ended, find_node
from runtime.bundle.walls import has_walls
from runtime.errors import HookdError
from runtime.places import Places
from tests.registry import Registry

Joining: TypeAlias = Callable[..., Any]


@pytest.fixture
def joining(tmp_path: Path, esbuild_at: Path) -> Joining:
    """`joining(files, most=...)`: what comes of these files of the module a."""
    node = find_node()
    made = Esbuild(node, Npm(node, os.environ, registry="", cache=tmp_path), os.environ, esbuild_at.parent)

    async def join(files: Mapping[str, str | bytes], most: int = 1 << 20) -> Bundle:
        rows = {"node_modules/a": {"version": "1.0.0"}, "node_modules/b": {"version": "2.0.0", "name": "@own/name"}}
        for path, content in files.items():
            file = tmp_path / "work/node_modules" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        lock = json.dumps({"packages": rows})
        return await made.join({"a": "a"}, lock, {"b": "@own/name"}, tmp_path / "work", seconds=30, most=most)

    return join


async def test_a_module_learns_nothing_of_other_files(joining: Joining, tmp_path: Path):
    """esbuild goes through folders for a name that is made up when it runs: only through the modules' own."""
    (tmp_path / "secret-1.js").write_text("module.exports = 'read'")
    files: dict[str, str | bytes] = {
        "a/index.js": "exports.own = (x) => require('./lib/' + x + '.js'); exports.other = (x) => require('../../../secret-' + x + '.js')",
        "a/lib/b.js": "module.exports = 'of b'",
    }
    if not has_walls():
        with pytest.raises(ModuleBroken, match="outside of the installed modules"):
            await joining(files)
        return

    made = await joining(files)

    assert "of b" in made.script.code
    assert "secret-1" not in made.script.code


async def test_a_module_may_bring_others_along(joining: Joining):
    """In folders that npm knows nothing of: they are its own bytes."""
    made = await joining(
        {
            "a/index.js": "module.exports = [require('c'), require('./lib/node_modules/d/e')]",
            "a/node_modules/c/index.js": "module.exports = 'of c'",
            "a/lib/node_modules/d/e.js": "module.exports = 'of d'",
        }
    )

    assert [(module.name, module.version) for module in made.modules] == [("a", "1.0.0")]
    assert made.modules[0].bytes > len("of c of d")
    assert all(text in made.script.code for text in ("of c", "of d"))


BROKEN: dict[str, tuple[dict[str, str | bytes], type[HookdError], str]] = {
    "gyp": ({"a/index.js": "", "a/binding.gyp": "{}"}, ModuleIsNative, "'a@1.0.0' is machine code"),
    "addon": (
        {"a/index.js": "require('./a.node')", "a/a.node": b"\x7fELF"},
        ModuleIsNative,
        "it loads node_modules/a/a.node",
    ),
    "loader": ({"a/index.js": "require('node-gyp-build')(__dirname)"}, ModuleIsNative, "it requires node-gyp-build"),
    "syntax": ({"a/index.js": "let a = ;"}, ModuleBroken, "(node_modules/a/index.js:1)"),
    "kind": ({"a/index.js": "require('./a.html')", "a/a.html": ""}, ModuleBroken, "A file .html is no JavaScript"),
    "main": (
        {"a/package.json": '{"main": "../../request.json"}'},
        ModuleBroken,
        "'a', and the module has no such file",
    ),
    "nothing": ({"a/other.js": ""}, ModuleBroken, "requires 'a', and the module has no such file"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_module_that_can_not_be_joined_is_named(joining, case):
    """With the reason; and no file is read that lies outside of the modules."""
    files, kind, text = BROKEN[case]

    with pytest.raises(kind) as caught:
        await joining(files)

    assert text in caught.value.message


@pytest.mark.parametrize(
    "said, kind",
    [
        ("runtime: goroutine stack exceeds 1000000000-byte limit\nfatal error: stack overflow", ModuleBroken),
        ("fatal error: runtime: out of memory", ModuleBroken),
        ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", ModuleBroken),
        ("Error: EIO: i/o error", ModulesUnavailable),
        ("", ModulesUnavailable),
    ],
)
async def test_a_module_that_no_memory_is_enough_for_is_broken(joining, monkeypatch, said, kind):
    """As two million opening brackets are: that is the module's fault, not the server's."""

    async def ended(*_: Any, **__: Any) -> Ended:
        return Ended(2, "", said)

    monkeypatch.setattr(esbuild, "run", ended)

    with pytest.raises(kind):
        await joining({"a/index.js": ""})


async def test_a_registry_without_esbuild_is_the_servers_lack(registry: Registry, tmp_path: Path):
    """Whoever deploys a hook has asked for none."""
    node = find_node()
    npm = Npm(node, os.environ, registry=registry.url, cache=tmp_path / "npm")
    npm._config = {}
    with pytest.raises(ModulesUnavailable, match="esbuild, which joins modules") as caught:
        await Esbuild(node, npm, os.environ, tmp_path).obtained(tmp_path)

    assert caught.value.status == 503
    assert "esbuild@" in caught.value.debug


OUTSIDE = ["../../request.json", "/etc/ld.so.conf", "b/../../../request.json", "above"]


async def test_nothing_is_read_outside_of_the_modules(joining, tmp_path):
    """Wherever a module points, and whatever lies in folders above."""
    (tmp_path / "node_modules/above").mkdir(parents=True)
    (tmp_path / "node_modules/above/index.js").write_text("module.exports = 'secret'")
    made = await joining({"a/index.js": "".join(f"exports.x = () => require('{path}');\n" for path in OUTSIDE)})

    assert made.missing == tuple(sorted(OUTSIDE))
    assert "secret" not in made.script.code


async def test_a_link_leads_nowhere(joining, tmp_path):
    """npm makes none; what came another way is not followed out of the modules."""
    (tmp_path / "secret.js").write_text("module.exports = 'secret'")
    (tmp_path / "work/node_modules/a").mkdir(parents=True)
    (tmp_path / "work/node_modules/a/index.js").symlink_to(tmp_path / "secret.js")

    with pytest.raises(ModuleBroken, match="no such file"):
        await joining({})


async def test_what_is_only_required_is_left_to_the_sandbox(joining):
    """Builtins, and what no package has: many modules have such requires and never come to them."""
    made = await joining({"a/index.js": "exports.f = () => [require('fs'), require('node:os'), require('gone/x')]"})

    assert made.script.builtins == ("fs", "os")
    assert made.missing == ("gone/x",)
    assert (made.modules[0].builtins, made.modules[0].missing) == (("fs", "os"), ("gone/x",))


CAN_DO_WITHOUT = {
    "in a try": "try { exports.x = require('gone').y; } catch (e) { exports.x = e; }",
    "in a try, later": "let x; try {\n  const a = 1;\n  x = require(`gone`);\n} catch {}",
    "said to be optional": "exports.x = () => require('optional/deep');",
    "a peer that need not be there": "exports.x = () => require('@a/peer');",
}


@pytest.mark.parametrize("case", CAN_DO_WITHOUT)
async def test_what_a_module_can_do_without_is_not_missing(joining, case):
    """By its package.json, or because it tries. It is noted as what it requires."""
    package = {"optionalDependencies": {"optional": "1"}, "peerDependenciesMeta": {"@a/peer": {"optional": True}}}
    made = await joining({"a/index.js": CAN_DO_WITHOUT[case], "a/package.json": json.dumps(package)})

    assert made.missing == ()
    assert len(made.modules[0].missing) == 1


async def test_what_one_can_do_without_another_may_need(joining):
    """Then it is missing."""
    files = {
        "a/index.js": "require('b'); try { require('gone') } catch {}",
        "b/index.js": "exports.x = () => require('gone')",
    }

    assert (await joining(files)).missing == ("gone",)


@pytest.mark.parametrize("name", ["constructor", "__proto__", "hasOwnProperty", "node:toString"])
async def test_a_name_may_be_one_that_objects_have(joining, name):
    """It is missing as any other."""
    made = await joining({"a/index.js": f"exports.x = () => require('{name}'); try {{ require('{name}') }} catch {{}}"})

    builtins, missing = made.modules[0].builtins, made.modules[0].missing
    assert (builtins, missing) == ((name[5:],), ()) if name.startswith("node:") else ((), (name,))


async def test_what_is_required_and_not_there_has_a_bound(joining):
    """All these names would be kept with the hook."""
    names = (f"'{n}{'x' * 10_000}'" for n in range(60))

    with pytest.raises(ModulesTooLarge, match="require more"):
        await joining({"a/index.js": "".join(f"exports.x = () => require({name});" for name in names)})


@pytest.mark.parametrize("row", [{}, {"version": None, "name": ""}, {"version": {"a": 1}, "name": ["b"]}])
def test_who_says_nothing_of_itself_has_a_name(row: dict[str, Any]):
    """A module that another brings along: no registry has looked at its package.json."""
    lock = json.dumps({"packages": {"node_modules/a": {"version": "1.0.0"}, "node_modules/a/node_modules/b": row}})
    answer = {"native": {}, "missing": {}, "builtins": {}, "optional": {}, "sources": [], "places": [], "code": "1"}
    made = bundle_of({**answer, "sizes": {"node_modules/a/node_modules/b": 1}}, lock, {}, 10)
    broken = {"errors": [], "native": {"node_modules/a/node_modules/b": "it has a binding.gyp"}}

    assert [(module.name, module.version) for module in made.modules] == [("b", "")]
    with pytest.raises(ModuleIsNative, match="'b@'"):
        bundle_of(broken, lock, {}, 10)


async def test_each_place_has_a_line_of_a_file(joining):
    """Of the module's own file, under the module's own name; a map that came with it is not believed."""
    made = await joining(
        {
            "a/index.js": "exports.b = require('b');\n//# sourceMappingURL=/etc/passwd",
            "b/index.js": "// comment\n\nexports.find =\n  () => 'here';\n",
        }
    )
    line, column = made.script.code[: made.script.code.index("here")].count("\n"), made.script.code.index("here")
    frame = f"    at f (hook.js:{line + 3}:{column + 1})"

    assert Places(made.script.places, 2).named(frame) == "    at f (node_modules/@own/name/index.js:4)"
    assert [(module.name, module.version) for module in made.modules] == [("@own/name", "2.0.0"), ("a", "1.0.0")]


async def test_a_script_has_a_size(joining):
    """It is evaluated in every deploy, and stays in memory."""
    with pytest.raises(ModulesTooLarge, match="1,000 is the most"):
        await joining({"a/index.js": f"module.exports = '{'x' * 1_000}'"}, most=1_000)
