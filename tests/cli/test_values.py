"""Where values come from, for every command that takes one."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from runtime.cli.failures import WrongUsage
from runtime.cli.values import gather_values

VALUE = "not-to-be-seen"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEPT", VALUE)
    monkeypatch.setattr("sys.stdin", io.StringIO("from input\r\n"))
    Path("key").write_text("from file\nof two lines\n")
    Path(".env").write_text("A=from env file\nB=too\n")


def test_a_value_comes_from_where_nobody_else_sees_it():
    """What is named wins over what the file of values has."""
    found = gather_values(["A", "C=@key", "D=env:KEPT"], Path(".env"), command="x")

    assert found == {"A": "from input", "B": "too", "C": "from file\nof two lines", "D": VALUE}


@pytest.mark.parametrize(
    "given, message",
    [
        ([f"A={VALUE}"], "take it for lost, and make a new one. Give the name alone, and the value when it is asked for: x A; or A=@"),
        (["A="], "seen by others on this machine"),
        ([f"={VALUE}"], "A secret has a name"),
        (["A", "B"], "The standard input has one value only. Give B=@FILE or B=env:VARIABLE, or --env-file."),
        (["A=@absent"], "absent can not be read"),
        (["A=env:ABSENT"], "The environment has no variable ABSENT"),
    ],
)  # fmt: skip
def test_what_is_no_way_is_said_without_the_value(given, message):
    with pytest.raises(WrongUsage) as raised:
        gather_values(given, None, command="x")

    assert message in raised.value.message
    assert VALUE not in raised.value.message


def test_an_input_that_is_taken_has_no_value():
    """It is the request; and a file of values has some."""
    with pytest.raises(WrongUsage, match="The standard input has the request, and no value of A"):
        gather_values(["A"], None, command="x", is_input_taken=True)
    Path("none").touch()
    with pytest.raises(WrongUsage, match="none has no line of NAME=value"):
        gather_values([], Path("none"), command="x")
