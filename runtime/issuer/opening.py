"""Which store `[issuer] database` asks for: a SQLite file, or a Redis; to serve from it, or to move it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from runtime.configuration import without_password
from runtime.errors import Advice, SettingsError
from runtime.issuer.moving import Moving
from runtime.issuer.sqlite_moving import look_at_sqlite, open_sqlite_moving
from runtime.issuer.sqlite_store import open_sqlite_store
from runtime.issuer.store import IssuerStore
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.moves import Looked
from runtime.redis.address import is_address, parse_address
from runtime.redis.wanted import Wanted

_SQLITE = "sqlite:///"
_SETTING = "issuer.database"


async def open_store(settings: IssuerSettings) -> IssuerStore:
    """The store, made where there is none. `SettingsError` names the setting that is wrong."""
    return await (_open_redis(settings) if is_address(settings.database) else open_sqlite_store(file_of(settings)))


def file_of(settings: IssuerSettings) -> Path:
    """Where the SQLite file is: a path, or a URL as `[storage] url` has it. `SettingsError` for a URL of another kind."""
    path = settings.database.removeprefix(_SQLITE)
    if not path or "://" in path:
        raise SettingsError(
            "'issuer.database' must be a file, or redis://HOST:PORT/0 or another of a Redis, "
            f"not {without_password(settings.database)!r}."
        )
    return Path(path)


def at_url(settings: IssuerSettings, url: str) -> IssuerSettings:
    """The same settings for another store. A password in its URL takes the place of theirs. `SettingsError`."""
    settings = replace(settings, database=url)
    has_own = is_address(url) and parse_address(url, _SETTING).password
    return replace(settings, database_password="", database_password_file="") if has_own else settings


def name_of(settings: IssuerSettings) -> str:
    """A store by its URL, without a password; a file's path is absolute. `SettingsError`."""
    if is_address(settings.database):
        return without_password(settings.database)
    return f"{_SQLITE}{file_of(settings).absolute()}"


async def open_moving(settings: IssuerSettings, *, is_target: bool = False) -> Moving:
    """The store, to be moved; a file is made where it is the target and there is none. `SettingsError`, `NotAlone`."""
    name = name_of(settings)
    if not is_address(settings.database):
        return await open_sqlite_moving(file_of(settings), name, is_target=is_target)
    from runtime.issuer.redis_moving import open_redis_moving  # noqa: PLC0415 - see `_open_redis`

    wanted, prefix = _wanted(settings), settings.database_prefix
    return await open_redis_moving(wanted.address(), name, prefix=prefix, means=wanted.means(), is_target=is_target)


async def look_at_store(settings: IssuerSettings) -> Looked | None:
    """What is in the store, None where nothing is. Changes nothing. `SettingsError`."""
    if not is_address(settings.database):
        return look_at_sqlite(file_of(settings))
    from runtime.issuer.redis_moving import look_at_redis  # noqa: PLC0415 - see `_open_redis`

    wanted = _wanted(settings)
    return await look_at_redis(wanted.address(), prefix=settings.database_prefix, means=wanted.means())


async def warnings_of_store(settings: IssuerSettings) -> list[Advice]:
    """What a Redis should be told so that it keeps what it is given. Changes nothing. `SettingsError`."""
    if not is_address(settings.database):
        return []
    from runtime.issuer.redis_moving import warnings_of_redis  # noqa: PLC0415 - see `_open_redis`

    wanted = _wanted(settings)
    return await warnings_of_redis(wanted.address(), prefix=settings.database_prefix, means=wanted.means())


async def _open_redis(settings: IssuerSettings) -> IssuerStore:
    # Not before: the library takes a quarter of a second of each start, and its memory.
    from runtime.issuer.redis_store import open_redis_store  # noqa: PLC0415 - see above

    wanted = _wanted(settings)
    return await open_redis_store(wanted.address(), prefix=settings.database_prefix, means=wanted.means())


def _wanted(settings: IssuerSettings) -> Wanted:
    return Wanted(
        url=settings.database,
        password=settings.database_password,
        password_file=settings.database_password_file,
        sentinel_password=settings.database_sentinel_password,
        ca_file=settings.database_ca_file,
        certificate_file=settings.database_certificate_file,
        connections=settings.database_connections,
        timeout_ms=settings.database_timeout_ms,
        url_name=_SETTING,
        others="issuer.database_",
    )
