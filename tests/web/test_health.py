from __future__ import annotations

import asyncio
from pathlib import Path

from runtime.web import health
from tests.web.conftest import SEED, Api


async def test_a_runtime_that_works_is_alive_and_ready(api: Api):
    """Both answer without a token; `ready` has asked the storage and run a hook."""
    nobody = api.with_token(None)
    assert (await nobody.call("GET", "/livez")).body == {"status": "ok"}
    assert (await nobody.call("GET", "/readyz")).body == {"status": "ok"}
    async with api.client.head(f"{api.url}/readyz") as answer:
        assert answer.status == 200


async def test_a_runtime_without_its_storage_is_not_ready(api: Api, monkeypatch):
    """503, in the usual shape, and says what is missing; it is alive all the same."""
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    await api.runtime.storage.close()
    answer = await api.call("GET", "/readyz")
    assert (answer.status, answer.body["errorCode"]) == (503, "temporarily_unavailable")
    assert answer.body["message"].startswith("Not ready: ")
    assert (await api.call("GET", "/livez")).status == 200


async def test_a_runtime_that_can_go_on_without_its_storage_says_so(api: Api, monkeypatch):
    """200: it runs what it has loaded. Without anything loaded it could not."""
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    await api.create(SEED)
    await api.execute()
    await api.runtime.storage.close()
    answer = await api.call("GET", "/readyz")
    assert (answer.status, answer.body) == (200, {"status": "degraded", "storage": "hookd is stopping."})


async def test_a_runtime_without_its_engine_is_not_ready(api: Api, monkeypatch):
    """Likewise for the sandbox."""
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    assert (await api.call("GET", "/readyz")).status == 200
    await api.runtime.sandbox.close()
    answer = await api.call("GET", "/readyz")
    assert (answer.status, answer.body["errorCode"]) == (503, "temporarily_unavailable")


async def test_a_storm_of_questions_is_checked_once(api: Api, monkeypatch, tmp_path: Path):
    """Anybody may ask: the verdict is kept for a second."""
    monkeypatch.setattr(health, "KEPT_SECONDS", 60.0)
    await asyncio.gather(*(api.call("GET", "/readyz") for _ in range(20)))
    await api.runtime.storage.close()
    assert (await api.call("GET", "/readyz")).status == 200
