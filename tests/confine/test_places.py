"""Where the service's own process still has something to do with files."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

import runtime
from runtime.confine.places import Places, loaders, machine, name_servers


def test_python_and_the_system_can_be_read():
    """The installation, this package wherever it lies, certificates; no folder that people keep their things in."""
    found = {path.resolve() for path in machine()}

    assert {
        Path(sys.prefix).resolve(),
        Path(sys.base_prefix).resolve(),
        Path(runtime.__file__).resolve().parent,
    } <= found
    assert Path(ssl.get_default_verify_paths().openssl_capath).resolve() in found
    assert not found & {Path(path) for path in ("/", "/home", "/root", "/tmp", "/var", "/run", "/srv", Path.cwd())}


def test_a_folder_beside_a_package_is_not_one_of_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What lies in PYTHONPATH may be a checkout, with keys in it; an installation is known by what pip leaves."""
    checkout, installed = tmp_path / "checkout", tmp_path / "installed"
    checkout.mkdir()
    (installed / "x-1.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(checkout), str(installed), "", str(tmp_path / "missing")])
    found = set(machine())

    assert installed in found
    assert not {checkout, tmp_path, Path()} & found


def test_name_servers_are_found_after_they_changed(tmp_path: Path):
    """The file may be replaced, so it takes the folder: its own, or the one that it leads to."""
    plain, link = tmp_path / "resolv.conf", tmp_path / "link"
    plain.touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run/stub").touch()
    link.symlink_to("run/stub")

    assert name_servers(plain) == tmp_path
    assert name_servers(link) == tmp_path / "run"
    assert name_servers(tmp_path / "missing") == tmp_path


def test_programs_take_what_starts_them():
    """The dynamic linker, wherever the system has it; nothing is executed unless it is named."""
    assert all(path.name.startswith("ld-") for path in loaders())
    assert Places().execute == ()
