"""Where a Redis is, what a URL says of it; and how it is spoken to. Pure.

    redis://[user[:password]@]host[:port][/database]
    redis+sentinel://[user[:password]@]host[:port],host[:port].../service[/database]
    redis+cluster://[user[:password]@]host[:port],host[:port]...
    unix://[user[:password]@]/path/of/the/socket[?db=database]

`rediss` instead of `redis` is TLS. These are the forms that redis-py, redis-sentinel-url and limits take. User and password
may be percent-encoded; they are those of the Redis servers, not of the sentinels.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from runtime.configuration import without_password
from runtime.errors import SettingsError

SERVER, SOCKET, SENTINEL, CLUSTER = "server", "socket", "sentinel", "cluster"

_KINDS: Final = {
    "redis": SERVER,
    "rediss": SERVER,
    "unix": SOCKET,
    "redis+sentinel": SENTINEL,
    "rediss+sentinel": SENTINEL,
    "redis+cluster": CLUSTER,
    "rediss+cluster": CLUSTER,
}
_PREFIX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_PORTS: Final = {SERVER: 6379, SENTINEL: 26379, CLUSTER: 6379}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What a URL says. `hosts` are sentinels', nodes', or the one server's; `path` is a socket's; `service` what sentinels watch."""

    kind: str
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    service: str = ""
    database: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False

    @property
    def name(self) -> str:
        """For messages: no user, no password."""
        places = self.path or ",".join(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts
        )
        return f"Redis {self.service} by {places}" if self.service else f"Redis {places}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How a server is spoken to. `seconds` is the longest wait for a connection, and for an answer."""

    seconds: float = 2.0
    at_once: int = 32
    ca_file: str = ""
    certificate_file: str = ""
    sentinel_password: str = field(default="", repr=False)


def is_address(url: str) -> bool:
    """Whether the URL is one of a Redis, well formed or not."""
    return url.partition("://")[0] in _KINDS


class _BrokenRuleError(Exception):
    """The rule that a URL breaks."""


def parse_address(url: str, setting: str = "storage.url") -> Address:
    """What a URL says. `SettingsError` names the setting and has the rule that it breaks, and no password."""
    try:
        return _parse(url)
    except (_BrokenRuleError, ValueError) as error:
        raise SettingsError(f"'{setting}' is no Redis, {without_password(url)!r}: {error}.") from None


def require_prefix(prefix: str, setting: str) -> None:
    """`SettingsError` unless keys can begin with it: it stands in keys, in patterns and between braces."""
    if not _PREFIX.fullmatch(prefix):
        raise SettingsError(
            f"'{setting}' must be 1 to 64 letters, digits, '.', '_', '-' and ':', a letter or a digit first, not {prefix!r}."
        )


def _parse(url: str) -> Address:
    kind = _KINDS[url.partition("://")[0]]
    parts = urlsplit(url)
    if "#" in url:
        _refuse("a # in a password is written %23")
    credentials, _, places = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    given: dict[str, Any] = {
        "kind": kind,
        "user": unquote(user),
        "password": unquote(password),
        "tls": parts.scheme.startswith("rediss"),
    }
    if kind == SOCKET:
        database = parse_qs(parts.query).get("db", ["0"])[0]
        if places or not parts.path.strip("/"):
            _refuse("it needs the path of a socket, with three slashes: unix:///run/redis.sock")
        return Address(**given, path=unquote(parts.path), database=_database(database))
    if parts.query:
        _refuse("nothing after a question mark is known; there are settings for it")
    hosts = tuple(_host(place, _PORTS[kind]) for place in places.split(","))
    service, database = _path(kind, [unquote(part) for part in parts.path.strip("/").split("/") if part])
    return Address(**given, hosts=hosts, service=service, database=_database(database))


def _path(kind: str, parts: list[str]) -> tuple[str, str]:
    """Service and database."""
    if kind == SENTINEL:
        if not 1 <= len(parts) <= 2:
            _refuse("after the sentinels comes the name of the service that they watch, and maybe a database")
        return parts[0], (parts[1:] or ["0"])[0]
    if len(parts) > 1 or (kind == CLUSTER and parts not in ([], ["0"])):
        _refuse("a cluster has no databases" if kind == CLUSTER else "after the host comes the database's number")
    return "", (parts or ["0"])[0]


def _host(place: str, port: int) -> tuple[str, int]:
    with suppress(ValueError):
        parts = urlsplit(f"//{place}")
        if parts.hostname and not parts.path:
            return parts.hostname, parts.port or port
    return _refuse("a host is a name or an address, and maybe a colon and a port; several are set apart by commas")


def _database(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        _refuse("a database is a number")
    return int(text)


def _refuse(rule: str) -> NoReturn:
    raise _BrokenRuleError(rule)
