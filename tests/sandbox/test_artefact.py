"""What is built is looked at before it runs: one that does not fit is refused with what to do, never found out by a crash."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.sandbox import artefact
from runtime.sandbox.artefact import library_name, native_library, read_guest
from runtime.sandbox.engine import Engine
from tests.sandbox.artefacts import write_manifest

ADVICE = "run `make guest` (or `python runtime/guest/build.py`) where its sources are; else install hookd again."
PARTS = (read_guest, native_library)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A whole guest, which nobody could run."""
    folder = tmp_path / "artifact"
    folder.mkdir()
    for name in ("guest.wasm", "library.wasm", library_name()):
        (folder / name).write_bytes(name.encode())
    write_manifest(folder, in_address=1, low_end=2, names=["a"])
    return folder


def change(folder: Path, part: str, name: str, digest: str) -> None:
    """Have the manifest say something else of one file."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[part][name] = digest
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_guest_that_fits_is_read(built: Path):
    """With all that the manifest says of it."""
    guest = read_guest(built)
    assert (guest.wasm, guest.library) == (b"guest.wasm", b"library.wasm")
    assert (guest.in_address, guest.low_end, guest.names) == (1, 2, ["a"])
    assert native_library(built) == built / library_name()


def test_the_guest_that_is_there_fits():
    """Or nothing would run here."""
    assert read_guest().wasm.startswith(b"\0asm")
    assert native_library().is_file()


@pytest.mark.parametrize("read", PARTS)
@pytest.mark.parametrize("name", artefact.HOST)
def test_one_from_before_a_change_of_the_host_is_refused(built: Path, read, name: str):
    """A pull without a build, or Python of another version than what lies beside it. Each file of the wall is one."""
    change(built, "sources", name, "0" * 64)
    with pytest.raises(SettingsError) as refused:
        read(built)
    assert str(refused.value) == f"The guest was built from other sources than these, {name} among them: {ADVICE}"


@pytest.mark.parametrize("read", PARTS)
def test_one_from_before_there_was_a_check_is_refused(built: Path, read):
    """Its manifest does not name the file at all."""
    (built / "manifest.json").write_text(json.dumps({"sources": {}, "artefacts": {library_name(): ""}}))
    with pytest.raises(SettingsError, match=r"other sources than these, abi\.py among them"):
        read(built)


def test_one_from_before_a_change_of_its_own_sources_is_refused(built: Path, monkeypatch: pytest.MonkeyPatch):
    """Where they are: an installed hookd has none of them, and what it has was packed together."""
    sources = built.parent / "src"
    sources.mkdir()
    (sources / "mine.c").write_text("int changed;")
    write_manifest(built, sources={"src/mine.c": "0" * 64, "src/not_installed.c": "1" * 64, "a package": "1.0"})
    native_library(built)
    monkeypatch.setattr(artefact, "GUEST", built.parent)
    with pytest.raises(SettingsError, match=r"other sources than these, src/mine\.c among them"):
        native_library(built)


def test_what_a_later_pull_leaves_is_not_for_this_process(built: Path, monkeypatch: pytest.MonkeyPatch):
    """A worker that starts then has the Python of before: what counts is what this process has read."""
    monkeypatch.setitem(artefact._HERE, "abi.py", "0" * 64)
    with pytest.raises(SettingsError, match=r"abi\.py among them"):
        read_guest(built)


@pytest.mark.parametrize("name", ["guest.wasm", "library.wasm", library_name()])
def test_a_file_of_another_build_is_refused(built: Path, name: str):
    """Damaged, half copied, or from elsewhere."""
    (built / name).write_bytes(b"other")
    with pytest.raises(SettingsError) as refused:
        (native_library if name == library_name() else read_guest)(built)
    assert str(refused.value) == f"The guest's {name} is damaged, or of another build than its manifest: {ADVICE}"


@pytest.mark.parametrize("name", ["guest.wasm", "library.wasm", library_name()])
def test_a_file_that_is_missing_is_named(built: Path, name: str):
    """With what to do."""
    (built / name).unlink()
    with pytest.raises(SettingsError) as refused:
        (native_library if name == library_name() else read_guest)(built)
    assert str(refused.value) == f"The guest's {name} can not be read (No such file or directory): {ADVICE}"


@pytest.mark.parametrize("read", PARTS)
def test_one_that_is_not_built_says_how_to_get_it(tmp_path: Path, read):
    """A checkout that nobody has built."""
    with pytest.raises(SettingsError) as refused:
        read(tmp_path)
    assert str(refused.value) == f"The guest is not built: {ADVICE}"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"sources": {}}', "\0"])
@pytest.mark.parametrize("read", PARTS)
def test_a_manifest_that_is_none_is_refused(built: Path, read, text: str):
    """Whatever it is."""
    (built / "manifest.json").write_text(text)
    with pytest.raises(SettingsError) as refused:
        read(built)
    assert str(refused.value) == f"The guest's manifest.json can not be read: {ADVICE}"


def test_a_system_without_a_library_is_named(built: Path, monkeypatch: pytest.MonkeyPatch):
    """No build would make one."""
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(SettingsError, match=f"does not run on this system: there is no calls-{sys.platform}-riscv64"):
        native_library(built)


@pytest.mark.parametrize(("machine", "name"), [("AMD64", "x86_64"), ("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_the_librarys_name_is_the_systems(machine: str, name: str, monkeypatch: pytest.MonkeyPatch):
    """One word for a processor, whatever the system calls it."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert library_name() == f"calls-{sys.platform}-{name}"


def test_an_engine_is_not_opened_with_one(built: Path, tmp_path: Path):
    """Before anything is compiled or kept."""
    change(built, "sources", "calls.c", "0" * 64)
    with pytest.raises(SettingsError, match=r"calls\.c among them"):
        Engine(tmp_path / "cache", concurrency=1, artifact=built)
    assert not (tmp_path / "cache").exists()
