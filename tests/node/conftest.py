"""One Node engine for all tests of a file: a test that left something behind would be noticed by the next."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from runtime.node.engine import NodeSandbox, open_node
from runtime.settings import LimitSettings, NodeSettings


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def node() -> AsyncIterator[NodeSandbox]:
    """The engine as a service opens it, with all walls of the machine."""
    sandbox = await open_node(NodeSettings(enabled=True, processes=3, concurrency=12), LimitSettings().limits())
    yield sandbox
    assert sandbox.busy == 0
    await sandbox.close()
