"""`hookd versions` and `hookd rollback`: what a hook was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from runtime.cli.failures import NotThere
from runtime.cli.moments import moment
from runtime.cli.options import Remote, hook_argument, server_options
from runtime.cli.output import Cell, Output, Styled
from runtime.cli.reports import remark, written_body


@click.command(short_help="List the versions of a hook, or what differs.")
@hook_argument()
@click.option("--diff", "number", type=click.IntRange(1), metavar="N", help="Show what changed since version N.")
@click.option(
    "--to", type=click.IntRange(1), metavar="N", help="Up to this version, with --diff. [default: the newest]"
)
@server_options
def versions(remote: Remote, hook: str | None, number: int | None, to: int | None) -> None:
    """List the versions of a hook, or show what differs between two.

    Every deploy is a version; the newest 50 are kept, and the newest one runs.

    \b
    Examples:
      hookd versions my-hook
      hookd versions my-hook --diff 3
      hookd show my-hook --version 3 --script
    """
    found = remote.hook(hook)
    if number is not None:
        diff = remote.server.diff(found, number, to)
        remote.out.answer(diff, lambda: _show_diff(remote.out, diff))
        return
    if to is not None:
        raise click.UsageError("--to goes with --diff.", click.get_current_context())
    deploys = remote.server.versions(found)
    rows: list[tuple[Cell, ...]] = [
        (
            str(row["number"]),
            moment(row["at"]),
            Styled(row["id"][:12], "dim"),
            Styled("● runs" if index == 0 and found.enabled else "", "green"),
        )
        for index, row in enumerate(deploys)
    ]
    remote.out.answer(deploys, lambda: remote.out.table(("VERSION", "DEPLOYED", "CONTENT", ""), rows))


@click.command(short_help="Deploy an earlier version again.")
@hook_argument()
@click.option(
    "--to", "number", type=click.IntRange(1), metavar="N", help="The version. [default: the one before the newest]"
)
@server_options
def rollback(remote: Remote, hook: str | None, number: int | None) -> None:
    """Deploy an earlier version again: script, dependencies, modules and engine as they were.

    Secrets, policy and whether it is enabled stay as they are.

    \b
    Examples:
      hookd rollback my-hook
      hookd rollback my-hook --to 3
    """
    found = remote.hook(hook)
    if number is None:
        deploys = remote.server.versions(found)
        if len(deploys) < 2:
            raise NotThere(f"{found.name} has one version only: there is nothing to go back to.")
        number = int(deploys[1]["number"])
    written = remote.server.roll_back(found, number)
    newest = int(remote.server.versions(found)[0]["number"])
    remote.out.answer(
        written_body(written, version=newest, restored=number),
        lambda: remote.out.line(f"{found.name} is as in version {number} again; this is version {newest}."),
    )
    remark(remote.out, written)


def _show_diff(out: Output, diff: dict[str, Any]) -> None:
    lines = [*diff["script"].split("\n"), *_dependency_lines(diff["dependencies"])]
    for line in filter(None, lines):
        out.line(Styled(line, _style(line)))
    if not any(lines):
        out.note(f"Version {diff['from']} and version {diff['to']} are alike.")


def _dependency_lines(diff: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, version in diff["removed"].items():
        yield f"-dependency {name} {version}"
    for name, version in diff["added"].items():
        yield f"+dependency {name} {version}"
    for name, change in diff["changed"].items():
        yield f"-dependency {name} {change['from']}"
        yield f"+dependency {name} {change['to']}"


def _style(line: str) -> str:
    styles = {"+": "green", "-": "red", "@": "cyan"}
    return "bold" if line.startswith(("+++", "---")) else styles.get(line[:1], "")
