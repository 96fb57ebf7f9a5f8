"""What the host does before and after a program that has an adapter around it: Actions and webtasks."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from runtime.model import Answer, Outcome
from runtime.sandbox import actions, webtasks
from runtime.sandbox.caches import Caches, Change
from runtime.sandbox.wrapping import WEBTASK


class Adapted:
    """One per engine."""

    def __init__(self, caches: Caches) -> None:
        self._caches = caches

    async def arguments(self, arguments: bytes, owner: str, trigger: str, *, caches: bool) -> bytes:
        """What the adapter is called with: an Action's has the owner's cache behind the hook's arguments.

        An empty one for a source that does not name it (`caches`): nothing is read for that.
        """
        if trigger == WEBTASK:
            return arguments
        return _with(arguments, await self._caches.entries(owner, trigger) if caches else ())

    async def outcome(self, outcome: Outcome, owner: str, trigger: str, *, dry: bool = False) -> Outcome:
        """What came of it, as of a hook; what an Action changed in its cache is kept, unless it is `dry`."""
        if not isinstance(outcome, Answer):
            return outcome
        if trigger == WEBTASK:
            return webtasks.unpacked(outcome)
        outcome, changes = actions.unpacked(outcome)
        if changes and not dry:
            await self._caches.keep(owner, trigger, changes)
        return outcome


def _with(arguments: bytes, entries: Sequence[Change]) -> bytes:
    """The arguments, a JSON array, and behind them the entries: `[key, value, expires_at]` each."""
    said = orjson.dumps([list(entry) for entry in entries]) if entries else b"[]"
    return b"%b%b%b]" % (arguments[:-1], b"," if len(arguments) > len(b"[]") else b"", said)
