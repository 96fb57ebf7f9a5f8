"""`hookd types`: the files, where they go, and what they do not overwrite."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.cli.types import NAME, NAMES, declarations, write_declarations
from runtime.errors import SettingsError


def test_the_files_are_written_and_written_again(tmp_path: Path):
    """They are the package's own; one that is the same is no obstacle."""
    for _ in range(2):
        assert write_declarations(tmp_path, force=False) == [tmp_path / name for name in NAMES]

    assert [(tmp_path / name).read_text() for name in NAMES] == [declarations(name) for name in NAMES]
    assert "export type CredentialsExchange" in declarations()


@pytest.mark.parametrize("content", [b"// mine", b"\xff"], ids=["changed", "not text"])
def test_another_file_is_not_overwritten(tmp_path: Path, content: bytes):
    """Unless it is asked for."""
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(SettingsError):
        write_declarations(tmp_path, force=False)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [(NAME, content)]
    write_declarations(tmp_path, force=True)

    assert (tmp_path / NAME).read_text() == declarations()


def test_a_folder_that_is_not_there(tmp_path: Path):
    """The message says what to do."""
    with pytest.raises(SettingsError, match="make it first, or choose another one with --output"):
        write_declarations(tmp_path / "absent", force=False)
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="There is no folder"):
        write_declarations(tmp_path / "file", force=False)


def test_a_file_that_can_not_be_written(tmp_path: Path):
    """Likewise."""
    (tmp_path / NAME).mkdir()
    with pytest.raises(SettingsError, match=r"can not be written .* choose another folder with --output"):
        write_declarations(tmp_path, force=True)


def test_types_are_written_or_shown(hookd, tmp_path):
    """Into the current folder, or to the standard output; another file of that name is left, with exit code 2."""
    written, shown = hookd("types"), hookd("types", "--output", "-")

    assert (written.returncode, written.stdout) == (0, "")
    assert written.stderr.startswith("Wrote hookd.d.ts and hookd-modules.d.ts.")
    assert shown.stdout == (tmp_path / "hookd.d.ts").read_text()
    (tmp_path / "hookd.d.ts").write_text("// mine")
    refused = hookd("types")
    assert (refused.returncode, (tmp_path / "hookd.d.ts").read_text()) == (2, "// mine")
    assert "--force" in refused.stderr
    assert hookd("types", "--force").returncode == 0
