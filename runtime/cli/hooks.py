"""`hookd ls` and `hookd show`: what is on the server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from runtime.cli.failures import NotThere
from runtime.cli.moments import moment
from runtime.cli.options import Remote, hook_argument, server_options
from runtime.cli.output import Cell, Output, Styled, state
from runtime.cli.reports import modules_line
from runtime.triggers import TRIGGERS

if TYPE_CHECKING:
    from runtime.cli.server import RemoteHook

_TYPED: Final = re.compile(
    r"^\s*(import type|export type|interface|type \w+ =)\b|[\w)\]]: (string|number|boolean|any|unknown)\b", re.MULTILINE
)


@click.command()
@click.option("--trigger", type=click.Choice(list(TRIGGERS)), metavar="POINT", help="Of this extensibility point only.")
@click.option("--enabled/--disabled", default=None, help="Only those that run, or that do not.")
@server_options
def ls(remote: Remote, trigger: str | None, enabled: bool | None) -> None:
    """List the hooks.

    \b
    Examples:
      hookd ls
      hookd ls --trigger credentials-exchange --enabled
      hookd ls --json | jq -r '.[].name'
    """
    hooks = remote.server.hooks(trigger=trigger, enabled=enabled)
    remote.out.answer([dict(hook.body) for hook in hooks], lambda: _show_list(remote, hooks))


@click.command(short_help="Show a hook: state, version, policy, script.")
@hook_argument()
@click.option(
    "--version", "number", type=click.IntRange(1), metavar="N", help="One of its versions, see `hookd versions`."
)
@click.option("--script", is_flag=True, help="The script alone.")
@server_options
def show(remote: Remote, hook: str | None, number: int | None, script: bool) -> None:
    """Show a hook: its state, version, modules, policy, the names of its secrets, and its script.

    \b
    Examples:
      hookd show my-hook
      hookd show my-hook --script > hook.js
      hookd show my-hook --version 3
    """
    server, found = remote.server, remote.hook(hook)
    deploys = server.versions(found)
    number = number or int(deploys[0]["number"])
    version = server.version(found, number)
    if script:
        remote.out.answer(
            {"script": version["script"]}, lambda: remote.out.code(version["script"], language(version["script"]))
        )
        return
    deploy = next((row for row in deploys if row["number"] == number), None)
    if deploy is None:
        raise NotThere(f"{found.name} has no version {number}. hookd versions {found.word} lists those that it has.")
    about = {
        **found.body,
        "script": version["script"],
        "dependencies": version["dependencies"],
        "version": deploy,
        "engine": version["engine"],
        "modules": version["modules"],
        "policy": server.policy(found),
        "secrets": server.secret_names(found),
    }
    remote.out.answer(about, lambda: _show_hook(remote.out, found, about))


def suffix_of(script: str) -> str:
    """`.ts` for what looks like TypeScript, else `.js`: for an editor, and for colours."""
    return ".ts" if _TYPED.search(script) else ".js"


def language(script: str) -> str:
    """The same, in the words of pygments."""
    return {".ts": "typescript", ".js": "javascript"}[suffix_of(script)]


def _show_list(remote: Remote, hooks: Sequence[RemoteHook]) -> None:
    if not hooks:
        remote.out.note(
            "There is no such hook. Make one: hookd create NAME --file hook.js, or hookd init for a project."
        )
        return
    rows = [(hook.name, hook.trigger, state(hook.enabled), hook.id) for hook in hooks]
    remote.out.table(("NAME", "TRIGGER", "STATE", "ID"), rows)


def _show_hook(out: Output, hook: RemoteHook, about: Mapping[str, Any]) -> None:
    policy, version = about["policy"], about["version"]
    rows: list[tuple[str, Cell]] = [
        ("Name", Styled(hook.name, "bold")),
        ("Trigger", hook.trigger),
        ("State", state(hook.enabled)),
        ("Id", hook.id),
        ("Version", f"{version['number']}, deployed {moment(version['at'])}"),
        ("Engine", about["engine"]),
    ]
    if about["dependencies"]:
        rows.append(("Dependencies", ", ".join(f"{name} {wanted}" for name, wanted in about["dependencies"].items())))
    if about["modules"]:
        rows.append(("Modules", modules_line(about["modules"])))
    rows += _policy_rows(policy)
    if about["secrets"]:
        rows.append(("Secrets", ", ".join(about["secrets"])))
    out.fields(rows)
    out.line("")
    out.code(about["script"], language(about["script"]))


def _policy_rows(policy: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    """What of a policy is not as it is by default."""
    rows: list[tuple[str, Cell]] = []
    if policy["clients"]:
        rows.append(("Clients", ", ".join(policy["clients"])))
    if policy["audiences"]:
        rows.append(("Audiences", ", ".join(policy["audiences"])))
    if policy["order"] is not None:
        rows.append(("Order", str(policy["order"])))
    if policy["on_error"] != "deny":
        rows.append(("On error", Styled(policy["on_error"], "yellow")))
    return rows
