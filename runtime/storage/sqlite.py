"""The storage of one machine: the contract in a SQLite file (`runtime/sqlite`), with the SQL of the `tables` modules."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from runtime.model import Deploy, Execution, Hook, HookVersion
from runtime.moves import Looked
from runtime.sqlite.database import BUSY_SECONDS, Connection, Database, open_database
from runtime.sqlite.opening import Schema, look
from runtime.storage import (
    cache_tables,
    change_tables,
    execution_tables,
    logout_tables,
    moving_tables,
    secret_tables,
    tables,
)
from runtime.storage.base import (
    CacheEntry,
    Counted,
    Document,
    ExecutionFilter,
    HookChange,
    HookFilter,
    HookWritten,
    Storage,
)
from runtime.storage.board import Board
from runtime.storage.sqlite_peers import SqlitePeers

_MARK: Final = b"hook"
_PRUNED_TOGETHER: Final = 500


async def open_sqlite(path: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> SqliteStorage:
    """The storage in this file, made (mode 0600) when there is none. `SettingsError` when it can not be used."""
    schema = Schema(mark=_MARK, scripts=migrations())
    board: Board | None = None

    def tell(db: Connection) -> None:
        if board is not None:
            board.committed(*change_tables.newest(db))

    database = await open_database(path, schema, busy_seconds=busy_seconds, committed=tell)
    try:
        # The path may be a link, and another process may have another one.
        board = Board(Path(f"{await asyncio.to_thread(os.path.realpath, path)}-board"))
        peers = SqlitePeers(database, board)
        await peers.open()
    except BaseException:
        await database.close()
        raise
    return SqliteStorage(database, peers)


def look_at_sqlite(path: Path) -> Looked:
    """What is in this file, which is changed in nothing. `SettingsError`."""
    schema = Schema(mark=_MARK, scripts=migrations())
    version, (source, sealed) = look(
        path, schema, BUSY_SECONDS, lambda db: (moving_tables.unfinished(db), secret_tables.sealed_in(db))
    )
    return Looked(has=version, will=len(schema.scripts), unfinished=source, sealed=sealed)


class SqliteStorage(Storage):
    """See `Storage`. Belongs to the event loop that opened it."""

    def __init__(self, database: Database, peers: SqlitePeers) -> None:
        self._database = database
        self._peers = peers

    @property
    def peers(self) -> SqlitePeers:
        """See `Storage.peers`."""
        return self._peers

    @property
    def transactions(self) -> int:
        """See `Database.transactions`."""
        return self._database.transactions

    async def close(self) -> None:
        """See `Storage.close`."""
        await self._peers.stop()
        await self._database.close()
        self._peers.close()

    async def ping(self) -> None:
        """See `Storage.ping`."""
        await self._database.read(lambda db: db.execute("SELECT 1 FROM hooks LIMIT 1").fetchone())

    async def create_hook(
        self,
        hook: Hook,
        *,
        most: int | None = None,
        secrets: Mapping[str, bytes] | None = None,
        instead_of: str | None = None,
        bundle: bytes = b"",
    ) -> HookWritten:
        """See `Storage.create_hook`."""
        return await self._database.write(lambda db: tables.create_hook(db, hook, most, secrets, instead_of, bundle))

    async def update_hook(
        self, tenant: str, hook_id: str, change: HookChange, at: float, *, seen: Hook | None = None
    ) -> HookWritten:
        """See `Storage.update_hook`."""
        return await self._database.write(lambda db: tables.update_hook(db, tenant, hook_id, change, at, seen))

    async def delete_hook(self, tenant: str, hook_id: str) -> Hook:
        """See `Storage.delete_hook`."""
        return await self._database.write(lambda db: tables.delete_hook(db, tenant, hook_id))

    async def get_hook(self, tenant: str, hook_id: str) -> Hook:
        """See `Storage.get_hook`."""
        return await self._database.read(lambda db: tables.get_hook(db, tenant, hook_id))

    async def list_hooks(self, tenant: str, wanted: HookFilter, *, start: int, limit: int) -> tuple[list[Hook], int]:
        """See `Storage.list_hooks`."""
        return await self._database.read(lambda db: tables.list_hooks(db, tenant, wanted, start, limit))

    async def enabled_hooks(self, tenant: str, trigger: str) -> tuple[Hook, ...]:
        """See `Storage.enabled_hooks`."""
        return await self._database.read(lambda db: tables.enabled_hooks(db, tenant, trigger))

    async def list_deploys(self, tenant: str, hook_id: str) -> list[Deploy]:
        """See `Storage.list_deploys`."""
        return await self._database.read(lambda db: tables.list_deploys(db, tenant, hook_id))

    async def get_version(self, tenant: str, hook_id: str, number: int) -> HookVersion:
        """See `Storage.get_version`."""
        return await self._database.read(lambda db: tables.get_version(db, tenant, hook_id, number))

    async def get_secrets(self, tenant: str, hook_id: str) -> dict[str, bytes]:
        """See `Storage.get_secrets`."""
        return await self._database.read(lambda db: tables.get_secrets(db, tenant, hook_id))

    async def add_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, bytes], *, most: int) -> None:
        """See `Storage.add_secrets`."""
        await self._database.write(lambda db: tables.add_secrets(db, tenant, hook_id, secrets, most))

    async def update_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, bytes]) -> None:
        """See `Storage.update_secrets`."""
        await self._database.write(lambda db: tables.update_secrets(db, tenant, hook_id, secrets))

    async def delete_secrets(self, tenant: str, hook_id: str, names: Sequence[str]) -> None:
        """See `Storage.delete_secrets`."""
        await self._database.write(lambda db: tables.delete_secrets(db, tenant, hook_id, names))

    async def hooks_with_secrets(self, after: str) -> tuple[list[tuple[str, str]], str]:
        """See `Resealing.hooks_with_secrets`."""
        return await self._database.read(lambda db: secret_tables.hooks_with_secrets(db, after))

    async def replace_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, tuple[bytes, bytes]]) -> None:
        """See `Resealing.replace_secrets`."""
        await self._database.write(lambda db: secret_tables.replace_secrets(db, tenant, hook_id, secrets))

    async def get_proof(self) -> bytes | None:
        """See `Resealing.get_proof`."""
        return await self._database.read(secret_tables.get_proof)

    async def replace_proof(self, old: bytes | None, new: bytes | None) -> None:
        """See `Resealing.replace_proof`."""
        await self._database.write(lambda db: secret_tables.replace_proof(db, old, new))

    async def some_secrets(self) -> dict[str, bytes]:
        """See `Resealing.some_secrets`."""
        return await self._database.read(secret_tables.some_secrets)

    async def tenants(self) -> list[str]:
        """See `Moving.tenants`."""
        return await self._database.read(moving_tables.tenants)

    async def restore_hook(self, hook: Hook, deploy: Deploy, secrets: Mapping[str, bytes], bundle: bytes) -> None:
        """See `Moving.restore_hook`."""
        await self._database.write(lambda db: moving_tables.restore_hook(db, hook, deploy, secrets, bundle))

    async def restore_deploy(
        self, tenant: str, hook_id: str, deploy: Deploy, version: HookVersion, bundle: bytes
    ) -> None:
        """See `Moving.restore_deploy`."""
        await self._database.write(
            lambda db: moving_tables.restore_deploy(db, tenant, hook_id, deploy, version, bundle)
        )

    async def unfinished(self) -> str | None:
        """See `Target.unfinished`."""
        return await self._database.read(moving_tables.unfinished)

    async def begin_moving(self, source: str) -> None:
        """See `Target.begin_moving`."""
        await self._database.write(lambda db: moving_tables.begin_moving(db, source))

    async def end_moving(self) -> None:
        """See `Target.end_moving`."""
        await self._database.write(moving_tables.end_moving)

    async def get_document(self, tenant: str, hook_id: str) -> Document | None:
        """See `Storage.get_document`."""
        return await self._database.read(lambda db: tables.get_document(db, tenant, hook_id))

    async def put_document(self, tenant: str, hook_id: str, data: str, *, etag: str | None) -> Document:
        """See `Storage.put_document`."""
        return await self._database.write(lambda db: tables.put_document(db, tenant, hook_id, data, etag))

    async def get_cache(self, tenant: str, trigger: str, now: float) -> list[CacheEntry]:
        """See `Storage.get_cache`."""
        return await self._database.read(lambda db: cache_tables.get_cache(db, tenant, trigger, now))

    async def change_cache(
        self, tenant: str, trigger: str, changes: Sequence[CacheEntry], now: float, *, most: int, most_bytes: int
    ) -> None:
        """See `Storage.change_cache`."""
        await self._database.write(
            lambda db: cache_tables.change_cache(db, tenant, trigger, changes, now, most, most_bytes)
        )

    async def log_out(self, token: str, sessions: Mapping[str, int], now: int) -> None:
        """See `Logouts.log_out`."""
        await self._database.write(lambda db: logout_tables.log_out(db, token, sessions, now))

    async def is_logged_out(self, token: str, session: str, now: int) -> bool:
        """See `Logouts.is_logged_out`."""
        return await self._database.read(lambda db: logout_tables.is_logged_out(db, token, session, now))

    async def logged_out_tokens(self, now: int) -> list[str]:
        """See `Logouts.logged_out_tokens`."""
        return await self._database.read(lambda db: logout_tables.logged_out_tokens(db, now))

    async def logouts(self, token: str, now: int) -> dict[str, int]:
        """See `Logouts.logouts`."""
        return await self._database.read(lambda db: logout_tables.logouts(db, token, now))

    async def forget_logouts(self, token: str) -> None:
        """See `Logouts.forget_logouts`."""
        await self._database.write(lambda db: logout_tables.forget_logouts(db, token))

    async def put_image(self, version_id: str, build_id: str, image: bytes, *, ahead: bool = False) -> None:
        """See `Storage.put_image`."""
        if not ahead:
            await self._database.write(lambda db: tables.put_image(db, version_id, build_id, image))

    async def get_image(self, version_id: str, build_id: str) -> bytes | None:
        """See `Storage.get_image`."""
        return await self._database.read(lambda db: tables.get_image(db, version_id, build_id))

    async def get_bundle(self, bundle_id: str) -> bytes | None:
        """See `Storage.get_bundle`."""
        return await self._database.read(lambda db: tables.get_bundle(db, bundle_id))

    async def append_executions(self, executions: Sequence[Execution]) -> None:
        """See `Storage.append_executions`."""
        await self._database.write(lambda db: execution_tables.append_executions(db, executions))

    async def list_executions(self, tenant: str, wanted: ExecutionFilter, *, limit: int) -> list[Execution]:
        """See `Storage.list_executions`."""
        return await self._database.read(lambda db: execution_tables.list_executions(db, tenant, wanted, limit))

    async def count_executions(self, tenant: str, wanted: ExecutionFilter, *, step: float) -> list[Counted]:
        """See `Storage.count_executions`."""
        return await self._database.read(lambda db: execution_tables.count_executions(db, tenant, wanted, step))

    async def get_execution(self, tenant: str, execution_id: str) -> Execution:
        """See `Storage.get_execution`."""
        return await self._database.read(lambda db: execution_tables.get_execution(db, tenant, execution_id))

    async def prune_executions(self, *, older_than: float, most: int, most_bytes: int) -> int:
        """See `Storage.prune_executions`."""
        tenants = await self._database.read(execution_tables.recorded_tenants)
        return sum([await self._prune(tenant, older_than, most, most_bytes) for tenant in tenants])

    async def _prune(self, tenant: str, older_than: float, most: int, most_bytes: int) -> int:
        last = await self._database.read(
            lambda db: execution_tables.last_to_prune(db, tenant, older_than, most, most_bytes)
        )
        if last is None:
            return 0
        removed = 0
        while some := await self._database.write(
            lambda db: execution_tables.prune_some(db, tenant, last, _PRUNED_TOGETHER)
        ):
            removed += some
        return removed


def migrations() -> list[str]:
    """The scripts of schema/ in order: the first makes version 1 of the schema, and so on."""
    return [file.read_text(encoding="utf-8") for file in sorted(Path(__file__).with_name("schema").glob("*.sql"))]
