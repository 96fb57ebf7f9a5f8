"""`hookd secrets`: set, list and remove what hooks read as `context.webtask.secrets`.

Rule: a value comes from where nobody else sees it (`values`), and goes to the server only. No message and no output has one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from runtime.cli.changing import ask
from runtime.cli.completing import hook_names, secret_names
from runtime.cli.failures import NotThere, WrongUsage
from runtime.cli.options import Remote, server_options
from runtime.cli.output import plural
from runtime.cli.reports import summary, unmasked
from runtime.cli.values import METAVAR, env_file_option, gather_values, require_named

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
        remote.out.note(f"{found.name} has no secrets. Set one: hookd secrets set NAME --hook {found.word}")


@secrets.command("set")
@click.argument("names", nargs=-1, metavar=f"[{METAVAR}]...", shell_complete=secret_names)
@_HOOK
@env_file_option("Set all that this file of NAME=value lines has.")
@server_options
def set_secrets(remote: Remote, names: Sequence[str], hook: str | None, env_file: Path | None) -> None:
    """Set secrets of a hook; those that it has already get the new value.

    A value is asked for, or read from the standard input, from a file or from a variable of the environment: never from the command
    line, which others on this machine can see. The line break at its end is no part of it.

    \b
    Examples:
      hookd secrets set API_KEY --hook my-hook
      pass show api-key | hookd secrets set API_KEY
      hookd secrets set SIGNING_KEY=@key.pem TOKEN=env:CI_TOKEN
      hookd secrets set --env-file secrets.env
    """
    if not names and env_file is None:
        raise WrongUsage("Which secrets? Name them, or give --env-file.")
    require_named(names, command="hookd secrets set")
    found = remote.hook(hook)
    values = gather_values(names, env_file, command="hookd secrets set")
    _require_values(values)
    remote.server.set_secrets(found, values)
    remote.out.answer(
        {"hook": summary(found), "set": sorted(values)},
        lambda: remote.out.line(f"Set {', '.join(sorted(values))} of {found.name}."),
    )
    warning = unmasked(values)
    if warning:
        remote.out.warn(warning)


@secrets.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=secret_names)
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
            f"{found.name} has no secret {missing[0]!r}. hookd secrets ls --hook {found.word} lists those that it has."
        )
    if not yes:
        ask(f"Remove {plural(len(names), 'secret')} of {found.name}: {', '.join(names)}?")
    remote.server.remove_secrets(found, names)
    remote.out.answer(
        {"hook": summary(found), "removed": sorted(names)},
        lambda: remote.out.line(f"Removed {', '.join(names)} of {found.name}."),
    )


def _require_values(values: Mapping[str, str]) -> None:
    empty = sorted(name for name, value in values.items() if not value)
    if empty:
        raise WrongUsage(
            f"The value of {empty[0]} is empty: nothing was set. Give it one, or remove it: hookd secrets rm."
        )
