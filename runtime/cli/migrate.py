"""`hookd migrate`: everything from one storage into another."""

from __future__ import annotations

import json
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from runtime.cli.failures import EXIT_BROKEN, CommandFailed
from runtime.cli.options import output_options
from runtime.cli.output import Output, Styled, plural
from runtime.cli.settings_options import CONFIG
from runtime.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from runtime.migration import Compared
    from runtime.settings import StorageSettings

T = TypeVar("T")


@click.command()
@CONFIG
@click.option("--from", "source", metavar="URL", help="The storage to read.  [default: [storage] url]")
@click.option("--to", "target", metavar="URL", required=True, help="The storage to fill, which must be empty.")
@click.option("--discard", is_flag=True, help="Empty a target that an earlier call left unfinished, and do no more.")
@output_options
def migrate(out: Output, config: Path | None, source: str | None, target: str, discard: bool) -> None:
    """Move everything from SQLite to Redis, or back.

    Hooks with their versions, sealed secrets and data, caches, and execution records. Then both are read and compared by their
    SHA-256. The source stays as it is. No hookd may use either of them meanwhile. The new one needs the same master key.

    Interrupted, it leaves a target that no hookd uses: call it again to go on, or with --discard to empty it. All that
    [storage] says but the URL is good for both; put a Redis's password there, a command line is seen by others.

    \b
    Examples:
      hookd migrate --config config.toml --to redis://redis.example:6379/0
      hookd migrate --from redis://redis.example:6379/0 --to sqlite:////var/lib/hookd/hookd.db
    """
    from runtime.bootstrap import load_settings
    from runtime.migration import name_of, storage_at

    storage = load_settings(config, os.environ).storage
    into = storage_at(storage, target)
    if discard:
        _run(_discard(into, out))
        out.answer({"to": name_of(into), "discarded": True}, lambda: None)
        out.note(f"{name_of(into)} is empty.")
        return
    here = storage_at(storage, source)
    compared = _run(_move(here, into, out))
    _show(out, compared, name_of(here), name_of(into))
    if compared.differences:
        click.get_current_context().exit(EXIT_BROKEN)


async def _move(source: StorageSettings, target: StorageSettings, out: Output) -> Compared:
    from runtime.migration import compare, copy, count, finish, name_of, open_pair

    async with open_pair(source, target) as (here, there):
        total = await count(here)
        with out.counting("Copying", total) as step:
            await copy(here, there, step)
        with out.counting("Comparing", total) as step:
            compared = await compare(here, there, step)
        if not compared.differences:
            await finish(here, there, name_of(source))
        return compared


async def _discard(target: StorageSettings, out: Output) -> None:
    from runtime.migration import count, discard, open_unfinished

    async with open_unfinished(target) as storage:
        with out.counting("Removing", await count(storage)) as step:
            await discard(storage, step)


def _run(work: Coroutine[None, None, T]) -> T:
    import asyncio

    try:
        return asyncio.run(work)
    except Unavailable as error:
        raise CommandFailed(
            f"The storage failed: {(error.debug or error.message).rstrip('.')}. Run this again: it goes on where it was."
        ) from None
    except NotFound:
        raise CommandFailed(
            "A hook was changed meanwhile: stop every hookd that uses the source, then run this again."
        ) from None


def _show(out: Output, compared: Compared, source: str, target: str) -> None:
    sides = (("from", source, compared.source), ("to", target, compared.target))
    document: dict[str, object] = {
        side: {"url": url, "items": dict(found.counts), "sha256": found.sum} for side, url, found in sides
    }
    out.answer(
        {**document, "equal": not compared.differences, "differences": compared.differences},
        lambda: _table(out, compared, source, target),
    )
    if compared.differences:
        out.warn(
            f"They differ in {plural(len(compared.differences), 'tenant')}, so {target} stays unfinished, and no hookd uses it. "
            "Empty it with --discard, and run this again while nobody uses the source."
        )
        return
    out.note(
        f"Both are equal. Put url = {json.dumps(target)} into [storage], with the same master key; {source} is as it was."
    )


def _table(out: Output, compared: Compared, source: str, target: str) -> None:
    kinds = dict.fromkeys((*compared.source.counts, *compared.target.counts))
    rows = [(kind, f"{compared.source.counts[kind]:,}", f"{compared.target.counts[kind]:,}") for kind in kinds]
    out.table(("", "FROM", "TO"), rows)
    out.line("")
    out.fields(
        [(f"SHA-256 of {url}", found.sum) for url, found in ((source, compared.source), (target, compared.target))]
    )
    for difference in compared.differences:
        out.line(Styled("different from", "red"), difference)
