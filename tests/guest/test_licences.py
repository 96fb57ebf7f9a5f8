"""The licences that go out with the guest."""

from __future__ import annotations

import io
import tarfile

import pytest

from runtime.sandbox.artefact import ARTIFACT
from tests.guest.test_build import build
from tests.guest.test_typescript import packed

licences = build.licences

C = '/*\n * A library\n *\n * Copyright (c) 2020 Somebody\n */\n#include <a.h>\n/* no word of it */\nchar *a = "b";\n'
JS = "// Copyright Somebody Else.\n//\n// Do as you like.\n\nconst a = 1; // copyright is a word\n"


def archive(files: dict[str, str]) -> tarfile.TarFile:
    """A package of npm."""
    return tarfile.open(fileobj=io.BytesIO(packed(files)))


def test_whose_work_is_in_the_guest_has_its_licence_with_it():
    """The engine, its tables, Node's library, sucrase, the packages of the library, and what the compiler links in."""
    text = (ARTIFACT / licences.NAME).read_text()
    named = [build.beside("typescript").SUCRASE, *(package for package, _, _ in build.library.PACKAGES)]

    assert [name for name in ("QuickJS-ng", "Node's library", *named) if f"=\n{name}\n=" not in text] == []
    for owner in (
        "2017-2026 Fabrice Bellard",
        "1991-2026 Unicode, Inc.",
        "Joyent, Inc. and other Node contributors",
        "2012-2018 various contributors",
        "2023 Arjun Barrett",
        "Sebastian Mayr",
        "Zig contributors",
        "Rich Felker",
    ):
        assert owner in text, owner


def test_a_source_says_its_licence_at_its_head():
    """Comments that tell of a copyright, in C and in JavaScript, without their marks; the same one once."""
    assert licences.of_sources([C, C, "int a;"]) == "A library\n\nCopyright (c) 2020 Somebody"
    assert list(licences.notices(JS)) == ["Copyright Somebody Else.\n\nDo as you like."]


def test_a_package_says_it_in_a_file():
    """At its top, whatever the file is called; another package's, deeper down, is not its own."""
    files = {"LICENSE.txt": "one\n", "notice": "two", "index.js": "", "node_modules/a/LICENSE": "three"}

    assert licences.of_package(archive(files)) == "one\n\ntwo"


def test_what_comes_without_a_licence_stops_the_build(tmp_path):
    """And is named."""
    (tmp_path / "engine.c").write_text(C)

    with pytest.raises(SystemExit, match=r"without a licence: \['a@1'\]"):
        licences.build(tmp_path, {"util": JS}, {"a@1": archive({"index.js": ""})})
    assert "Do as you like" in licences.build(tmp_path, {"util": JS}, {"a@1": archive({"LICENSE": "MIT"})})
