from __future__ import annotations

import io
import json
import unicodedata
from contextlib import redirect_stderr, redirect_stdout

import pytest

from runtime.cli import output
from runtime.cli.output import Output, Styled, printable


class Terminal(io.StringIO):
    """Where somebody looks."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 60 columns, for the standard output."""
    output.console.cache_clear()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    yield Terminal()
    output.console.cache_clear()


def test_a_pipe_gets_whole_columns(capsys):
    """Aligned, nothing cut, no colours, no spaces at the end of a line."""
    Output().table(("NAME", "STATE"), [("a" * 200, Styled("on", "green")), ("b", "off")])

    assert capsys.readouterr().out.splitlines() == [
        "NAME" + " " * 198 + "STATE",
        "a" * 200 + "  on",
        "b" + " " * 201 + "off",
    ]


def test_a_terminal_gets_columns_that_fit(terminal):
    """Colours, and an ellipsis where it is too narrow."""
    with redirect_stdout(terminal):
        Output().table(("NAME", "ID"), [(Styled("hook", "green"), "x" * 80)])

    lines = terminal.getvalue().splitlines()
    assert "\x1b[32mhook" in lines[1]
    assert "…" in lines[1]


def test_colours_can_be_refused(terminal, monkeypatch):
    """NO_COLOR (no-color.org)."""
    monkeypatch.setenv("NO_COLOR", "1")
    with redirect_stdout(terminal):
        Output().line(Styled("hook", "green"))

    assert terminal.getvalue() == "hook\n"


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b2J", "a\rb", "\u202eabc", "\u2028", "\x00", "\u200b", "\x7f"])
def test_nothing_foreign_steers_the_terminal(text, capsys, terminal):
    """What a hook printed may be an attacker's: escapes, hidden and turned text are written out."""
    with redirect_stdout(terminal):
        Output().line(text)
        Output().table(("A",), [(text,)])
        Output().fields([("A", text)])
        Output().code(text, "javascript")
    for out in (Output().note, Output().warn, output.fail):
        out(text)
    seen, beside = terminal.getvalue(), capsys.readouterr().err

    assert seen.count(printable(text)) >= 3
    assert beside.count(printable(text)) == 3
    assert text not in seen + beside


def test_a_bar_is_for_who_looks(terminal):
    """How many of how many, and what is done now, above which answers are written; at the end it is gone."""
    with redirect_stdout(terminal), redirect_stderr(terminal):
        for drawn_by_steps in (False, True):
            with Output().counting("Hooks", 3, drawn_by_steps=drawn_by_steps) as step:
                step("the \x1b second")
                step(by=2)
                Output().line("an answer")
    seen = terminal.getvalue()

    assert seen.count("3/3") >= 2
    assert "the \\x1b second" in seen
    assert seen.count("an answer\n") == 2
    assert seen.rstrip("\n").endswith("\x1b[2K")


@pytest.mark.parametrize(("how", "pipe"), [({"json": True}, ""), ({"quiet": True}, ""), ({}, "out"), ({}, "err")])
def test_a_bar_is_for_nobody_else(terminal, how, pipe):
    """Not for a program, not for who wants it quiet, not where either stream is a pipe's."""
    out, err = (io.StringIO() if pipe == name else terminal for name in ("out", "err"))
    with redirect_stdout(out), redirect_stderr(err), Output(**how).counting("Hooks", 1) as step:
        step("next")

    assert out.getvalue() + err.getvalue() == ""


def test_text_of_all_alphabets_is_shown(terminal):
    """Only what steers is written out; tabs and new lines stay."""
    assert printable("Grüße, 世界, \U0001f980\n\tx") == "Grüße, 世界, \U0001f980\n\tx"
    assert printable("\x1b\U000e0041") == "\\x1b\\U000e0041"


def test_json_is_all_that_is_on_the_standard_output(capsys):
    """People's words are not printed then; hints stay beside it, and the quiet get none."""
    Output(json=True).answer({"a": "ü"}, lambda: Output().line("for people"))
    Output(json=True).event({"a": 1})
    Output().note("hint")
    Output(quiet=True).note("no hint")
    Output(quiet=True).warn("look")

    assert capsys.readouterr() == ('{\n  "a": "ü"\n}\n{"a": 1}\n', "hint\nWarning: look\n")


@pytest.mark.parametrize("text", ["\x7f", "\x9b2J", "\u202e", "\u2028", "\U000e0041", "\x00", "a\nb"])
def test_json_steers_no_terminal_and_is_the_same_document(text, capsys):
    """What could is in JSON's own escapes; letters of all alphabets are as they are."""
    Output(json=True).document({"text": text, "name": "Grüße 世界"})
    shown = capsys.readouterr().out

    assert json.loads(shown) == {"text": text, "name": "Grüße 世界"}
    assert "Grüße 世界" in shown
    assert [char for char in shown if char != "\n" and unicodedata.category(char)[0] == "C"] == []


def test_no_alphabet_is_too_much_for_a_stream(installed, dev):
    """A terminal that knows no circle shows a question mark, and a program still gets the whole document."""
    shown = installed("ls", folder=dev.folder, PYTHONIOENCODING="latin-1", LC_ALL="C", PYTHONUTF8="0")
    program = installed("logs", "--json", folder=dev.folder, PYTHONIOENCODING="ascii")

    assert (shown.returncode, "? enabled" in shown.stdout) == (0, True)
    assert program.returncode == 0


def test_a_source_goes_into_a_pipe_as_it_is(capsys):
    """Byte for byte, so that `> hook.js` has what was deployed."""
    Output().code("a\x1b\n", "javascript")
    Output().code("b", "javascript")

    assert capsys.readouterr().out == "a\x1b\nb\n"
