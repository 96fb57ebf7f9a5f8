from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from runtime.errors import Unavailable
from runtime.storage.base import HookChange
from runtime.web import health
from tests.requesting import Door, door_before
from tests.waiting import until
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
    door_before(api.runtime, "ping", monkeypatch).refusal = Unavailable("Away.")
    answer = await api.call("GET", "/readyz")
    assert (answer.status, answer.body) == (200, {"status": "degraded", "storage": "Away."})


async def test_a_runtime_whose_storage_takes_nothing_says_so(api: Api, monkeypatch):
    """200 though nothing is loaded: what it is to run can be read. By itself as before."""
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    appending = door_before(api.runtime, "append_executions", monkeypatch)
    appending.refusal = Unavailable("Full.")
    await api.create(SEED)
    await api.execute()
    await until(lambda: api.runtime.recorder.refusal)
    api.runtime.preparations.forget(None)
    answer = await api.call("GET", "/readyz")
    assert (answer.status, answer.body) == (200, {"status": "degraded", "storage": "Full."})
    appending.refusal = None
    await until(lambda: not api.runtime.recorder.refusal)
    assert (await api.call("GET", "/readyz")).body == {"status": "ok"}


async def test_a_runtime_that_can_not_know_what_was_changed_is_not_ready(api: Api, monkeypatch):
    """Nor is one that has loaded nothing but what was changed: there is no request that it could answer."""
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    hook_id = (await api.create(SEED))["id"]
    await api.execute()
    storage = api.runtime.storage
    door_before(api.runtime, "ping", monkeypatch).refusal = Unavailable("Away.")
    looking = Door(storage.peers.catch_up)
    monkeypatch.setattr(storage.peers, "catch_up", looking)
    looking.refusal = Unavailable("Away.")
    assert (await api.call("GET", "/readyz")).status == 200
    await storage.create_hook(replace(await storage.get_hook("acme", hook_id), tenant="globex"))
    assert (await api.call("GET", "/readyz")).status == 503
    looking.refusal = None
    assert (await api.call("GET", "/readyz")).status == 200
    await storage.update_hook("acme", hook_id, HookChange(name="another"), 2.0)
    answer = await api.call("GET", "/readyz")
    assert (answer.status, answer.body["message"]) == (503, "Not ready: Away.")


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
