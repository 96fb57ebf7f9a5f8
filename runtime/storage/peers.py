"""The contract of what processes that share a storage know of each other: what was changed, and what others run.

Rule: what is asked in each token request (`is_behind`) costs nanoseconds. A process that is gone hinders no token request, who reads
the log for a second at most, and who changes something until it is known to be gone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

from runtime.model import Execution
from runtime.storage.answers import SharedAnswers
from runtime.storage.rates import SharedBuckets

Place: TypeAlias = tuple[str, str]
"""A tenant and the id of an extensibility point."""

Position: TypeAlias = str
"""A place in the order in which executions were stored; only the storage that gave it can read it."""

BEAT_SECONDS: Final = 0.5
"""How often a process says that it is there, and looks who else is."""

SETTLE_SECONDS: Final = 1.0
"""Longest that `Peers.settled` waits."""

TOGETHER: Final = 200
"""Executions that `Peers.stored` reads at once, about."""


class Peers(ABC):
    """The other processes of this storage, as this one sees them. Belongs to one event loop."""

    answers: SharedAnswers | None = None
    """What those on other machines answer; None where all are on this one."""

    buckets: SharedBuckets | None = None
    """What bounds all machines together; None where all are on this one."""

    @property
    @abstractmethod
    def is_behind(self) -> bool:
        """Whether hooks were changed, by whomever, since `catch_up`.

        True from the moment in which the storage acknowledges a change of a process on this machine, and half a second later
        at the latest if that process was killed just then.
        """

    @abstractmethod
    async def catch_up(self, forget: Callable[[Place | None], None]) -> None:
        """Call `forget` with each place whose hooks were changed; None for all there are. Not `is_behind` after it. `Unavailable`."""

    @property
    @abstractmethod
    def are_there(self) -> bool:
        """Whether there are others. At most a second old."""

    @property
    def processes(self) -> int:
        """How many there are, with this one, on all machines, at most a second ago; 0 where all are on this one."""
        return 0

    @property
    @abstractmethod
    def follow(self) -> bool:
        """Whether records are to be written without delay: there are others, and some process has listeners, or waits for records."""

    @abstractmethod
    def has_listeners(self, count: int) -> None:
        """Tell the others that so many listen here."""

    @abstractmethod
    def records_wait(self, since: float) -> None:
        """Tell the others that execution records wait here since then (seconds of the monotonic clock); 0: there are none."""

    @abstractmethod
    async def settled(self) -> None:
        """Return when all processes have written the records that waited when this was called, after a second at the latest.

        At once where there are no others.
        """

    @abstractmethod
    async def end(self) -> Position:
        """Behind the last execution that is stored. `Unavailable`."""

    @abstractmethod
    async def stored(
        self, after: Position, tenants: Collection[str], seconds: float
    ) -> tuple[Sequence[Execution], Position]:
        """Executions of these tenants that were stored since, in that order, not all at once, and where to go on.

        Waits so long for the first. `Unavailable`.
        """
