"""`hookd completion`, and what it completes beyond commands and options: names of hooks and of profiles.

Rule: whoever presses Tab waits for a moment only, and never reads an error.
"""

from __future__ import annotations

import os
from typing import Final

import click
from click.shell_completion import CompletionItem, get_completion_class

PATIENCE: Final = 1.5
"""Seconds that a server has to say its hooks' names."""

_VARIABLE: Final = "_HOOKD_COMPLETE"
_PLACES: Final = {
    "bash": "hookd completion bash > ~/.local/share/bash-completion/completions/hookd",
    "zsh": "hookd completion zsh > ~/.zfunc/_hookd      # in ~/.zshrc: fpath+=~/.zfunc; autoload -Uz compinit; compinit",
    "fish": "hookd completion fish > ~/.config/fish/completions/hookd.fish",
}


@click.command(short_help="Print what makes your shell complete.")
@click.argument("shell", type=click.Choice(list(_PLACES)))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options, and the names of hooks.

    \b
    Examples:
      source <(hookd completion bash)
      hookd completion bash > ~/.local/share/bash-completion/completions/hookd
      hookd completion zsh > ~/.zfunc/_hookd
      hookd completion fish > ~/.config/fish/completions/hookd.fish
    """
    from runtime.cli.commands import hookd

    kind = get_completion_class(shell)
    assert kind is not None
    # zsh wants its line first.
    lines = kind(hookd, {}, "hookd", _VARIABLE).source().strip().split("\n")
    head = 1 if lines[0].startswith("#compdef") else 0
    click.echo("\n".join([*lines[:head], f"# {_PLACES[shell]}", *lines[head:]]))


def hook_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the server's hooks, with their extensibility points beside them."""
    del parameter
    try:
        from runtime.cli.profiles import choose
        from runtime.cli.server import Server

        given = {name: ctx.params.get(name) for name in ("profile", "url", "token")}
        with Server(choose(**given, environ=os.environ), patience=PATIENCE) as server:
            hooks = server.hooks()
    except Exception:  # noqa: BLE001 - see above
        return []
    return [CompletionItem(hook.name, help=hook.trigger) for hook in hooks if hook.name.startswith(incomplete)]


def profile_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the profiles, with their servers beside them."""
    del ctx, parameter
    try:
        from runtime.cli.profiles import every_profile, profiles_file

        known = every_profile(profiles_file()).known.values()
    except Exception:  # noqa: BLE001 - see above
        return []
    return [CompletionItem(row.name, help=row.url) for row in known if row.name.startswith(incomplete)]
