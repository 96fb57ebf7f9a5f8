from __future__ import annotations

from pathlib import Path

import pytest

from runtime.cli.env_files import read_values, render_values
from runtime.errors import SettingsError


def test_values_of_secrets(tmp_path: Path):
    """Lines of NAME=value, quoted or not; no message has a value."""
    file = tmp_path / "secrets.env"
    assert read_values(file) == {}
    file.write_text("# mine\nexport B C\nA=1=2\nexport B = 'x y'\n\nC=\"\"\n")
    assert read_values(file) == {"A": "1=2", "B": "x y", "C": ""}
    file.write_text("A=1\nthe-secret-itself\n")
    with pytest.raises(SettingsError, match="line 2, is not NAME=value") as raised:
        read_values(file)

    assert "the-secret-itself" not in str(raised.value)


def test_values_are_read_as_they_were_written(tmp_path):
    """Lines, quotes and spaces of a secret included."""
    values = {"A": "plain", "B": "two\nlines", "C": ' "x" ', "D": "'y'", "E": "", "F": "a#b=c"}
    (tmp_path / "secrets.env").write_text(render_values([*values, "MISSING"], values))

    assert read_values(tmp_path / "secrets.env") == values
