"""The world of the tests of fetch and http: one for a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.network.servers import serving
from tests.sandbox.operations.waiting import reaching
from tests.sandbox.operations.world import World, respond


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(engine_cache: Path) -> AsyncIterator[World]:
    async with (
        serving(respond) as server,
        reaching(engine_cache, allow=(server.place,), response_bytes=100_000) as engine,
    ):
        yield World(engine, server)
