"""`runtime/proof.py`, with every backend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.proof import adopt, require_key
from runtime.rotation import reseal
from runtime.settings import StorageSettings
from runtime.storage.base import Storage
from runtime.storage.opening import choose_storage
from runtime.storage.sealing import PROOF, Sealer
from tests.redis_servers import RedisServer
from tests.storage.conftest import Nouns

ONE, OTHER = bytes(range(32)), bytes(range(1, 33))
RIGHT, WRONG = Sealer(ONE), Sealer(OTHER)
NOT_ITS_OWN = "The key in a file is not that of the storage of this test: it opens nothing that is sealed there"


@pytest.fixture(params=["sqlite", "redis"])
def settings(request: pytest.FixtureRequest, runtime_database: Path, prefix: str) -> StorageSettings:
    """Every backend, empty."""
    if request.param == "sqlite":
        return StorageSettings(url=f"sqlite:///{runtime_database}")
    server: RedisServer = request.getfixturevalue("redis_server")
    return StorageSettings(url=server.url, prefix=prefix)


@pytest.fixture
async def storage(settings: StorageSettings) -> AsyncIterator[Storage]:
    storage = await choose_storage(settings).open()
    yield storage
    await storage.close()


async def start(storage: Storage, sealer: Sealer) -> None:
    await require_key(storage, sealer, "The key in a file", "of this test")


async def put(storage: Storage, sealer: Sealer, tenant: str = "acme") -> str:
    """A hook with a secret; its id."""
    hook = Nouns().hook(tenant=tenant)
    await storage.create_hook(hook, secrets=sealer.seal_secrets(hook.tenant, hook.id, {"A": "hunter2"}))
    return str(hook.id)


async def test_the_first_key_of_a_storage_is_its_own(storage: Storage):
    """Though no hook has a secret yet. Another one is refused from then on, and the message has no key in it."""
    await start(storage, RIGHT)
    proof = await storage.get_proof()
    with pytest.raises(SettingsError, match=NOT_ITS_OWN) as caught:
        await start(storage, WRONG)
    await start(storage, RIGHT)

    assert proof is not None
    assert await storage.get_proof() == proof
    assert RIGHT.open(PROOF, proof)
    assert [text for text in (ONE.hex(), OTHER.hex()) if text in str(caught.value)] == []
    assert "Put the key back" in str(caught.value)


async def test_of_two_that_start_at_once_one_is_refused(settings: StorageSettings):
    """Both have looked, and found nothing, before either writes."""
    async with AsyncExitStack() as stack:
        both = [await choose_storage(settings).open() for _ in range(2)]
        for storage in both:
            stack.push_async_callback(storage.close)
        have_looked = asyncio.Barrier(2)

        def waiting(storage: Storage) -> None:
            looks = storage.some_secrets

            async def some_secrets() -> dict[str, bytes]:
                found = await looks()
                await have_looked.wait()
                return found

            storage.some_secrets = some_secrets  # type: ignore[method-assign]

        for storage in both:
            waiting(storage)
        ended = await asyncio.gather(start(both[0], RIGHT), start(both[1], WRONG), return_exceptions=True)
        winner = (RIGHT, WRONG)[[one is None for one in ended].index(True)]
        proof = await both[0].get_proof()

    assert [type(one) for one in ended if one is not None] == [SettingsError]
    assert proof is not None
    assert winner.open(PROOF, proof)


async def test_a_storage_of_before_is_known_by_its_secrets(storage: Storage):
    """And has a proof afterwards; one whose secrets the key does not open has none, and is as it was."""
    await put(storage, RIGHT)
    with pytest.raises(SettingsError, match=NOT_ITS_OWN):
        await start(storage, WRONG)
    assert await storage.get_proof() is None
    await start(storage, RIGHT)
    proof = await storage.get_proof()

    assert proof is not None
    assert RIGHT.open(PROOF, proof)


async def test_one_secret_that_opens_is_enough(storage: Storage):
    """What somebody once sealed with another key is no reason not to start: that was so before."""
    for sealer in (WRONG, RIGHT, WRONG):
        await put(storage, sealer)
    await start(storage, RIGHT)

    assert await storage.get_proof() is not None


@pytest.mark.parametrize("when", ["before", "between", "after"])
async def test_a_key_is_replaced_in_steps(storage: Storage, when: str):
    """Who knows both is never refused. Who knows the old one only is, as soon as all is sealed anew, and then the new one alone will do."""
    hook = await put(storage, RIGHT)
    both, newest_first = Sealer(ONE, OTHER), Sealer(OTHER, ONE)
    if when != "before":
        await start(storage, RIGHT)
    await start(storage, both)
    await start(storage, newest_first)
    await start(storage, RIGHT)
    assert (await reseal(storage, newest_first)).broken == []
    if when == "after":
        assert (await reseal(storage, newest_first)).count == 0

    for sealer in (both, newest_first, WRONG):
        await start(storage, sealer)
    with pytest.raises(SettingsError, match=NOT_ITS_OWN):
        await start(storage, RIGHT)
    assert await storage.get_secrets("acme", hook) != {}


async def test_a_proof_that_no_key_opens_is_named_when_all_is_sealed_anew(storage: Storage):
    """And left: else the only key that opens what is there could be thrown away."""
    await start(storage, WRONG)
    proof = await storage.get_proof()
    done = await reseal(storage, RIGHT)

    assert [line.partition(":")[0] for line in done.broken] == [PROOF]
    assert await storage.get_proof() == proof


async def test_who_has_lost_the_key_may_take_another(storage: Storage):
    """The storage is the new key's from then on; secrets that it does not open are named, once each, and stay."""
    await start(storage, RIGHT)
    lost = [await put(storage, RIGHT, tenant) for tenant in ("acme", "a:b")]
    await put(storage, WRONG)
    before = await storage.get_secrets("acme", lost[0])

    assert await adopt(storage, WRONG) == sorted([f"acme/{lost[0]}/A", f"a:b/{lost[1]}/A"])
    await start(storage, WRONG)
    with pytest.raises(SettingsError, match=NOT_ITS_OWN):
        await start(storage, RIGHT)
    assert await storage.get_secrets("acme", lost[0]) == before
    assert await adopt(storage, Sealer(OTHER, ONE)) == []
