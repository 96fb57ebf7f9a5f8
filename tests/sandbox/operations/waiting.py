"""An engine whose hooks may reach the servers of a test."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from runtime.model import Answer, Limits
from runtime.network.client import Client
from runtime.network.guard import Address
from runtime.sandbox.base import Run
from runtime.sandbox.operations.performing import Performer
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.settings import NetworkSettings, SandboxSettings
from tests.sandbox.running import AMPLE


class NoDocuments:
    """Where no hook keeps anything."""

    async def get(self, owner: str, hook: str) -> tuple[str, str] | None:
        return None

    async def put(self, owner: str, hook: str, data: str, etag: str | None) -> str:
        return ""


async def local(host: str) -> Sequence[Address]:
    """Every name leads here."""
    return [ip_address("127.0.0.1")]


@dataclass
class Reaching:
    """`run` deploys and runs once; `answer` wants an answer."""

    sandbox: WasmSandbox
    cache: Path

    async def run(self, source: str, *arguments: Any, limits: Limits = AMPLE, owner: str = "acme") -> Run:
        program = self.sandbox.load(await self.sandbox.make_image(source))
        return await self.sandbox.run(program, json.dumps(arguments).encode(), limits, owner=owner)

    async def answer(self, source: str, *arguments: Any, limits: Limits = AMPLE) -> Any:
        outcome = (await self.run(source, *arguments, limits=limits)).outcome
        assert isinstance(outcome, Answer), outcome
        return outcome.value


@asynccontextmanager
async def reaching(cache: Path, *, concurrency: int = 8, at_once: int = 10, **network: Any) -> AsyncIterator[Reaching]:
    """With these settings of the network."""
    client = Client(NetworkSettings(**network), resolve=local)
    performer = Performer(client, NoDocuments(), connections=2_000)
    settings = SandboxSettings(cache_directory=str(cache), concurrency=concurrency, threads=2)
    sandbox = await open_sandbox(settings, performer, at_once=at_once)
    try:
        yield Reaching(sandbox, cache)
    finally:
        await sandbox.close()
        await client.close()
