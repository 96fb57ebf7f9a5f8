"""How the compiler's modules become one script."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from runtime.model import Answer
from runtime.sandbox.artefact import ARTIFACT
from runtime.sandbox.pool import open_sandbox
from runtime.settings import LimitSettings, SandboxSettings
from tests.guest.test_build import build

typescript: Any = build.beside("typescript")

MODULES = {
    "a/index.js": "const b = require('../b'); // as in require('./nothing')\nexports.a = () => b.b();",
    "b.js": "const a = require('./a');\nexports.b = () => typeof a.a;",
    "unused.js": "throw 1;",
    "transformers/FlowTransformer.js": "throw 2;",
}


def packed(files: dict[str, str]) -> bytes:
    """A package as npm publishes one."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return whole.getvalue()


def test_only_the_modules_of_commonjs_are_taken():
    """Paths are relative to dist/."""
    files = {"dist/a/b.js": "1", "dist/esm/a/b.js": "2", "dist/a.d.ts": "3", "bin/c.js": "4", "package.json": "{}"}

    with tarfile.open(fileobj=io.BytesIO(packed(files))) as archive:
        assert typescript.published(archive) == {"a/b.js": "1"}


async def test_modules_that_need_each_other_are_one_script(engine_cache):
    """Each of them once, those that are left out are empty, and what nobody requires is not there."""
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=1))
    entry = "const { a } = require('./a/index');\nconst flow = require('./transformers/FlowTransformer');\n"
    script = typescript.join(MODULES, entry + "module.exports = (cb) => cb(null, [a(), Object.keys(flow).length]);")
    program = sandbox.load(await sandbox.make_image(script))
    run = await sandbox.run(program, b"[]", LimitSettings().limits())
    await sandbox.close()

    assert run.outcome == Answer(["function", 0])
    assert script.count("modules['b.js'] =") == 1
    assert "unused.js" not in script


def test_a_module_that_is_missing_is_not_resolved():
    """Like Node: the file, with .js, with /index.js; else nothing."""
    assert typescript.resolved("b.js", "./a", MODULES) == "a/index.js"
    assert typescript.resolved("a/index.js", "../b", MODULES) == "b.js"
    assert typescript.resolved("a/index.js", "./b", MODULES) is None


def test_another_content_under_the_same_version_stops_the_build(tmp_path: Path):
    """A registry that answers anything else than was pinned."""
    (tmp_path / "sucrase-0.tgz").write_bytes(packed({}))

    with pytest.raises(SystemExit, match="has another content"):
        typescript.build(tmp_path)


def test_the_artefact_is_made_of_the_entry_that_is_here():
    """The end of the script, with its requires led to the modules."""
    script = (ARTIFACT / "typescript.js").read_text()
    entry = (build.GUEST / typescript.ENTRY).read_text()

    assert script.splitlines()[-30:] == entry.splitlines()[-30:]
    assert "require('./" not in script
