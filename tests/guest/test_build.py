"""The guest's build: what it says of its artefact holds, and the few bytes of wasm that it writes are right."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from runtime.sandbox import abi, wasm
from runtime.sandbox.artefact import ARTIFACT, HOST
from runtime.sandbox.engine import EXPORTS
from tests.sandbox.test_wasm import leb

GUEST = Path(__file__).parents[2] / "runtime/guest"


def load(file: Path) -> ModuleType:
    """build.py as a module: the guest is no package."""
    spec = importlib.util.spec_from_file_location("guest_build_tested", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build: Any = load(GUEST / "build.py")


@pytest.fixture(scope="module")
def artefact() -> bytes:
    return (ARTIFACT / "guest.wasm").read_bytes()


@pytest.fixture(scope="module")
def manifest() -> Any:
    return json.loads((ARTIFACT / "manifest.json").read_text())


@pytest.fixture(scope="module")
def sections(artefact: bytes) -> dict[int, bytes]:
    """Kind to body; no kind is there twice but custom ones."""
    found = [section for section in wasm.sections(artefact) if section[0] != 0]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_each_number_of_the_header_is_the_builds():
    """What the build puts into the linker's arguments and the memory's limits is what abi.h and abi.py say."""
    names = re.findall(r"^#define (\w+) \d+", (GUEST / "src/abi.h").read_text(), re.MULTILINE)

    assert "STACK_SIZE" in names
    assert {name: build.abi(name) for name in names} == {name: getattr(abi, name) for name in names}
    assert build.PAGE == abi.PAGE


def test_a_number_that_the_header_has_not_stops_the_build():
    """And says which."""
    with pytest.raises(SystemExit, match="STACK"):
        build.abi("STACK")


def test_the_manifest_is_of_this_artefact(manifest: Any):
    """The hash is the file's, and there is nothing else in the folder that a wheel would carry along."""
    assert manifest["artefacts"] == build.artefact_hashes()
    assert {file.name for file in ARTIFACT.iterdir()} == {
        "guest.wasm",
        "library.wasm",
        "typescript.js",
        "licences.txt",
        "manifest.json",
        *build.beside("native").TARGETS,
    }


def test_the_manifest_names_everything_it_was_made_from(manifest: Any):
    """Every file of src/, js/ and node/, the build itself, the engine, sucrase, Node and the compiler; no path of a machine."""
    paths = [*(GUEST / "src").iterdir(), *(GUEST / "js").rglob("*.js"), *(GUEST / "node").rglob("*.js")]
    files = {path.relative_to(GUEST).as_posix() for path in paths}

    assert manifest["sources"].keys() == files | {
        "build.py",
        "library.py",
        "licences.py",
        "patches.py",
        "typescript.py",
        "native.py",
        *HOST,
        build.QUICKJS,
        build.beside("typescript").SUCRASE,
        f"{build.library.NODE}, its lib",
        *(package for package, _, _ in build.library.PACKAGES),
        "ziglang",
    }
    assert str(GUEST.parents[1]) not in json.dumps(manifest)


def test_each_own_source_is_compiled():
    """A C file in src/ that no unit names would be dead."""
    own = {file.name for file in (GUEST / "src").glob("*.c")}

    assert own - set(build.UNITS) == set()


def test_the_artefact_imports_nothing(sections: dict[int, bytes]):
    """No import section (2) at all; nothing starts by itself."""
    assert wasm.IMPORT not in sections
    assert wasm.START not in sections
    assert wasm.DATA_COUNT not in sections


def test_the_artefact_exports_what_the_engine_looks_for(sections: dict[int, bytes]):
    """The five, and the build's and the tests' own."""
    names = set(re.findall(rb"[a-z_]{4,}", sections[wasm.EXPORT]))

    assert {name.encode() for name in EXPORTS} <= names
    assert names - {name.encode() for name in EXPORTS} == {
        b"_initialize",
        b"arenas",
        b"boot",
        b"compile",
        b"hash_seed",
        b"in_address",
        b"library",
        b"library_names",
        b"library_room",
        b"plain",
    }


def test_the_artefacts_memory_is_bounded(sections: dict[int, bytes], manifest: Any):
    """One memory, with the header's maximum; the input lies in it, above the stack, in whole cells of an image."""
    body = sections[wasm.MEMORY]
    first, most = body[2], wasm.uleb(abi.MAX_PAGES)

    assert body == b"\1\1" + bytes([first]) + most
    assert manifest["in_address"] % 16 == 0
    assert abi.STACK_SIZE <= manifest["in_address"] < first * abi.PAGE - abi.IN_SIZE


def test_the_stack_of_the_artefact_is_empty(sections: dict[int, bytes]):
    """What boot left there is not in the module: no byte of data lies below the stack's end."""
    assert wasm.DATA in sections
    count, at = leb(sections[wasm.DATA], 0)
    assert count >= 1
    assert sections[wasm.DATA][at : at + 2] == b"\0\x41"
    first, _ = leb(sections[wasm.DATA], at + 2)
    assert first >= abi.STACK_SIZE


@pytest.fixture
def engine_source(tmp_path: Path) -> Path:
    """A file in which each patch fits as often as it should."""
    text = "\n--\n".join(row.old for row in build.patches.PATCHES for _ in range(row.times))
    (tmp_path / "quickjs.c").write_text(text)
    return tmp_path


def test_patches_are_applied(engine_source: Path):
    """All of them, each as often as it says."""
    build.patch(engine_source)
    text = (engine_source / "quickjs.c").read_text()

    assert [row.why for row in build.patches.PATCHES if text.count(row.new) < row.times] == []


@pytest.mark.parametrize("row", build.patches.PATCHES, ids=lambda row: row.old[:40])
def test_a_patch_that_does_not_fit_stops_the_build(engine_source: Path, row: Any):
    """Another version of the engine, with one place more: nobody would notice otherwise."""
    file = engine_source / "quickjs.c"
    before = file.read_text() + "\n" + row.old
    file.write_text(before)

    with pytest.raises(SystemExit, match=f"fits {row.times + 1} times, not {row.times}"):
        build.patch(engine_source)
    assert file.read_text() == before


def test_up_to_date_means_the_same_sources_and_a_whole_artefact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A missing, unreadable or other manifest, or a module that was changed, is built again."""
    monkeypatch.setattr(build, "ARTIFACT", tmp_path)
    sources = {"a": "1"}
    assert not build.up_to_date(sources)
    (tmp_path / "guest.wasm").write_bytes(b"wasm")
    (tmp_path / "library.wasm").write_bytes(b"more")
    (tmp_path / "typescript.js").write_bytes(b"js")
    (tmp_path / "licences.txt").write_bytes(b"MIT")
    for name in build.beside("native").TARGETS:
        (tmp_path / name).write_bytes(b"native")
    (tmp_path / "manifest.json").write_text("{")
    assert not build.up_to_date(sources)
    (tmp_path / "manifest.json").write_text("{}")
    assert not build.up_to_date(sources)
    (tmp_path / "manifest.json").write_text(json.dumps({"sources": sources, "artefacts": build.artefact_hashes()}))
    assert build.up_to_date(sources)
    assert not build.up_to_date({"a": "2"})
    (tmp_path / "guest.wasm").write_bytes(b"wasn")
    assert not build.up_to_date(sources)
