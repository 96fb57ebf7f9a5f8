"""What moves have in common: the storage's (`migration`) and that of the token server's data (`issuer_migration`).

Rule: the source is only read. The target is empty before, and nobody's until both were compared and are equal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Generic, TypeAlias, TypeVar

import orjson

from runtime.errors import Conflict, SettingsError

T = TypeVar("T")

Step: TypeAlias = Callable[[], None]


@dataclass(slots=True, kw_only=True)
class Side:
    """What one of the two has: how many of each kind, and a SHA-256 over the SHA-256 of every item."""

    counts: Counter[str] = field(default_factory=Counter)
    sum: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Both sides, and where they begin to differ, in each part that is looked at by itself: empty where they are equal."""

    source: Side
    target: Side
    differences: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look finds that changes nothing: the version that is there, and the one that opening it makes of it.

    `unfinished` is what a move that did not end was moving into it, or None. `is_unused`: no service has ever been started with it.
    `sealed` tells the right master key: values by their contexts, of which that opens one (`proof`); empty where nothing is sealed.
    """

    has: int
    will: int
    unfinished: str | None = None
    is_unused: bool = False
    sealed: Mapping[str, bytes] = field(default_factory=dict)


class NotAlone(Conflict):
    """Something else uses the source or the target."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Another process uses {name}: stop every hookd that has it in its configuration, then run this again."
        )


class NotEmpty(Conflict):
    """The target has something already."""

    def __init__(self, name: str, source: str | None) -> None:
        whose = "something in it already" if source is None else f"what was begun from {source}"
        then = "" if source is None else ", or --discard what is there"
        super().__init__(
            f"{name} has {whose}. Nothing was changed. Name an empty one: a new file, another database or prefix{then}."
        )


class Unfinished(SettingsError):
    """A service finds a target that no move has ended. `command` is the one that moves what is there."""

    def __init__(self, command: str, source: str) -> None:
        super().__init__(
            f"The storage is unfinished: `{command}` from {source} did not come to its end. Run it again to go on, or with "
            "--discard to empty the storage."
        )


class Target(ABC):
    """What something is moved into."""

    @abstractmethod
    async def unfinished(self) -> str | None:
        """What is being moved into this, as `begin_moving` was told; None where all is there."""

    @abstractmethod
    async def begin_moving(self, source: str) -> None:
        """From now on this is unfinished, however the process ends."""

    @abstractmethod
    async def end_moving(self) -> None:
        """All is there."""


def require_source(looked: Looked | None, name: str, what: str) -> None:
    """`SettingsError` where nothing is there, or what an older hookd wrote."""
    if looked is None:
        raise SettingsError(f"There is no {what} at {name}.")
    if looked.has != looked.will:
        raise SettingsError(f"{name} is of an older hookd. Start this one with it once, which brings it up to date.")


def require_two(name: str, other: str) -> None:
    """`SettingsError` where the source is its own target."""
    if name == other:
        raise SettingsError(f"Both are {name}: name another target.")


async def require_unfinished(target: Target, name: str) -> None:
    """`SettingsError` where there is nothing to discard."""
    if await target.unfinished() is None:
        raise SettingsError(f"{name} is not unfinished, and stays as it is.")


async def begin(target: Target, name: str, source: str, is_empty: Callable[[], Awaitable[bool]]) -> None:
    """Mark a target that is empty, or as the same move left it. `NotEmpty`."""
    begun = await target.unfinished()
    if begun != source and (begun is not None or not await is_empty()):
        raise NotEmpty(name, begun)
    if begun is None:
        await target.begin_moving(source)


class Comparison(Generic[T]):
    """Counts and hashes the items of both sides as they come. `kinds` says what each type of them is called."""

    def __init__(self, kinds: Mapping[type, str]) -> None:
        self._source, self._target = _Summed(kinds), _Summed(kinds)

    async def part(self, ours: AsyncIterator[T], theirs: AsyncIterator[T], step: Callable[[T], None]) -> T | None:
        """Walk a part of both to its end; the first item that differs, or that only one of them has. A step for each of ours."""
        different = None
        while True:
            one, other = await anext(ours, None), await anext(theirs, None)
            if self._source.add(one) != self._target.add(other) and different is None:
                different = one or other
            if one is None and other is None:
                return different
            if one is not None:
                step(one)

    def done(self, differences: list[str]) -> Compared:
        """Both sides, after all parts."""
        return Compared(source=self._source.side(), target=self._target.side(), differences=differences)


class _Summed:
    """One side of it."""

    def __init__(self, kinds: Mapping[type, str]) -> None:
        self._kinds: Final = kinds
        self._counts: Counter[str] = Counter()
        self._sum = sha256()

    def add(self, item: object | None) -> bytes:
        """The item's own hash; b"" for none."""
        if item is None:
            return b""
        kind = self._kinds[type(item)]
        self._counts[kind] += 1
        one = sha256(orjson.dumps([kind, item], default=_plain)).digest()
        self._sum.update(one)
        return one

    def side(self) -> Side:
        return Side(counts=self._counts, sum=self._sum.hexdigest())


def _plain(value: object) -> object:
    assert isinstance(value, bytes)
    return sha256(value).hexdigest()
