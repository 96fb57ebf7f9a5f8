"""`hookd doctor`: what is wrong here, and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from runtime.cli.failures import EXIT_BROKEN
from runtime.cli.options import output_options
from runtime.cli.output import Output, Styled
from runtime.cli.settings_options import CONFIG

if TYPE_CHECKING:
    from runtime.cli.check import Check

_SIGNS: Final = {"good": Styled("✓", "green"), "look": Styled("!", "yellow"), "bad": Styled("✗", "bold red")}


@click.command()
@CONFIG
@output_options
def doctor(out: Output, config: Path | None) -> None:
    """Look for what would keep hookd from its work.

    In the configuration, and on this machine.

    \b
    ✓ it is well    ! look at it    ✗ the service will not do

    Changes nothing. Ends with exit code 1 when there is a ✗.

    \b
    Examples:
      hookd doctor --config config.toml
      hookd doctor --json
    """
    import asyncio

    found = asyncio.run(_look(out, config))
    out.answer(
        {"ok": not _is_bad(found), "checks": [check.document() for check in found]}, lambda: _conclude(out, found)
    )
    if _is_bad(found):
        click.get_current_context().exit(EXIT_BROKEN)


async def _look(out: Output, config: Path | None) -> list[Check]:
    from runtime.cli.checks import checks
    from runtime.cli.local import quiet_log

    found: list[Check] = []
    with quiet_log():
        async for check in checks(config, os.environ):
            found.append(check)
            if not out.json and not (out.quiet and check.state == "good"):
                _show(out, check)
    return found


def _show(out: Output, check: Check) -> None:
    out.line(_SIGNS[check.state], Styled(f"{check.name:<16}", "bold"), check.found)
    if check.remedy:
        out.line(" " * 18, Styled(f"→ {check.remedy}", "yellow" if check.state == "look" else ""))


def _conclude(out: Output, found: list[Check]) -> None:
    bad, look = (sum(check.state == state for check in found) for state in ("bad", "look"))
    out.note(f"\n{bad} to mend, {look} to look at." if bad or look else "\nAll is well.")


def _is_bad(found: list[Check]) -> bool:
    return any(check.state == "bad" for check in found)
