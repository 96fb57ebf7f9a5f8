from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runtime.model import Hook
from runtime.rotation import reseal
from runtime.storage.sealing import Sealer
from runtime.storage.sqlite import SqliteStorage, open_sqlite
from tests.storage.conftest import Nouns

OLD, NEW = bytes(32), bytes(range(32))
BEFORE, BOTH, AFTER = Sealer(OLD), Sealer(NEW, OLD), Sealer(NEW)


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    storage = await open_sqlite(tmp_path / "hookd.db")
    yield storage
    await storage.close()


async def put(storage: SqliteStorage, sealer: Sealer, **secrets: str) -> Hook:
    hook = Nouns().hook()
    await storage.create_hook(hook, secrets=sealer.seal_secrets(hook.tenant, hook.id, secrets))
    return hook


async def opened(storage: SqliteStorage, sealer: Sealer, hook: Hook) -> dict[str, str]:
    return dict(sealer.open_secrets(hook.tenant, hook.id, await storage.get_secrets(hook.tenant, hook.id)))


async def test_all_is_sealed_anew(storage: SqliteStorage):
    """Then the old key is of no use; what the new one had sealed is as it was, to the byte."""
    old, new = await put(storage, BEFORE, A="1", B="2"), await put(storage, BOTH, A="3")
    before = await storage.get_secrets(new.tenant, new.id)
    done = await reseal(storage, BOTH)

    assert (done.count, done.broken) == (2, [])
    assert await opened(storage, AFTER, old) == {"A": "1", "B": "2"}
    assert await storage.get_secrets(new.tenant, new.id) == before
    assert (await reseal(storage, BOTH)).count == 0


async def test_what_others_write_meanwhile_is_kept(storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch):
    """A value that is changed, by an old process even, between reading and replacing is not taken back, and sealed anew later."""
    hook = await put(storage, BEFORE, A="1")
    real = storage.replace_secrets
    written: list[int] = []

    async def late(tenant: str, hook_id: str, anew: Any) -> None:
        if not written:
            written.append(1)
            await storage.update_secrets(tenant, hook_id, BEFORE.seal_secrets(tenant, hook_id, {"A": "2"}))
        await real(tenant, hook_id, anew)

    monkeypatch.setattr(storage, "replace_secrets", late)
    await reseal(storage, BOTH)

    assert await opened(storage, AFTER, hook) == {"A": "2"}


async def test_what_no_key_opens_is_named_and_left(storage: SqliteStorage):
    """By its place, never by its value; all others are sealed anew."""
    lost, fine = await put(storage, Sealer(b"x" * 32), LOST="hunter2"), await put(storage, BEFORE, A="1")
    before = await storage.get_secrets(lost.tenant, lost.id)
    done = await reseal(storage, BOTH)

    assert done.count == 1
    assert [line.partition(":")[0] for line in done.broken] == [f"acme/{lost.id}/LOST"]
    assert "hunter2" not in str(done)
    assert await storage.get_secrets(lost.tenant, lost.id) == before
    assert await opened(storage, AFTER, fine) == {"A": "1"}
