"""`hookd completion`, and what it completes beyond commands and options: names of hooks, secrets, profiles and examples.

Rule: whoever presses Tab waits for a moment only, and never reads an error.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class, get_completion_class

if TYPE_CHECKING:
    from runtime.cli.server import Server

PATIENCE: Final = 1.5
"""Seconds that a server has to say its hooks' names."""

VARIABLE: Final = "_HOOKD_COMPLETE"
"""Where a shell says that it asks for words."""

_PLACES: Final = {
    "bash": "hookd completion bash > ~/.local/share/bash-completion/completions/hookd",
    "zsh": "hookd completion zsh > ~/.zfunc/_hookd      # in ~/.zshrc: fpath+=~/.zfunc; autoload -Uz compinit; compinit",
    "fish": "hookd completion fish > ~/.config/fish/completions/hookd.fish",
}


@add_completion_class
class _Bash(BashComplete):
    """bash puts a word in as it is given, where zsh and fish quote it: a hook's name may have spaces."""

    # Without -r, `read` takes a backslash for its own.
    source_template = BashComplete.source_template.replace(" read type", " read -r type")

    def format_completion(self, item: CompletionItem) -> str:
        typed = os.environ.get("COMP_WORDS", "")
        is_quoted = typed.count('"') % 2 or typed.count("'") % 2
        value = item.value if is_quoted else item.value.replace(" ", r"\ ")
        return f"{item.type},{value}"


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
    lines = kind(hookd, {}, "hookd", VARIABLE).source().strip().split("\n")
    head = 1 if lines[0].startswith("#compdef") else 0
    click.echo("\n".join([*lines[:head], f"# {_PLACES[shell]}", *lines[head:]]))


def hook_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the server's hooks, with their extensibility points beside them."""
    del parameter
    try:
        with _server(ctx) as server:
            hooks = server.hooks()
    except Exception:  # noqa: BLE001 - see above
        return []
    return [CompletionItem(hook.name, help=hook.trigger) for hook in hooks if hook.name.startswith(incomplete)]


def secret_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the secrets that the hook has: of `--hook`, or of the project folder."""
    del parameter
    try:
        from runtime.cli.options import hook_of_this_folder

        with _server(ctx) as server:
            names = server.secret_names(server.find(ctx.params.get("hook") or hook_of_this_folder()))
    except Exception:  # noqa: BLE001 - see above
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def template_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the examples that a hook can begin with."""
    del ctx, parameter
    from runtime.cli.starters import templates

    return [CompletionItem(name) for name in templates() if name.startswith(incomplete)]


def profile_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the profiles, with their servers beside them."""
    del ctx, parameter
    try:
        from runtime.cli.profiles import every_profile, profiles_file

        known = every_profile(profiles_file()).known.values()
    except Exception:  # noqa: BLE001 - see above
        return []
    return [CompletionItem(row.name, help=row.url) for row in known if row.name.startswith(incomplete)]


def _server(ctx: click.Context) -> Server:
    """The one that the options so far name."""
    from runtime.cli.profiles import choose
    from runtime.cli.server import Server

    given = {name: ctx.params.get(name) for name in ("profile", "url", "token")}
    return Server(choose(**given, environ=os.environ), patience=PATIENCE)
