"""Opening a Redis: known by its mark, in the form that this release writes, and told to keep what it is given.

Rule: what is not ours is left as it is, and named in a `SettingsError`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from runtime.errors import Advice, SettingsError, Unavailable
from runtime.redis.address import Address, Means
from runtime.redis.server import Server, connect

T = TypeVar("T")

_OLDEST: Final = (6, 2)
_LOOKS: Final = 100
_KEYS_A_LOOK: Final = 1_000
_LOG: Final = logging.getLogger("hookd.storage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose all keys are that begin with `prefix` and a colon.

    The key `mark` says so: the name of whose they are, and `format`, that of the keys and what is in them. `setting` is what
    chooses the prefix, and `url` what says where the Redis is, in words for messages.
    """

    prefix: str
    mark: str
    name: str
    format: int
    setting: str
    url: str

    @property
    def text(self) -> str:
        """What the mark says."""
        return f"{self.name} {self.format}"


async def prepare(server: Server, place: Place) -> None:
    """Make it ours when nothing is there. `SettingsError` when it can not be used; in the log, what should be otherwise."""
    try:
        info = await _info(server, place)
        _require_age(server, info)
        await _require_ours(server, place)
        if info.get("loading"):  # which it was: until all is loaded it says that it appends nothing
            info = await _info(server, place)
    except Unavailable as error:
        raise unusable(error, place) from None
    for warning in await _warnings(server, place, info):
        _LOG.warning("%s: %s", server.name, warning)


def unusable(error: Unavailable, place: Place) -> SettingsError:
    """At the start that is a wrong setting: nothing is loaded that could be served without."""
    return SettingsError(
        f"The storage can not be used: {error.debug.rstrip('.')}. "
        f"See that it runs and lets hookd in, then start again; {place.url} says where it is."
    )


async def look(
    address: Address, means: Means, place: Place, ask: Callable[[Server], Awaitable[T]]
) -> tuple[int, T] | None:
    """The format that is there, and what `ask` finds; None where nothing is. Changes nothing. `SettingsError` as `prepare`."""
    server = connect(address, means)
    try:
        _require_age(server, await _info(server, place))
        there = await _format(server, place)
        if there is None:
            await _require_no_others(server, place)
        return None if there is None else (there, await ask(server))
    except Unavailable as error:
        raise unusable(error, place) from None
    finally:
        await server.close()


async def warnings(address: Address, means: Means, place: Place) -> list[Advice]:
    """What a Redis should be told so that it keeps what it is given; empty where all is well. `SettingsError` as `prepare`."""
    server = connect(address, means)
    try:
        return await _warnings(server, place, await _info(server, place))
    except Unavailable as error:
        raise unusable(error, place) from None
    finally:
        await server.close()


async def _require_ours(server: Server, place: Place) -> None:
    if await _format(server, place) is not None:
        return
    await _require_no_others(server, place)
    await server.command("SET", place.mark, place.text, "NX")
    await _format(server, place)


async def _require_no_others(server: Server, place: Place) -> None:
    if await _has_others(server, place) and await _format(server, place) is None:
        raise SettingsError(
            f"The storage {server.name} can not be used: keys that begin with {place.prefix}: belong to another program. "
            f"Choose another {place.setting}, or another database."
        )


async def _format(server: Server, place: Place) -> int | None:
    kind = await server.command("TYPE", place.mark)
    if kind == b"none":
        return None
    mark = await server.command("GET", place.mark) if kind == b"string" else b""
    name, _, number = (mark or b"").decode("utf-8", "replace").partition(" ")
    if name != place.name or not number.isdecimal():
        raise SettingsError(
            f"The storage {server.name} can not be used: the key {place.mark} belongs to another program."
        )
    if int(number) > place.format:
        raise SettingsError(
            f"The storage {server.name} was written by a newer hookd: its format is {number}, this one knows {place.format}. "
            "Use that hookd, or a copy of the data from before."
        )
    return int(number)


async def _has_others(server: Server, place: Place) -> bool:
    """Whether keys are there under our prefix, as far as a look at many tells. In a cluster, on the server of the catalogue."""
    cursor = 0
    for _ in range(_LOOKS):
        try:
            found, names = await server.ask(
                place.mark, "SCAN", cursor, "MATCH", f"{place.prefix}:*", "COUNT", _KEYS_A_LOOK
            )
        except Unavailable:  # an ACL may not let us look
            return False
        if names:
            return True
        cursor = int(found)
        if not cursor:
            break
    return False


async def _info(server: Server, place: Place) -> dict[str, Any]:
    """What Redis says of itself, {} where we may not ask."""
    try:
        return dict(await server.ask(place.mark, "INFO"))
    except Unavailable as error:
        if "NOPERM" in error.debug or "permission" in error.debug:
            return {}
        raise


def _require_age(server: Server, info: dict[str, Any]) -> None:
    version = str(info.get("redis_version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers and numbers < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise SettingsError(
            f"The storage {server.name} can not be used: it is Redis {version}, and {oldest} is the oldest that will do."
        )


async def _warnings(server: Server, place: Place, info: dict[str, Any]) -> list[Advice]:
    """What it should be told."""
    found = []
    if info.get("aof_enabled") == 0 and not info.get("loading"):
        found.append(Advice("appendonly is off: what was acknowledged is lost when Redis ends", "Set appendonly yes."))
    elif await _configured(server, place, "appendfsync") == "no":
        found.append(
            Advice(
                "appendfsync is no: what was acknowledged is lost when its machine dies",
                "Set it to everysec, or always.",
            )
        )
    if info.get("maxmemory_policy", "noeviction") != "noeviction":
        found.append(
            Advice(
                f"maxmemory-policy is {info['maxmemory_policy']}: it removes what is kept when memory is short",
                "Set it to noeviction.",
            )
        )
    return found


async def _configured(server: Server, place: Place, name: str) -> str:
    """A setting of Redis's, "" where we may not ask."""
    try:
        answer = await server.ask(place.mark, "CONFIG GET", name)
    except Unavailable:
        return ""
    return str(answer.get(name, ""))
