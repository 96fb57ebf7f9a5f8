"""Which storage `[storage]` asks for: a SQLite file, or a Redis."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runtime.configuration import without_password
from runtime.errors import Advice, SettingsError, Unavailable
from runtime.moves import Looked, Unfinished
from runtime.redis.address import Address, is_address, parse_address
from runtime.redis.wanted import Wanted
from runtime.settings import StorageSettings
from runtime.storage.base import Storage
from runtime.storage.sqlite import look_at_sqlite, open_sqlite

_SQLITE: Final = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Choice:
    """A storage that is not open yet: all that is to be read before the process gives up its rights has been.

    `look` says what is there, None where nothing is; it changes nothing.
    """

    open: Callable[[], Awaitable[Storage]]
    look: Callable[[], Coroutine[None, None, Looked | None]]
    warnings: Callable[[], Coroutine[None, None, list[Advice]]]
    """What a Redis should be told so that it keeps what it is given."""
    database: Path | None = None
    """SQLite's file."""
    reads: tuple[Path, ...] = ()
    """Files that are read whenever a connection is made."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where it writes. The file may be a link: what SQLite writes beside it lies where it leads."""
        return () if self.database is None else (self.database.absolute().parent, self.database.resolve().parent)


def choose_storage(settings: StorageSettings, *, is_target: bool = False) -> Choice:
    """What the settings ask for. `SettingsError`, also where it is unfinished (`moving`) and is not opened to be finished."""
    choice = _redis(settings) if is_address(settings.url) else _sqlite(settings)
    return choice if is_target else replace(choice, open=lambda: _open_whole(choice))


async def _open_whole(choice: Choice) -> Storage:
    storage = await choice.open()
    try:
        source = await storage.unfinished()
    except BaseException as error:
        await storage.close()
        if isinstance(error, Unavailable):
            raise unusable(error) from None
        raise
    if source is None:
        return storage
    await storage.close()
    raise Unfinished("hookd migrate", source)


def unusable(error: Unavailable) -> SettingsError:
    """At the start that is a wrong setting, whichever storage it is."""
    return SettingsError(f"The storage can not be used: {error.debug.rstrip('.')}.")


def at_url(settings: StorageSettings, url: str) -> StorageSettings:
    """The same settings for another storage. A password in its URL takes the place of theirs. `SettingsError`."""
    settings = replace(settings, url=url)
    has_own = is_address(url) and parse_address(url).password
    return replace(settings, password="", password_file="") if has_own else settings


def _sqlite(settings: StorageSettings) -> Choice:
    path = database_path(settings)

    async def look() -> Looked | None:
        return look_at_sqlite(path) if path.exists() else None

    async def warnings() -> list[Advice]:
        return []

    return Choice(lambda: open_sqlite(path), look, warnings, database=path)


def database_path(settings: StorageSettings) -> Path:
    """Where the SQLite file is; `SettingsError` for a URL of another kind."""
    path = settings.url.removeprefix(_SQLITE)
    if path == settings.url or not path:
        raise SettingsError(
            f"'storage.url' must be {_SQLITE}FILE (a fourth slash for an absolute path), or redis://HOST:PORT/0 or another of "
            f"a Redis, not {without_password(settings.url)!r}."
        )
    return Path(path)


def redis_address(settings: StorageSettings) -> Address:
    """Where the Redis is, with the password that is its own or stands elsewhere. `SettingsError`."""
    return _wanted(settings).address()


def _wanted(settings: StorageSettings) -> Wanted:
    return Wanted(
        url=settings.url,
        password=settings.password,
        password_file=settings.password_file,
        sentinel_password=settings.sentinel_password,
        ca_file=settings.ca_file,
        certificate_file=settings.certificate_file,
        connections=settings.connections,
        timeout_ms=settings.timeout_ms,
        url_name="storage.url",
        others="storage.",
    )


def _redis(settings: StorageSettings) -> Choice:
    # Not before: the library takes a quarter of a second of each start, and its memory.
    from runtime.storage.redis import look_at_redis, open_redis, warnings_of_redis  # noqa: PLC0415 - see above

    wanted = _wanted(settings)
    address, means = wanted.address(), wanted.means()
    return Choice(
        lambda: open_redis(address, prefix=settings.prefix, means=means),
        lambda: look_at_redis(address, prefix=settings.prefix, means=means),
        lambda: warnings_of_redis(address, prefix=settings.prefix, means=means),
        reads=wanted.reads,
    )
