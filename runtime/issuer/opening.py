"""Which store `[issuer] database` asks for: a SQLite file, or a Redis."""

from __future__ import annotations

from pathlib import Path

from runtime.configuration import without_password
from runtime.errors import SettingsError
from runtime.issuer.sqlite_store import open_sqlite_store
from runtime.issuer.store import IssuerStore
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.redis.address import is_address
from runtime.redis.wanted import Wanted

_SQLITE = "sqlite:///"


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


async def _open_redis(settings: IssuerSettings) -> IssuerStore:
    # Not before: the library takes a quarter of a second of each start, and its memory.
    from runtime.issuer.redis_store import open_redis_store  # noqa: PLC0415 - see above

    wanted = Wanted(
        url=settings.database,
        password=settings.database_password,
        password_file=settings.database_password_file,
        sentinel_password=settings.database_sentinel_password,
        ca_file=settings.database_ca_file,
        certificate_file=settings.database_certificate_file,
        connections=settings.database_connections,
        timeout_ms=settings.database_timeout_ms,
        url_name="issuer.database",
        others="issuer.database_",
    )
    return await open_redis_store(wanted.address(), prefix=settings.database_prefix, means=wanted.means())
