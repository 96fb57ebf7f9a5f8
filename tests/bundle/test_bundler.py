"""From requires to a script, with npm and esbuild for real: the registry is a local one, where it is not the world's."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from runtime.bundle import bundler as bundler_module
from runtime.bundle.base import (
    ModuleNotFound,
    ModuleRefused,
    ModulesTimeout,
    ModulesTooLarge,
    ModulesUnavailable,
    ModuleVersionNotFound,
    RegistryUnreachable,
)
from runtime.bundle.bundler import MOST_WAITING, Bundler, wanted_of
from runtime.bundle.bundles import Bundle
from runtime.bundle.specifiers import required
from runtime.bundle.store import Store
from runtime.errors import HookdError, Unavailable
from runtime.settings import BundleSettings
from tests.registry import GOOD, Registry
from tests.waiting import until

Bundling: TypeAlias = Callable[..., Any]


@pytest.fixture
def bundling(registry: Registry, tmp_path: Path, esbuild_at: Path) -> Bundling:
    """`bundling(**settings)`: a bundler of its own, which asks the local registry."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / esbuild_at.name).symlink_to(esbuild_at)

    def made(**settings: Any) -> Bundler:
        bundler = Bundler(BundleSettings(registry=registry.url, **settings), tmp_path)
        bundler._npm._config = {}  # asking npm for it takes half a second
        return bundler

    return made


async def bundle(
    bundler: Bundler, source: str, dependencies: Mapping[str, str] | None = None, owner: str = ""
) -> Bundle:
    found = dict(dependencies or {})
    return await bundler.bundle(required(source, found), found, owner=owner)


def found(made: Bundle) -> set[str]:
    return {f"{module.name}@{module.version}" for module in made.modules}


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "There is no room"), (errno.EACCES, "The log of the server")]
)
async def test_what_the_machine_refuses_is_told_to_its_operator(tmp_path, caplog, monkeypatch, number, says):
    """As what the service lacks, not the hook; and its places to nobody else."""

    def refused(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number), "/srv/place")

    monkeypatch.setattr(Store, "get", refused)
    with pytest.raises(ModulesUnavailable, match=f"The hook's modules can not be made here. {says}") as caught:
        await bundle(Bundler(BundleSettings(), tmp_path), "require('a')")
    assert caught.value.status == 503
    assert "/srv/place" not in caught.value.message
    (row,) = caplog.records
    assert (row.name, row.levelname) == ("hookd.bundle", "ERROR")
    assert os.strerror(number) in row.getMessage()
    assert "/srv/place" in row.getMessage()


async def test_a_bundle_has_what_is_required_and_what_that_depends_on(registry, bundling):
    """Nothing else of the dependencies is even asked for."""
    registry.add("@a/deep", "2.1.0")
    registry.add(
        "top",
        "1.2.3",
        {"index.js": "module.exports = require('@a/deep')", "b.js": ""},
        dependencies={"@a/deep": "^2.0"},
    )

    made = await bundle(bundling(), "require('top')", {"top": "1.x", "other": "1"})

    assert found(made) == {"top@1.2.3", "@a/deep@2.1.0"}
    assert "other" not in registry.asked
    assert "n*42" in made.script.code


async def test_two_versions_of_a_module_live_beside_each_other(registry, bundling):
    """Each under what the source calls it; and a module may be called as one of Node's own is."""
    registry.add("a", "1.0.0", {"index.js": "module.exports = 'one'"})
    registry.add("a", "2.0.0", {"index.js": "module.exports = 'two'", "lib/b.js": "module.exports = 'file'"})
    registry.add("buffer", "6.0.3", {"index.js": "module.exports = 'not of Node'"})

    made = await bundle(
        bundling(), "require('a'); require('a@2.0.0'); require('a@2.0.0/lib/b'); require('buffer@6')", {"a": "1.0.0"}
    )

    assert found(made) == {"a@1.0.0", "a@2.0.0", "buffer@6.0.3"}
    assert all(f'"{text}"' in made.script.code for text in ("one", "two", "file", "not of Node"))
    assert b"hookd-" not in made.script.places


async def test_what_was_made_once_needs_no_registry(registry, bundling):
    """Not for the same modules, not for another file of them, not for a range that was looked up today."""
    registry.add("a", "1.0.0", {**GOOD, "b.js": "exports.b = 1"})
    first = await bundle(bundling(), "require('a')", {"a": "^1.0.0"})
    registry.asked.clear()

    again = await bundle(bundling(), "require('a')", {"a": "^1.0.0"})
    other = await bundle(bundling(), "require('a/b')", {"a": "^1.0.0"})

    assert registry.asked == []
    assert again == first
    assert again.pack() == first.pack()
    assert (found(other), other.pack()[0] == first.pack()[0]) == ({"a@1.0.0"}, False)


async def test_a_copied_cache_deploys_where_there_is_no_registry(registry, bundling, tmp_path, tmp_path_factory):
    """Its `modules`, without what npm keeps: the same modules, and another file of them, a range in time too."""
    registry.add("a", "1.0.0", {**GOOD, "b.js": "exports.b = 1"})
    first = await bundle(bundling(), "require('a')", {"a": "^1.0.0"})
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(tmp_path / "modules", elsewhere / "modules", ignore=shutil.ignore_patterns("npm"))
    registry.hangs = True
    bundler = Bundler(BundleSettings(registry=registry.url, seconds=2), elsewhere)
    bundler._npm._config = {}

    assert (await bundle(bundler, "require('a')", {"a": "^1.0.0"})).pack() == first.pack()
    assert found(await bundle(bundler, "require('a/b')", {"a": "^1.0.0"})) == {"a@1.0.0"}


async def test_a_range_is_looked_up_again_after_a_day(registry, bundling, monkeypatch):
    """Unless there is no registry then: what was found stands. A version that is exact is never looked up again."""
    registry.add("a", "1.0.0")
    bundler = bundling()
    await bundler._locked({"a": "^1.0.0"})
    await bundler._locked({"a": "1.0.0"})
    registry.add("a", "1.1.0")
    monkeypatch.setattr(bundler_module, "RANGE_SECONDS", -1)

    newer = await bundler._locked({"a": "^1.0.0"})
    registry.asked.clear()
    exact = await bundler._locked({"a": "1.0.0"})
    asked = list(registry.asked)
    registry.hangs = True
    kept = await bundling(seconds=1)._locked({"a": "^1.0.0"})

    found = [json.loads(lock)["packages"]["node_modules/a"]["version"] for lock in (newer, exact, kept)]
    assert (found, asked) == (["1.1.0", "1.0.0", "1.1.0"], [])


async def test_what_the_disk_has_changed_is_made_again(registry, bundling, tmp_path):
    """An entry whose bytes are not those that were written is not used."""
    registry.add("a")
    first = await bundle(bundling(), "require('a@1.0.0')")
    for entry in (tmp_path / "modules/kept").iterdir():
        data = bytearray(entry.read_bytes())
        data[-1] ^= 1
        entry.write_bytes(data)
    registry.asked.clear()

    again = await bundle(bundling(), "require('a@1.0.0')")

    assert registry.asked != []
    assert again == first


async def test_nothing_of_a_module_runs(registry, bundling, tmp_path):
    """No install script, and no file is written where its archive says."""
    marker = tmp_path / "ran"
    scripts = dict.fromkeys(("preinstall", "install", "postinstall", "prepare"), f"/bin/sh -c 'echo > {marker}'")
    inside = {"index.js": f"require('fs').writeFileSync({str(marker)!r}, '')", "/package/../../../../../../ran": "x"}
    registry.add("bad", "1.0.0", inside, scripts=scripts, hasInstallScript=True)

    made = await bundle(bundling(), "require('bad@1.0.0')")

    assert found(made) == {"bad@1.0.0"}
    assert not marker.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["modules"]
    assert {path.name.split("-")[0] for path in (tmp_path / "modules").iterdir()} == {"esbuild", "kept", "npm"}


REFUSED: dict[str, tuple[dict[str, Any], type[HookdError], str]] = {
    "git": ({"dependencies": {"b": "git+https://example.com/b.git"}}, ModuleRefused, ""),
    "github": ({"dependencies": {"b": "someone/b"}}, ModuleRefused, ""),
    "file": ({"dependencies": {"b": "file:../../../../../../etc"}}, ModuleRefused, ""),
    "address": ({"dependencies": {"b": "http://192.0.2.1/b.tgz"}}, ModuleRefused, ""),
    "no integrity": ({"integrity": ""}, ModuleRefused, "integrity"),
    "wrong integrity": ({"integrity": "sha512-" + "A" * 86 + "=="}, ModuleRefused, "integrity"),
    "missing": ({"dependencies": {"nowhere": "1"}}, ModuleNotFound, "nowhere"),
    "version": ({"dependencies": {"there": "^9"}}, ModuleVersionNotFound, "there@^9"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_failure_names_the_module_and_the_reason(registry, bundling, case):
    """Whatever the registry has, the answer is an error that the author of the hook understands."""
    manifest, kind, text = REFUSED[case]
    registry.add("there")
    registry.add("a", **manifest)

    with pytest.raises(kind) as caught:
        await bundle(bundling(), "require('a@1.0.0')")

    assert text in caught.value.message
    assert "/tmp" not in caught.value.message


async def test_modules_have_limits(registry, bundling):
    """In number, on disk, joined; each is named by its error."""
    for name in "abc":
        registry.add(
            name,
            files={"index.js": f"module.exports = '{'x' * 50_000}'", "big.txt": os.urandom(900_000)},
            dependencies={"there": "1"},
        )
    registry.add("there")
    source = "require('a@1'); require('b@1'); require('c@1')"

    with pytest.raises(ModulesTooLarge, match="4 with all that they depend on; 3"):
        await bundle(bundling(packages=3), source)
    with pytest.raises(ModulesTooLarge, match="100,000 is the most"):
        await bundle(bundling(bytes=100_000), source)
    with pytest.raises(ModulesTooLarge, match="40 modules"):
        await bundle(bundling(), "".join(f"require('a@{n}');" for n in range(41)))


async def test_a_module_that_fills_the_disk_is_stopped(registry, bundling):
    """The folder is looked at while npm writes, and when it has written."""
    files = {f"{n}.txt": b"\0" * 1_000_000 for n in range(3)}
    registry.add("bomb", files={**GOOD, **files})

    with pytest.raises(ModulesTooLarge, match="on disk"):
        await bundle(bundling(installed_bytes=1 << 20), "require('bomb@1')")


BOMBS: dict[str, tuple[dict[str, Any], str]] = {
    "many files of nothing": ({"files": {**GOOD, **{f"{n}": "" for n in range(2_000)}}}, "on disk"),
    "folders in one another": ({"files": {**GOOD, "d/" * 1_010 + "x.js": ""}}, "folders in one another"),
    "a long licence": ({"license": "x" * 50_000}, "What the registry says"),
}


@pytest.mark.parametrize("case", BOMBS)
async def test_a_module_that_is_a_bomb_is_too_large(registry, bundling, tmp_path, case):
    """Whatever there is too much of; and nothing of it stays."""
    manifest, says = BOMBS[case]
    registry.add("bomb", **manifest)

    with pytest.raises(ModulesTooLarge, match=says):
        await bundle(bundling(installed_bytes=3 << 19, packages=3), "require('bomb@1')")
    assert not [path for path in (tmp_path / "modules").iterdir() if path.name.startswith("tmp")]


async def test_what_a_module_brings_along_may_say_nothing_of_itself(registry, bundling):
    """Its package.json is of no registry."""
    inside = {"node_modules/b/package.json": "{}", "node_modules/b/index.js": "module.exports = 'brought'"}
    files = {"index.js": "module.exports = require('b')", **inside}
    registry.add("a", files=files, dependencies={"b": "*"}, bundleDependencies=["b"])

    assert found(await bundle(bundling(), "require('a@1')")) == {"a@1.0.0", "b@"}


def test_no_module_takes_the_name_of_another():
    """Not one that is called as those are which get another name."""
    source = "require('hookd-2@1'); require('hookd-hookd-2@1'); require('a@1'); require('a@2'); require('a@3')"
    wanted = wanted_of(required(source, {}), {})

    assert len(set(wanted.entries.values())) == 5
    assert wanted.requirements["hookd-2"] == "1"
    assert wanted.requirements[wanted.entries["a@2"]] == "npm:a@2"


async def test_a_registry_that_is_slow_or_away_is_an_error(registry, bundling, tmp_path):
    """A slow one costs its time, and one that is away is no fault of the hook's."""
    registry.hangs = True
    with pytest.raises(ModulesTimeout):
        await bundle(bundling(seconds=1), "require('a@1')")
    with pytest.raises(RegistryUnreachable):
        await bundle(Bundler(BundleSettings(registry="http://127.0.0.1:2"), tmp_path), "require('a@1')")
    assert not [path for path in (tmp_path / "modules").iterdir() if path.name.startswith("tmp")]


@pytest.mark.parametrize(
    "version", ["http://192.0.2.1/a.tgz", "npm:b@1", "file:..", "../b", "me/b", "git+ssh://x", "workspace:*", "a.tgz"]
)
def test_a_hook_takes_versions_of_a_registry_only(version):
    """What npm would take for something else is refused before it sees it."""
    with pytest.raises(ModuleRefused, match="none of a registry"):
        wanted_of(required("require('a')", {"a": version}), {"a": version})


async def test_an_owner_has_so_many_in_turn(registry, bundling):
    """Who deploys without end waits for himself; others go on."""
    registry.hangs = True
    bundler = bundling(seconds=600)
    waiting = [asyncio.create_task(bundle(bundler, f"require('a@{n}')", owner="a")) for n in range(MOST_WAITING)]
    await until(lambda: registry.asked)

    with pytest.raises(Unavailable, match="at once"):
        await bundle(bundler, "require('b@1')", owner="a")
    registry.hangs = False
    registry.add("b")
    other = await bundle(bundler, "require('b@1')", owner="b")
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert found(other) == {"b@1.0.0"}
    assert not bundler._owners
