from __future__ import annotations

import importlib
import inspect

import click
import pytest

from runtime.cli.commands import COMMANDS, SECTIONS, version
from runtime.cli.commands import hookd as group


def test_help_lists_the_commands(hookd):
    """By section, each with one line that is whole."""
    done = hookd("--help")

    assert done.returncode == 0
    for name in COMMANDS:
        assert f"\n  {name}  " in done.stdout
    assert [section for section in SECTIONS if f"\n{section}:\n" not in done.stdout] == []
    assert "..." not in done.stdout.replace("[ARGS]...", "")


def every_command(group: click.Group, ctx: click.Context, path: str = "hookd"):
    """All commands with their paths, those inside groups too."""
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from every_command(command, ctx, f"{path} {name}")


def test_each_command_has_an_example():
    """Its help shows the command as one types it."""
    commands = dict(every_command(group, click.Context(group)))

    assert [
        path
        for path, command in commands.items()
        if not isinstance(command, click.Group) and f"\n  {path}" not in inspect.cleandoc(command.help or "")
    ] == []


def test_commands_that_answer_answer_in_json():
    """All but those that serve, and the one whose answer is a script."""
    without = {
        path
        for path, command in every_command(group, click.Context(group))
        if not isinstance(command, click.Group) and "as_json" not in {option.name for option in command.params}
    }

    assert without == {"hookd dev", "hookd serve", "hookd issuer", "hookd completion"}


def test_commands_load_when_they_are_called(installed):
    """`hookd --version`, and a list of commands, import neither an engine nor what draws tables."""
    lines = installed("--help", PYTHONPROFILEIMPORTTIME="1").stderr

    assert "runtime.triggers" in lines
    for heavy in ("wasmtime", "aiohttp", "httpx", "rich", "asyncio"):
        assert f"| {heavy}\n" not in lines.replace("|   ", "| ").replace("  ", "")


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("lss",), "There is no command 'lss'. Did you mean `hookd ls`? See `hookd --help`."),
        (("qqqq",), "There is no command 'qqqq'. See `hookd --help`."),
        (("ls", "--foo"), "No such option '--foo'. See `hookd ls --help`."),
        (("profile", "use"), "Missing argument 'NAME'. See `hookd profile use --help`."),
        (
            ("completion",),
            "Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish. See `hookd completion --help`.",
        ),
    ],
)
def test_a_wrong_command_line_is_one_sentence(hookd, arguments, remedy):
    """Exit code 2, and where to look."""
    assert hookd(*arguments) == (2, "", f"hookd: {remedy}\n")


def test_the_version_is_said(hookd):
    """That of the package, where it is installed."""
    assert hookd("--version") == (0, f"hookd {version()}\n", "")
    assert "installed" in version() or version().count(".") == 2


def test_nothing_said_is_answered_with_help(hookd):
    """On the standard error, for it is not what was asked for."""
    done = hookd()

    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: hookd" in done.stderr


def test_the_table_names_commands():
    """Each row leads to a module of this room, and to a command in it."""
    for name, place in COMMANDS.items():
        module, attribute = place.split(":")
        command = getattr(importlib.import_module(f"runtime.cli.{module}"), attribute)

        assert command.name == name
