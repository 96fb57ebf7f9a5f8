"""What the host does before and after a program that has an adapter around it: Actions and webtasks."""

from __future__ import annotations

from collections.abc import Callable

from runtime.model import Answer, Outcome
from runtime.sandbox import actions, webtasks
from runtime.sandbox.caches import Caches
from runtime.sandbox.wrapping import WEBTASK


class Adapted:
    """One per engine. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._caches = Caches(clock)

    def arguments(self, arguments: bytes, owner: str, trigger: str) -> bytes:
        """What the adapter is called with: an Action's has the owner's cache behind the hook's arguments."""
        return arguments if trigger == WEBTASK else self._caches.handed(arguments, owner, trigger)

    def outcome(self, outcome: Outcome, owner: str, trigger: str, *, dry: bool = False) -> Outcome:
        """What came of it, as of a hook; what an Action changed in its cache is kept, unless it is `dry`."""
        if not isinstance(outcome, Answer):
            return outcome
        if trigger == WEBTASK:
            return webtasks.unpacked(outcome)
        outcome, changes = actions.unpacked(outcome)
        if changes and not dry:
            self._caches.keep(owner, trigger, changes)
        return outcome
