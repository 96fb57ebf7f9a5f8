"""The guest's build: what it says of its artefact holds, and the few bytes of wasm that it writes are right."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.sandbox import abi
from runtime.sandbox.calls import ARTIFACT
from runtime.sandbox.engine import EXPORTS

GUEST = Path(__file__).parents[2] / "runtime/guest"
CALM = settings(deadline=None)  # other work may share the machine
MEMORY, EXPORT, START, DATA_COUNT, DATA = 5, 7, 8, 12, 11


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
    found = [section for section in build.sections(artefact) if section[0] != 0]
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
        "typescript.js",
        "manifest.json",
        *build.beside("native").TARGETS,
    }


def test_the_manifest_names_everything_it_was_made_from(manifest: Any):
    """Every file of src/, the prelude's, the build itself, the engine, sucrase and the compiler; no path of a machine."""
    paths = [*(GUEST / "src").iterdir(), *(GUEST / "js").rglob("*.js")]
    files = {path.relative_to(GUEST).as_posix() for path in paths}

    assert manifest["sources"].keys() == files | {
        "build.py",
        "typescript.py",
        "native.py",
        "calls.c",
        build.QUICKJS,
        build.beside("typescript").SUCRASE,
        "ziglang",
    }
    assert str(GUEST.parents[1]) not in json.dumps(manifest)


def test_each_own_source_is_compiled():
    """A C file in src/ that no unit names would be dead."""
    own = {file.name for file in (GUEST / "src").glob("*.c")}

    assert own - set(build.UNITS) == set()


def test_the_artefact_imports_nothing(sections: dict[int, bytes]):
    """No import section (2) at all; nothing starts by itself."""
    assert 2 not in sections
    assert START not in sections
    assert DATA_COUNT not in sections


def test_the_artefact_exports_what_the_engine_looks_for(sections: dict[int, bytes]):
    """The five, and the build's and the tests' own."""
    names = set(re.findall(rb"[a-z_]{4,}", sections[EXPORT]))

    assert {name.encode() for name in EXPORTS} <= names
    assert names - {name.encode() for name in EXPORTS} == {
        b"_initialize",
        b"boot",
        b"compile",
        b"hash_seed",
        b"in_address",
    }


def test_the_artefacts_memory_is_bounded(sections: dict[int, bytes], manifest: Any):
    """One memory, with the header's maximum; the input lies in it, above the stack, in whole cells of an image."""
    body = sections[MEMORY]
    first, most = body[2], build.uleb(abi.MAX_PAGES)

    assert body == b"\1\1" + bytes([first]) + most
    assert manifest["in_address"] % 16 == 0
    assert abi.STACK_SIZE <= manifest["in_address"] < first * abi.PAGE - abi.IN_SIZE


def test_the_stack_of_the_artefact_is_empty(sections: dict[int, bytes]):
    """What boot left there is not in the module: no byte of data lies below the stack's end."""
    assert DATA in sections
    count, at = leb(sections[DATA], 0)
    assert count >= 1
    assert sections[DATA][at : at + 2] == b"\0\x41"
    first, _ = leb(sections[DATA], at + 2)
    assert first >= abi.STACK_SIZE


def leb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    number = shift = 0
    while True:
        byte, at = data[at], at + 1
        number, shift = number | (byte & 127) << shift, shift + 7
        if byte < 128:
            return number, at


@CALM
@given(number=st.integers(0, 2**40) | st.sampled_from([0, 63, 64, 127, 128, 8191, 8192, 16383, 16384, 2**32 - 1]))
def test_numbers_are_written_as_wasm_reads_them(number: int):
    """Unsigned and signed LEB128 (core specification 5.2.2); a signed one that is not negative never looks negative."""
    unsigned, signed = build.uleb(number), build.sleb(number)

    assert leb(unsigned, 0) == (number, len(unsigned))
    assert leb(signed, 0) == (number, len(signed))
    assert signed[-1] & 0x40 == 0


@CALM
@given(
    size=st.integers(0, 5 * 4096),
    writes=st.lists(st.tuples(st.integers(0, 5 * 4096), st.binary(min_size=1, max_size=50)), max_size=6),
)
def test_used_blocks_are_all_that_is_not_zero(size: int, writes: list[tuple[int, bytes]]):
    """In order, in whole blocks, and nothing else."""
    memory = bytearray(size)
    for at, data in writes:
        memory[at : at + len(data)] = data[: max(0, size - at)]
    again = bytearray(size)
    spans = list(build.used(bytes(memory)))
    for start, end in spans:
        again[start:end] = memory[start:end]
        blocks = [memory[at : at + build.BLOCK] for at in range(start, end, build.BLOCK)]
        assert all(any(block) for block in blocks)

    assert again == memory
    assert spans == sorted(spans)


def test_a_snapshot_starts_with_the_memory_that_it_was_given():
    """Its data and its start are gone, its functions stay; the memory may grow to the header's maximum."""
    whole = wasmtime.wat2wasm(
        """(module
          (memory (export "memory") 1 3)
          (func $start i32.const 0 i32.const 9 i32.store8)
          (func (export "first") (result i32) i32.const 0 i32.load8_u)
          (data (i32.const 100) "old")
          (start $start))"""
    )
    memory = bytearray(2 * abi.PAGE)
    memory[0], memory[70_000] = 7, 8
    engine = wasmtime.Engine()
    module = wasmtime.Module(engine, build.snapshot(bytes(whole), bytes(memory)))
    store = wasmtime.Store(engine)
    exports = wasmtime.Instance(store, module, []).exports(store)
    copy: Any = exports["memory"]

    assert exports["first"](store) == 7  # type: ignore[operator]
    assert copy.read(store, 0, copy.data_len(store)) == memory
    assert copy.type(store).limits.max == abi.MAX_PAGES


@pytest.fixture
def engine_source(tmp_path: Path) -> Path:
    """A file in which each patch fits as often as it should."""
    text = "\n--\n".join(row.old for row in build.PATCHES for _ in range(row.times))
    (tmp_path / "quickjs.c").write_text(text)
    return tmp_path


def test_patches_are_applied(engine_source: Path):
    """All of them, each as often as it says."""
    build.patch(engine_source)
    text = (engine_source / "quickjs.c").read_text()

    assert [row.why for row in build.PATCHES if text.count(row.new) < row.times] == []


@pytest.mark.parametrize("row", build.PATCHES, ids=lambda row: row.old[:40])
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
    (tmp_path / "typescript.js").write_bytes(b"js")
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
