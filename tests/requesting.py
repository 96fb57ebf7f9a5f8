"""What every test of token requests needs: hooks to deploy, requests to send, doors before the real rooms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from runtime.bootstrap import Runtime
from runtime.dispatch import Executed
from runtime.manifest import parse_new_hook
from runtime.model import Allow, Execution, Hook
from tests.waiting import PATIENCE, until

CREDENTIALS, PASSWORD = "credentials-exchange", "password-exchange"
SEED = """module.exports = function(client, scope, audience, context, cb) { var access_token = {}; access_token['https://foo.com/claim'] = 'bar'; access_token.scope = scope; access_token.scope.push('extra'); cb(null, access_token); };"""
REQUEST: dict[str, Any] = {
    "client": {"id": "c1", "name": "n"},
    "scope": ["read"],
    "audience": "https://api",
    "context": {"ip": "192.0.2.1"},
}
USER = {"id": "u1"}
SECRET = "correct-horse-battery"


class Door:
    """Stands before one of the real storage's or engine's calls: counts, holds its answers back, or refuses."""

    def __init__(self, real: Callable[..., Awaitable[Any]]) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.holds = 0  # so many of the next calls get their answer when it opens
        self.open = asyncio.Event()
        self.refusal: Exception | None = None
        self._holding = 0
        self._real = real

    async def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.calls.append(arguments)
        if self.refusal:
            raise self.refusal
        held, self.holds = self.holds > 0, max(0, self.holds - 1)
        answer = await self._real(*arguments, **named)
        if held:
            self._holding += 1
            async with asyncio.timeout(PATIENCE):
                await self.open.wait()
        return answer

    async def holding(self, count: int = 1) -> None:
        """Returns when it holds so many calls back."""
        await until(lambda: self._holding >= count, pause=0)


def records_of(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[Execution]:
    """What the recorder is given from now on, which it also keeps."""
    records: list[Execution] = []
    record = runtime.recorder.record

    def noted(execution: Execution) -> None:
        records.append(execution)
        record(execution)

    monkeypatch.setattr(runtime.recorder, "record", noted)
    return records


def door_before(runtime: Runtime, name: str, monkeypatch: pytest.MonkeyPatch) -> Door:
    """A door before this call of the storage, or of the engine."""
    room = runtime.storage if hasattr(runtime.storage, name) else runtime.sandbox
    door = Door(getattr(room, name))
    monkeypatch.setattr(room, name, door)
    return door


def hook_of(body: str) -> str:
    return f"module.exports = function (client, scope, audience, context, cb) {{ {body} }};"


def claim(value: str) -> str:
    """A hook that answers this expression as the claim that `answer` reads."""
    return hook_of(f"cb(null, {{ 'https://x/v': {value} }});")


async def deploy(
    runtime: Runtime, script: str, secrets: dict[str, str] | None = None, *, tenant: str = "t", **fields: Any
) -> Hook:
    body = {"name": "h", "script": script, "triggerId": CREDENTIALS, "enabled": True, **fields}
    hook = (await runtime.admin.create_hook(tenant, body)).hook
    if secrets:
        await runtime.admin.add_secrets(tenant, hook.id, secrets)
    return hook


async def deploy_unchecked(runtime: Runtime, script: str) -> Hook:
    """An enabled hook as only another version of hookd could have left it: nobody has loaded its source."""
    new = parse_new_hook({"name": "h", "script": script, "triggerId": CREDENTIALS, "enabled": True})
    hook = Hook(
        tenant="t",
        id="h1",
        name="h",
        trigger=CREDENTIALS,
        enabled=True,
        version=new.version("wasm"),
        created_at=1.0,
        updated_at=1.0,
    )
    await runtime.storage.create_hook(hook)
    return hook


async def execute(runtime: Runtime, *, tenant: str = "t", **changes: Any) -> Executed:
    return await runtime.dispatch.execute(tenant, CREDENTIALS, {**REQUEST, **changes}, request_id="r1")


async def answer(runtime: Runtime, *, tenant: str = "t") -> object:
    """The claim that `claim` answers, or "unchanged" where no hook ran."""
    executed = await execute(runtime, tenant=tenant)
    assert isinstance(executed.decision, Allow), executed.fault
    return executed.decision.claims["https://x/v"] if executed.execution else "unchanged"
