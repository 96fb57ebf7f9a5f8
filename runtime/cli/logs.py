"""`hookd logs`: what hooks did, as it was and as it happens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from runtime.cli.failures import WrongUsage
from runtime.cli.moments import clock
from runtime.cli.options import Remote, hook_argument, hook_of_this_folder, server_options
from runtime.cli.output import Cell, Output, Styled
from runtime.model import LEVELS
from runtime.storage.base import OUTCOMES
from runtime.triggers import TRIGGERS

PAGE: Final = 100
MOST: Final = 10_000
FIRST_ID: Final = "0" * 26
"""Before every execution: a listener who saw this one gets all that is stored since."""

_AGO: Final = re.compile(r"(\d{1,6})\s*(s|m|h|d)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LEVEL_STYLES: Final = {"debug": "dim", "info": "", "warn": "yellow", "error": "red"}
_INDENT: Final = " " * 14


@click.command(short_help="Show what hooks did; -f for what they do.")
@hook_argument()
@click.option("--follow", "-f", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@click.option(
    "--limit", "-n", type=click.IntRange(0, MOST), metavar="N", help="The newest so many. [default: 20, with -f 10]"
)
@click.option("--since", metavar="WHEN", help="Not older than: 10m, 2h, 3d, or 2026-11-21T20:00:00Z.")
@click.option("--until", metavar="WHEN", help="Not newer than, likewise.")
@click.option("--trigger", type=click.Choice(list(TRIGGERS)), metavar="POINT", help="Of this extensibility point.")
@click.option("--client", metavar="ID", help="For this OAuth client.")
@click.option("--decision", type=click.Choice(("allow", "deny")), help="With this decision.")
@click.option(
    "--outcome", type=click.Choice(OUTCOMES), metavar="OUTCOME", help="answer, refusal, failure, or a failure's code."
)
@click.option("--level", type=click.Choice(LEVELS), help="With a console line of this level.")
@click.option("--request-id", metavar="ID", help="Of this request.")
@click.option("--all", "everything", is_flag=True, help="In a project folder: of all hooks.")
@server_options
def logs(
    remote: Remote,
    hook: str | None,
    follow: bool,
    limit: int | None,
    since: str | None,
    until: str | None,
    everything: bool,
    **filters: Any,
) -> None:
    """Show what hooks did: decision, time, console output, errors, requests. The newest comes last.

    In a project folder: what its hook did.

    \b
    Examples:
      hookd logs -f
      hookd logs my-hook --outcome failure --since 1h
      hookd logs -f --json | jq .console
    """
    if follow and until is not None:
        raise click.UsageError("--until does not go with --follow.", click.get_current_context())
    query = {name: value for name, value in filters.items() if value is not None}
    named = hook or (None if everything else _around())
    if named is not None:
        query["hook"] = remote.hook(named).id
    span = {"since": _moment(since), "until": _moment(until)}
    if limit is None:
        limit = 10 if follow else 20
    found = _newest(remote, {**query, **{name: at for name, at in span.items() if at}}, limit)
    if follow:
        _follow(remote, query, found)
        return
    remote.out.answer(found, lambda: _show_all(remote.out, found))
    if not found:
        remote.out.note("Nothing is recorded" + (" that fits." if query or since or until else " yet."))


def _show_all(out: Output, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        show_execution(out, row)


def show_execution(out: Output, row: Mapping[str, Any]) -> None:
    """One execution: a line of what was decided, and below it what the hook printed, asked for and got wrong."""
    allowed = row["decision"] == "allow"
    head: list[Cell] = [
        Styled(clock(row["at"]), "dim"),
        Styled("allow" if allowed else "deny ", "green" if allowed else "red"),
        Styled(row["hook"], "bold"),
        row["trigger"],
    ]
    if row["client"]:
        head.append(f"client {row['client']}")
    head.append(Styled(f"{row['duration_ms']:.1f} ms", "dim"))
    out.line(*head, gap="  ")
    for line in _details(row):
        out.line(Styled(_INDENT + line.text.replace("\n", "\n" + _INDENT), line.style))


def _details(row: Mapping[str, Any]) -> Iterator[Styled]:
    for printed in row["console"]:
        yield Styled(f"{printed['level']:<5}  {printed['text']}", _LEVEL_STYLES.get(printed["level"], ""))
    for asked in row["operations"]:
        yield Styled(_operation(asked), "red" if asked["error"] else "cyan")
    fault = row["hook_error"]
    if fault is not None:
        yield Styled(f"{fault['code']}: {(fault['stack'] or fault['message']).rstrip()}", "red")
    for claim in row["dropped"]:
        yield Styled(f"dropped {claim['name']}: {claim['reason']}", "yellow")


def _operation(asked: Mapping[str, Any]) -> str:
    parts = (asked["kind"], asked["method"], asked["host"], asked["status"], asked["error"], f"{asked['ms']:.0f} ms")
    return " ".join(str(part) for part in parts if part)


def _newest(remote: Remote, query: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """The newest so many, oldest first."""
    found: list[dict[str, Any]] = []
    before: str | None = None
    while len(found) < limit:
        page = remote.server.executions(
            {**query, "limit": min(PAGE, limit - len(found)), **({"before": before} if before else {})}
        )
        found += page["executions"]
        before = page["next"]
        if before is None:
            break
    return found[::-1]


def _follow(remote: Remote, query: Mapping[str, Any], found: list[dict[str, Any]]) -> None:
    from runtime.cli.following import Missed, follow

    def show(row: Mapping[str, Any]) -> None:
        if remote.out.json:
            remote.out.event(row)
        else:
            show_execution(remote.out, row)

    for row in found:
        show(row)
    try:
        for event in follow(remote, query, after=found[-1]["id"] if found else None):
            if not isinstance(event, Missed):
                show(event)
            elif remote.out.json:
                remote.out.event({"missed": event.count})
            else:
                remote.out.warn(f"{event.count or 'Some'} executions are missing here: hookd logs shows them.")
    except KeyboardInterrupt:
        return


def _around() -> str | None:
    """The hook of the project folder around, if there is one."""
    from runtime.cli.project import find_folder

    return None if find_folder(Path.cwd()) is None else hook_of_this_folder()


def _moment(text: str | None) -> str | None:
    """RFC 3339, of what people write."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        moment = datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    else:
        try:
            moment = datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise WrongUsage(f"{text!r} is no time: 10m, 2h and 3d are, and 2026-11-21T20:00:00Z.") from None
    return moment.isoformat().replace("+00:00", "Z")
