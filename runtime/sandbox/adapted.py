"""What the host does before and after a program that has an adapter around it: Actions and webtasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import orjson

from runtime.model import Answer, Outcome
from runtime.sandbox import actions, webtasks
from runtime.sandbox.caches import Caches, Change
from runtime.sandbox.wrapping import WEBTASK


class Program(Protocol):
    """What is known of a program: the trigger whose adapter is around it, and whether it has a use for `api.cache`."""

    adapted: str
    caches: bool


class Adapted:
    """One per engine."""

    def __init__(self, caches: Caches) -> None:
        self._caches = caches

    async def arguments(self, program: Program, arguments: bytes, owner: str) -> bytes:
        """What the adapter is called with: an Action's has the owner's cache behind the hook's arguments.

        An empty one for who has no use for it: nothing is read for that.
        """
        if program.adapted == WEBTASK:
            return arguments
        return _with(arguments, await self._caches.entries(owner, program.adapted) if program.caches else ())

    async def outcome(self, program: Program, outcome: Outcome, owner: str, *, dry: bool = False) -> Outcome:
        """What came of it, as of a hook; what an Action changed in its cache is kept, unless it is `dry`."""
        if not isinstance(outcome, Answer):
            return outcome
        if program.adapted == WEBTASK:
            return webtasks.unpacked(outcome)
        did = actions.unpacked(outcome)
        if did.asked or did.changes:
            program.caches = True
        if did.changes and not dry:
            await self._caches.keep(owner, program.adapted, did.changes)
        return did.outcome


def _with(arguments: bytes, entries: Sequence[Change]) -> bytes:
    """The arguments, a JSON array, and behind them the entries: `[key, value, expires_at]` each."""
    said = orjson.dumps([list(entry) for entry in entries]) if entries else b"[]"
    return b"%b%b%b]" % (arguments[:-1], b"," if len(arguments) > len(b"[]") else b"", said)
