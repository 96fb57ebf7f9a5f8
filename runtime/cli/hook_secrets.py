"""`hookd secrets`: set, list and remove what hooks read as `context.webtask.secrets`.

Rule: a value comes from where nobody else sees it, and goes to the server only. No message and no output has one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from runtime.cli.changing import ask
from runtime.cli.completing import hook_names
from runtime.cli.failures import NotThere, WrongUsage
from runtime.cli.options import Remote, server_options
from runtime.cli.output import is_terminal, plural
from runtime.cli.reports import summary

_HOOK = click.option(
    "--hook",
    metavar="HOOK",
    shell_complete=hook_names,
    help="The hook, by name or id. [default: that of the project folder]",
)


@click.group()
def secrets() -> None:
    """Set, list or remove a hook's secrets."""


@secrets.command("ls")
@_HOOK
@server_options
def list_secrets(remote: Remote, hook: str | None) -> None:
    """List the names of a hook's secrets. Nobody can read their values back.

    \b
    Example:
      hookd secrets ls --hook my-hook
    """
    found = remote.hook(hook)
    names = remote.server.secret_names(found)
    remote.out.answer({"hook": summary(found), "secrets": names}, lambda: remote.out.lines(names))
    if not names:
        remote.out.note(f"{found.name} has no secrets. Set one: hookd secrets set NAME --hook {found.name}")


@secrets.command("set")
@click.argument("names", nargs=-1, metavar="[NAME | NAME=@FILE]...")
@_HOOK
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Set all that this file of NAME=value lines has.",
)
@server_options
def set_secrets(remote: Remote, names: Sequence[str], hook: str | None, env_file: Path | None) -> None:
    """Set secrets of a hook; those that it has already get the new value.

    A value is asked for, or read from the standard input, or from a file: never from the command line, which others on this
    machine can see. The line break at its end is no part of it.

    \b
    Examples:
      hookd secrets set API_KEY --hook my-hook
      pass show api-key | hookd secrets set API_KEY
      hookd secrets set SIGNING_KEY=@key.pem
      hookd secrets set --env-file secrets.env
    """
    if not names and env_file is None:
        raise WrongUsage("Which secrets? Name them, or give --env-file.")
    _require_names(names)
    found = remote.hook(hook)
    values = {} if env_file is None else _from_env_file(env_file)
    values |= {name.partition("=")[0]: _value(name, alone=len(names) == 1) for name in names}
    _require_values(values)
    remote.server.set_secrets(found, values)
    remote.out.answer(
        {"hook": summary(found), "set": sorted(values)},
        lambda: remote.out.line(f"Set {', '.join(sorted(values))} of {found.name}."),
    )


@secrets.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_HOOK
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@server_options
def remove_secrets(remote: Remote, names: Sequence[str], hook: str | None, yes: bool) -> None:
    """Remove secrets of a hook, for good.

    \b
    Example:
      hookd secrets rm API_KEY --hook my-hook --yes
    """
    found = remote.hook(hook)
    missing = sorted(set(names) - set(remote.server.secret_names(found)))
    if missing:
        raise NotThere(
            f"{found.name} has no secret {missing[0]!r}. hookd secrets ls --hook {found.name} lists those that it has."
        )
    if not yes:
        ask(f"Remove {plural(len(names), 'secret')} of {found.name}: {', '.join(names)}?")
    remote.server.remove_secrets(found, names)
    remote.out.answer(
        {"hook": summary(found), "removed": sorted(names)},
        lambda: remote.out.line(f"Removed {', '.join(names)} of {found.name}."),
    )


def _require_names(names: Sequence[str]) -> None:
    """`WrongUsage` for what has a value on the command line, which it does not repeat."""
    for given in names:
        name, equals, rest = given.partition("=")
        if equals and not rest.startswith("@"):
            raise WrongUsage(
                "A value on the command line is seen by others on this machine, and stays in your shell's history: take it for "
                f"lost, and make a new one. Give the name alone, and the value when it is asked for: hookd secrets set {name}"
            )
    if not is_terminal(sys.stdin) and sum("=" not in name for name in names) > 1:
        raise WrongUsage("The standard input has one value only. Give NAME=@FILE for the others, or --env-file.")


def _value(given: str, *, alone: bool) -> str:
    name, equals, rest = given.partition("=")
    if equals:
        return _without_line_break(_read(Path(rest[1:])))
    if not is_terminal(sys.stdin):
        return _without_line_break(sys.stdin.read())
    value: str = click.prompt("Value" if alone else f"Value of {name}", hide_input=True, err=True)
    return value


def _from_env_file(file: Path) -> dict[str, str]:
    from runtime.cli.project import read_values

    values = dict(read_values(file))
    if not values:
        raise WrongUsage(f"{file} has no line of NAME=value.")
    return values


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise WrongUsage(f"{file} can not be read ({reason}). After the @ comes the name of a file.") from None


def _without_line_break(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _require_values(values: dict[str, str]) -> None:
    empty = sorted(name for name, value in values.items() if not value)
    if empty:
        raise WrongUsage(
            f"The value of {empty[0]} is empty: nothing was set. Give it one, or remove it: hookd secrets rm."
        )
