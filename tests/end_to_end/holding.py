"""Requests that are on their way for as long as a test wants: their hook asks a site that does not answer yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.network.servers import serving
from tests.waiting import until

_SCRIPT = "module.exports = async () => { await fetch('PLACE'); return { 'https://a/n': %d }; };"


class Held:
    """At `place`, a URL. `script` has a place for a number; `allowed` is what its service must have in its configuration."""

    def __init__(self) -> None:
        self.place = self.script = self.allowed = ""
        self._here = 0
        self._go = asyncio.Event()
        self._go.set()

    def hold(self) -> None:
        """Who asks from now on waits."""
        self._go.clear()

    def let_go(self) -> None:
        """All of them."""
        self._go.set()

    async def until_held(self, count: int) -> None:
        """So many are."""
        await until(lambda: self._here >= count)

    async def answer(self, _: web.Request) -> web.Response:
        """Later, where they are to wait."""
        if not self._go.is_set():
            self._here += 1
            await self._go.wait()
            self._here -= 1
        return web.json_response(1)


@asynccontextmanager
async def holding() -> AsyncIterator[Held]:
    """A site that nobody is held at yet."""
    held = Held()
    async with serving(held.answer) as site:
        held.place = site.url()
        held.script = _SCRIPT.replace("PLACE", held.place)
        # As much as there may be: how fast the machine is, is no matter here.
        held.allowed = f"[network]\nallow = ['{site.place}']\n[limits]\nwall_ms = 20000\ncpu_ms = 10000\n"
        try:
            yield held
        finally:
            held.let_go()
