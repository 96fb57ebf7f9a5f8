"""`hookd enable`, `hookd disable` and `hookd rm`."""

from __future__ import annotations

import sys

import click

from runtime.cli.failures import WrongUsage
from runtime.cli.options import Remote, hook_argument, server_options
from runtime.cli.output import is_terminal, plural
from runtime.cli.reports import remark, summary, written_body


@click.command()
@hook_argument()
@server_options
def enable(remote: Remote, hook: str | None) -> None:
    """Let token requests run a hook.

    Another hook that is enabled for the same requests is disabled.

    \b
    Example:
      hookd enable my-hook
    """
    _switch(remote, hook, enabled=True)


@click.command()
@hook_argument()
@server_options
def disable(remote: Remote, hook: str | None) -> None:
    """Let no token request run a hook. It stays on the server.

    \b
    Example:
      hookd disable my-hook
    """
    _switch(remote, hook, enabled=False)


@click.command()
@hook_argument()
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@server_options
def rm(remote: Remote, hook: str | None, yes: bool) -> None:
    """Remove a hook with its versions and secrets, for good.

    \b
    Examples:
      hookd rm my-hook
      hookd rm my-hook --yes
    """
    found = remote.hook(hook)
    if not yes:
        versions, secrets = remote.server.versions(found), remote.server.secret_names(found)
        its = plural(len(versions), "version") + (f" and {plural(len(secrets), 'secret')}" if secrets else "")
        state = "enabled" if found.enabled else "disabled"
        ask(f"Remove {found.name} ({found.trigger}, {state}) with {its}, for good?")
    remote.server.delete(found)
    remote.out.answer({"removed": summary(found)}, lambda: remote.out.line(f"Removed {found.name}."))


def ask(question: str) -> None:
    """Go on if somebody says yes. `WrongUsage` where nobody can be asked."""
    if not is_terminal(sys.stdin):
        raise WrongUsage(f"{question} Nobody is here to answer: give --yes.")
    if not click.confirm(question, err=True):
        click.echo("Nothing was removed.", err=True)
        raise click.Abort


def _switch(remote: Remote, name: str | None, *, enabled: bool) -> None:
    hook = remote.hook(name)
    word = "enabled" if enabled else "disabled"
    written = remote.server.update(hook, {"enabled": enabled})
    already = hook.enabled == enabled
    said = f"{hook.name} is {word} already." if already else f"{hook.name} is {word}, at {hook.trigger}."
    remote.out.answer(written_body(written, changed=not already), lambda: remote.out.line(said))
    remark(remote.out, written)
