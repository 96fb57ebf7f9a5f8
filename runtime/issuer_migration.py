"""Moves all of the token server's data from one store into another, and compares the two.

Rules: those of `migration`, but for one: what was cut off begins anew. A file has all of it or nothing, a Redis is unfinished until
both are equal. That the source is of one moment is held by the file's lock, or by the count of what was written to the Redis.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from runtime.issuer.moving import TABLES, Moving, key_of
from runtime.issuer.opening import at_url, name_of, open_moving
from runtime.issuer.records import Record
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.moves import Compared, Comparison, NotAlone, Step, begin, require_two, require_unfinished

__all__ = ["compare", "copy", "count", "discard", "finish", "name_of", "open_pair", "open_unfinished", "storage_at"]

KINDS: Final = {kind: table.replace("_", " ") for kind, table in TABLES.items()}
"""What the kinds of records are called."""


def storage_at(settings: IssuerSettings, url: str | None) -> IssuerSettings:
    """The settings for the store at this URL; None is their own. `SettingsError`."""
    return settings if url is None else at_url(settings, url)


@asynccontextmanager
async def open_pair(source: IssuerSettings, target: IssuerSettings) -> AsyncIterator[tuple[Moving, Moving]]:
    """Both stores, the target empty, or as it was left by the same move, and nobody's until `finish`.

    `SettingsError`, `NotAlone`, `NotEmpty`.
    """
    name, other = name_of(source), name_of(target)
    require_two(name, other)

    async with _opened(source) as here, _opened(target, is_target=True) as there:

        async def is_empty() -> bool:
            return await there.count() == 0

        await begin(there, other, name, is_empty)
        yield here, there


async def finish(source: Moving, target: Moving, name: str) -> None:
    """Call when both are equal: from now on the target is one as any other. `NotAlone` where the source is not as it was read."""
    if not await source.is_unchanged():
        raise NotAlone(name)
    await target.end_moving()


@asynccontextmanager
async def open_unfinished(target: IssuerSettings) -> AsyncIterator[Moving]:
    """A store that is unfinished, to be discarded. `SettingsError`, `NotAlone`."""
    async with _opened(target, is_target=True) as store:
        await require_unfinished(store, name_of(target))
        yield store


async def count(store: Moving) -> int:
    """How many steps `copy` takes, and `compare` again: a record each."""
    return await store.count()


async def copy(source: Moving, target: Moving, step: Step) -> None:
    """Put everything into the target, in place of what an earlier call left there. `HookdError`, and then it is no whole."""
    await target.clear(lambda: None)
    for kind in KINDS:
        async for record in source.records(kind):
            await target.restore(record)
            step()


async def compare(source: Moving, target: Moving, step: Step) -> Compared:
    """Read both, record by record: a difference is a kind's, and where it begins."""
    comparison, differences = Comparison[Record](KINDS), []
    for kind, kind_name in KINDS.items():
        different = await comparison.part(source.records(kind), target.records(kind), lambda _: step())
        if different is not None:
            differences.append(f"{kind_name}: {key_of(different)}")
    return comparison.done(differences)


async def discard(store: Moving, step: Step) -> None:
    """Remove all that was moved into an unfinished store, and that it is one."""
    await store.clear(step)
    await store.end_moving()


@asynccontextmanager
async def _opened(settings: IssuerSettings, *, is_target: bool = False) -> AsyncIterator[Moving]:
    store = await open_moving(settings, is_target=is_target)
    try:
        yield store
    finally:
        await store.close()
