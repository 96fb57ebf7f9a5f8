"""`hookd migrate`: everything from one storage into another, the runtime's or the token server's."""

from __future__ import annotations

import json
import os
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from runtime.cli.failures import EXIT_BROKEN, CommandFailed
from runtime.cli.options import output_options
from runtime.cli.output import Output, Styled, plural
from runtime.cli.settings_options import CONFIG
from runtime.errors import NotFound, SettingsError, Unavailable

if TYPE_CHECKING:
    from runtime.moves import Compared, Step

T = TypeVar("T")
S = TypeVar("S")
Opened = TypeVar("Opened")


class Moves(Protocol[S, Opened]):
    """What `migration` and `issuer_migration` both have: `S` are settings, `Opened` what they open."""

    def name_of(self, settings: S) -> str:
        """A URL without a password."""

    def storage_at(self, settings: S, url: str | None) -> S:
        """The settings for this URL."""

    def open_pair(self, source: S, target: S) -> AbstractAsyncContextManager[tuple[Opened, Opened]]:
        """Both, the target as it may be filled."""

    def open_unfinished(self, target: S) -> AbstractAsyncContextManager[Opened]:
        """What is to be discarded."""

    async def count(self, storage: Opened) -> int:
        """How many steps each of the others takes."""

    async def copy(self, source: Opened, target: Opened, step: Step) -> None:
        """Fill the target."""

    async def compare(self, source: Opened, target: Opened, step: Step) -> Compared:
        """Read both."""

    async def finish(self, source: Opened, target: Opened, name: str) -> None:
        """They are equal."""

    async def discard(self, storage: Opened, step: Step) -> None:
        """Empty it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is said of the one move and not of the other."""

    setting: str
    again: str
    parts: str
    remedy: str
    place: str


STORAGE = Words(
    setting="storage.url",
    again="it goes on where it was",
    parts="tenant",
    remedy="stays unfinished, and no hookd uses it. Empty it with --discard, and run this again while nobody uses the source.",
    place="url = {url} into [storage], with the same master key",
)
ISSUER = Words(
    setting="issuer.database",
    again="it begins anew",
    parts="record kind",
    remedy="is not to be used. Run this again, which begins anew, while nobody uses the source.",
    place="database = {url} into [issuer], with the same master key if it has one",
)


@click.command()
@CONFIG
@click.option(
    "--issuer", is_flag=True, help="Move the token server's data, [issuer] database, instead of the runtime's storage."
)
@click.option(
    "--from", "source", metavar="URL", help="What to read.  [default: [storage] url; with --issuer, [issuer] database]"
)
@click.option("--to", "target", metavar="URL", required=True, help="What to fill, which must be empty.")
@click.option("--discard", is_flag=True, help="Empty a target that an earlier call left unfinished, and do no more.")
@output_options
def migrate(out: Output, config: Path | None, issuer: bool, source: str | None, target: str, discard: bool) -> None:
    """Move everything from SQLite to Redis, or back.

    Hooks with their versions, sealed secrets and data, caches, and execution records. Then both are read and compared by their
    SHA-256. The source stays as it is. No hookd may use either of them meanwhile. The new one needs the same master key.

    With --issuer: the token server's clients, APIs, grants, users, refresh tokens, codes and signing keys, so that what it gave
    stays good. Signing keys go as they are: sealed ones need the same master key; who reads a target with others can sign tokens.

    Interrupted, it leaves a target that no hookd uses: call it again to go on, or with --discard to empty it. All that
    [storage] or [issuer] says but the URL is good for both; put a Redis's password there, a command line is seen by others.

    \b
    Examples:
      hookd migrate --config config.toml --to redis://redis.example:6379/0
      hookd migrate --from redis://redis.example:6379/0 --to sqlite:////var/lib/hookd/hookd.db
      hookd migrate --config config.toml --issuer --to redis://redis.example:6379/0
    """
    from runtime import issuer_migration, migration
    from runtime.sources import load_settings

    settings = load_settings(config, os.environ)
    if issuer:
        _migrate(issuer_migration, settings.issuer, ISSUER, out, source, target, discard=discard)
    else:
        _migrate(migration, settings.storage, STORAGE, out, source, target, discard=discard)


def _migrate(
    moves: Moves[S, Opened], settings: S, words: Words, out: Output, source: str | None, target: str, *, discard: bool
) -> None:
    into = _named(moves, settings, target, words, "--to")
    if discard:
        _run(_discard(moves, into, out), words)
        out.answer({"to": moves.name_of(into), "discarded": True}, lambda: None)
        out.note(f"{moves.name_of(into)} is empty.")
        return
    here = _named(moves, settings, source, words, "--from")
    compared = _run(_move(moves, here, into, out), words)
    _show(out, compared, moves.name_of(here), moves.name_of(into), words)
    if compared.differences:
        click.get_current_context().exit(EXIT_BROKEN)


def _named(moves: Moves[S, Opened], settings: S, url: str | None, words: Words, option: str) -> S:
    try:
        named = moves.storage_at(settings, url)
        moves.name_of(named)
    except SettingsError as error:
        if url is None:
            raise
        raise SettingsError(str(error).replace(f"'{words.setting}'", option)) from None
    return named


async def _move(moves: Moves[S, Opened], source: S, target: S, out: Output) -> Compared:
    async with moves.open_pair(source, target) as (here, there):
        total = await moves.count(here)
        with out.counting("Copying", total) as step:
            await moves.copy(here, there, step)
        with out.counting("Comparing", total) as step:
            compared = await moves.compare(here, there, step)
        if not compared.differences:
            await moves.finish(here, there, moves.name_of(source))
        return compared


async def _discard(moves: Moves[S, Opened], target: S, out: Output) -> None:
    async with moves.open_unfinished(target) as storage:
        with out.counting("Removing", await moves.count(storage)) as step:
            await moves.discard(storage, step)


def _run(work: Coroutine[None, None, T], words: Words) -> T:
    import asyncio

    try:
        return asyncio.run(work)
    except Unavailable as error:
        raise CommandFailed(
            f"The storage failed: {(error.debug or error.message).rstrip('.')}. Run this again: {words.again}."
        ) from None
    except NotFound:
        raise CommandFailed(
            "A hook was changed meanwhile: stop every hookd that uses the source, then run this again."
        ) from None


def _show(out: Output, compared: Compared, source: str, target: str, words: Words) -> None:
    sides = (("from", source, compared.source), ("to", target, compared.target))
    document: dict[str, object] = {
        side: {"url": url, "items": dict(found.counts), "sha256": found.sum} for side, url, found in sides
    }
    out.answer(
        {**document, "equal": not compared.differences, "differences": compared.differences},
        lambda: _table(out, compared, source, target),
    )
    if compared.differences:
        out.warn(f"They differ in {plural(len(compared.differences), words.parts)}, so {target} {words.remedy}")
        return
    place = words.place.format(url=json.dumps(target))
    out.note(f"Both are equal. Put {place}; {source} is as it was.")


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
