"""What commands print. An answer goes to the standard output, everything else (hints, progress, warnings) beside it.

Two readers: somebody at a terminal gets colours and columns that fit; a pipe gets the same words in plain columns, whole,
without an import of rich. Programs ask for JSON. Rule: what a server or a hook wrote is never printed as it is
(`printable`): it could steer the terminal.
"""

from __future__ import annotations

import functools
import io
import json
import os
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, NamedTuple, Protocol, TextIO, TypeAlias

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_LEAST_WIDTH = 8
"""Columns of a terminal that each column of a table has."""

_SECONDS = 0.1
"""Between two drawings of a bar that is drawn by steps."""

_KEPT = frozenset("\n\t")
_STEERING = {"Cc", "Cf", "Zl", "Zp", "Cs"}
"""Control characters, those that turn or hide text, line separators of other alphabets, halves of pairs."""


class Styled(NamedTuple):
    """A text with a style of rich's; a pipe gets the text alone."""

    text: str
    style: str


Cell: TypeAlias = str | Styled


class Output:
    """What a command writes to. `json`: answers are JSON. `quiet`: no hints, no progress.

    `repeats`: the command answers again and again, so that a program reads a document a line.
    """

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self.repeats = False

    def answer(self, document: object, show: Callable[[], None]) -> None:
        """The command's one answer: the document, or what *show* prints for people."""
        if not self.json:
            show()
        elif self.repeats:
            self.event(document)
        else:
            self.document(document)

    def document(self, document: object) -> None:
        """One JSON document."""
        click.echo(_json(document, indent=2))

    def event(self, document: object) -> None:
        """One line of JSON, of a stream of them."""
        click.echo(_json(document))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Columns with headings. On a narrow terminal the last one is cut first."""
        if not is_terminal(sys.stdout):
            _plain_columns([headings, *rows])
            return
        cells = [[_rich(cell) for cell in row] for row in rows]
        headed = [[_rich(Styled(heading, "dim")) for heading in headings], *cells]
        natural = [max(cell.cell_len for cell in column) for column in zip(*headed, strict=True)]
        widths = _fitted(natural, console().width)
        for row in headed:
            console().print(_joined(row, widths), no_wrap=True, overflow="crop")

    def fields(self, rows: Sequence[tuple[str, Cell]]) -> None:
        """Names with their values, one a line."""
        if not is_terminal(sys.stdout):
            _plain_columns(rows)
            return
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(name, _rich(value))
        console().print(table)

    def line(self, *cells: Cell, gap: str = " ") -> None:
        """A line of an answer, its parts with a gap between."""
        if not is_terminal(sys.stdout):
            click.echo(gap.join(printable(_text(cell)) for cell in cells))
            return
        from rich.text import Text

        console().print(Text(gap).join(map(_rich, cells)), soft_wrap=True)

    def lines(self, lines: Iterable[str]) -> None:
        """Several lines of an answer."""
        for line in lines:
            self.line(line)

    def code(self, text: str, language: str) -> None:
        """A source: as it is for a pipe, coloured and numbered for a reader."""
        if not is_terminal(sys.stdout):
            click.echo(text, nl=not text.endswith("\n"))
            return
        from rich.syntax import Syntax

        source = printable(text.rstrip("\n"))
        console().print(
            Syntax(source, language, theme="ansi_dark", background_color="default", line_numbers=True, word_wrap=True)
        )

    def note(self, text: str) -> None:
        """What happened, or a hint."""
        if not self.quiet:
            click.echo(printable(text), err=True)

    def warn(self, text: str) -> None:
        """What the reader should look at, also a quiet one."""
        click.echo(f"{_coloured('Warning:', 'yellow')} {printable(text)}", err=True)

    def working(self, text: str) -> AbstractContextManager[Step]:
        """A context in which something takes a while: a spinner where somebody looks. Steps say what is done now."""
        if self.quiet or not is_terminal(sys.stderr):
            return nullcontext(no_step)
        return _spinner(text)

    def counting(self, text: str, total: int, *, drawn_by_steps: bool = False) -> AbstractContextManager[Step]:
        """A context in which *total* things are done, one after the other: a bar where somebody looks, at a terminal.

        It gives what is to be called when one is done, with words for the next one if there are any. `drawn_by_steps`: nothing
        is drawn between two steps, which takes time from what is measured.
        """
        if self.quiet or self.json or not (is_terminal(sys.stdout) and is_terminal(sys.stderr)):
            return nullcontext(no_step)
        return _bar(text, total, drawn_by_steps=drawn_by_steps)


class Step(Protocol):
    """Says that something is done, or *by* things; *text* is what comes next."""

    def __call__(self, text: str = "", *, by: int = 1) -> None:
        """Count."""


def fail(message: str) -> None:
    """The last words of a command that failed."""
    click.echo(f"{_coloured('hookd:', 'red')} {printable(message)}", err=True)


def be_lenient() -> None:
    """Let no character end a command: a stream that has none such shows a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at it."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def printable(text: str) -> str:
    """The text, with everything that could steer a terminal written out, an escape as x1b after a backslash."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in _KEPT or unicodedata.category(char) not in _STEERING else _written_out(char) for char in text
    )


def state(enabled: bool) -> Styled:
    """A hook's switch."""
    return Styled("● enabled", "green") if enabled else Styled("○ disabled", "dim")


def plural(count: int, noun: str) -> str:
    """`1 hook`, `2 hooks`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@functools.cache
def console() -> Console:
    """The terminal; only where there is one."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def _json(document: object, indent: int | None = None) -> str:
    """JSON, with what could steer a terminal as JSON's own escapes: the same document."""
    text = json.dumps(document, indent=indent, ensure_ascii=not _speaks_unicode(sys.stdout))
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(
        char if char == "\n" or unicodedata.category(char) not in _STEERING else _in_json(char) for char in text
    )


def _in_json(char: str) -> str:
    return json.dumps(char)[1:-1].replace("\x7f", "\\u007f")


def _speaks_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().startswith("utf")


def _fitted(widths: list[int], room: int) -> list[int]:
    """Widths that fit with two spaces between: the last columns give way first, to a few characters."""
    excess, fitted = sum(widths) + 2 * (len(widths) - 1) - room, list(widths)
    for index in reversed(range(len(widths))):
        cut = max(0, min(excess, widths[index] - _LEAST_WIDTH))
        fitted[index] -= cut
        excess -= cut
    return fitted


def _joined(row: Sequence[Text], widths: Sequence[int]) -> Text:
    from rich.text import Text

    for cell, width in zip(row, widths, strict=True):
        cell.truncate(width, overflow="ellipsis", pad=True)
    joined = Text("  ").join(row)
    joined.rstrip()
    return joined


def _plain_columns(rows: Sequence[Sequence[Cell]]) -> None:
    texts = [[printable(_text(cell)).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Styled) else cell


def _rich(cell: Cell) -> Text:
    from rich.text import Text

    return Text(printable(_text(cell)), style=cell.style if isinstance(cell, Styled) else "")


def _coloured(text: str, colour: str) -> str:
    if not is_terminal(sys.stderr) or os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg=colour, bold=True)


def _written_out(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def no_step(text: str = "", *, by: int = 1) -> None:
    """Nobody looks."""


@contextmanager
def _bar(text: str, total: int, *, drawn_by_steps: bool) -> Iterator[Step]:
    """Of the terminal that answers go to, which then come above it. It leaves nothing behind."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TextColumn("/", style="dim"), TimeRemainingColumn())
    bar = Progress(*columns, *times, console=console(), transient=True, auto_refresh=not drawn_by_steps)
    task, drawn = bar.add_task(printable(text), total=total), 0.0

    def step(text: str = "", *, by: int = 1) -> None:
        nonlocal drawn
        bar.update(task, advance=by, description=printable(text) if text else None)
        if drawn_by_steps and time.monotonic() > drawn + _SECONDS:
            bar.refresh()
            drawn = time.monotonic()

    with bar:
        yield step


@contextmanager
def _spinner(text: str) -> Iterator[Step]:
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True, highlight=False, markup=False).status(Text(printable(text))) as status:

        def step(text: str = "", *, by: int = 1) -> None:
            del by
            if text:
                status.update(Text(printable(text)))

        yield step
