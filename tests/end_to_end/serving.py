"""`hookd serve` under load: clients ask all the time, and each decision is looked at."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from runtime.storage.base import VERSIONS
from tests.end_to_end.operators import REQUEST, TRUSTED, token
from tests.end_to_end.processes import Process
from tests.node.waiting import children
from tests.waiting import PATIENCE, until

EXECUTE = "/api/v1/triggers/credentials-exchange/execute"
NUMBERED = "module.exports = (client, scope, audience, context, cb) => cb(null, { 'https://a/n': %d });"
MASTER_KEY = b64encode(bytes(range(32))).decode()
CONFIG = f"""
[server]
port = 0
workers = 2
[storage]
master_key = "{MASTER_KEY}"
{TRUSTED}"""
_NEVER = aiohttp.ClientTimeout(total=None)


@dataclass(slots=True)
class Service:
    """It, and a client with a token. Its hook says a number, and each change of it is to a greater one."""

    process: Process
    client: aiohttp.ClientSession
    bearer: str = ""
    hook: str = ""
    asked: int = 0
    have_asked: int = 0
    """Clients of the load that have had an answer: if they keep their connections, they have them."""
    lost: list[str] = field(default_factory=list)
    """Questions and changes that got no answer."""
    wrong: list[str] = field(default_factory=list)
    """Answers with a number that was not yet sent, or that was replaced by an acknowledged one before the question."""
    seen: list[str] = field(default_factory=list)
    """Executions, by their ids."""
    took: list[float] = field(default_factory=list)
    """Seconds that a question was on its way."""
    sent: int = 0
    acknowledged: int = 0
    written: list[int] = field(default_factory=list)
    """All that were acknowledged."""
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One change after the other: else which one is the last is not known."""
    loaded: bool = False
    refused: list[str] = field(default_factory=list)
    """Bodies of answers to changes that were no 200."""
    turned_away: int = 0
    """Questions that were answered with a 503: no decision was issued."""
    script: str = NUMBERED
    """The hook, with a place for its number."""

    @property
    def workers(self) -> set[int]:
        return set(children(self.process._process.pid))

    async def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        sent = {} if body is None else {"json": body}
        async with self.client.request(method, self.process.url + path, **sent) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json() if status != 204 else None

    async def read(self, path: str) -> Any:
        """What is there. Who asks right after an outage may be told to try again, and does."""
        async with asyncio.timeout(PATIENCE):
            while True:
                async with self.client.get(self.process.url + path) as answer:
                    if answer.status != 503:
                        assert answer.status == 200, await answer.text()
                        return await answer.json()
                await asyncio.sleep(0.05)

    async def deploy(self, script: str, **more: Any) -> str:
        """A hook that is enabled; its path."""
        body = {"name": "a-hook", "triggerId": "credentials-exchange", "script": script, "enabled": True, **more}
        self.hook = f"/api/v2/hooks/{(await self.call('POST', '/api/v2/hooks', body, 201))['id']}"
        return self.hook

    async def execute(self) -> float:
        """What the hook says."""
        return self._said(await self.call("POST", EXECUTE, REQUEST))

    def _said(self, answer: Any) -> float:
        self.seen.append(answer["execution"]["id"])
        number: float = answer["claims"]["https://a/n"]
        return number

    async def write(self) -> None:
        """Change the hook, to the next number."""
        async with self.writing:
            self.sent += 1
            number = self.sent
            sent = self.client.patch(self.process.url + self.hook, json={"script": self.script % number})
            async with sent as answer:
                if answer.status == 200:
                    self.acknowledged = number
                    self.written.append(number)
                else:
                    assert answer.status == 503, await answer.text()
                    self.refused.append(await answer.text())

    @asynccontextmanager
    async def under_load(
        self, clients: int = 6, *, pause: float = 0.02, writes: bool = False, answers: bool = True
    ) -> AsyncIterator[None]:
        """While clients ask all the time, and another one changes the hook. `answers`: a question that gets a 503 is a failure."""
        self.loaded, self.have_asked = True, 0
        tasks = [asyncio.create_task(self._ask(pause, answers)) for _ in range(clients)]
        async with self.changing() if writes else nullcontext():
            try:
                yield
            finally:
                self.loaded = False
                await asyncio.gather(*tasks)

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[None]:
        """While a client changes the hook, again and again."""
        until = asyncio.Event()
        task = asyncio.create_task(self._change(until))
        try:
            yield
        finally:
            until.set()
            await task

    @asynccontextmanager
    async def following(self) -> AsyncIterator[list[str]]:
        """The ids of the executions that its tail tells, as they come."""
        heard: list[str] = []
        async with self.client.get(f"{self.process.url}/api/v1/logs/tail", timeout=_NEVER) as answer:
            assert answer.status == 200, await answer.text()
            await answer.content.readline()  # it has begun

            async def read() -> None:
                async for line in answer.content:
                    heard.extend([line[4:].decode().strip()] if line.startswith(b"id: ") else [])

            reading = asyncio.create_task(read())
            try:
                yield heard
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def _ask(self, pause: float, answers: bool) -> None:
        await self._ask_once(answers)
        self.have_asked += 1
        while self.loaded:
            await asyncio.sleep(pause)
            await self._ask_once(answers)

    async def _ask_once(self, answers: bool) -> None:
        self.asked += 1
        least, began = self.acknowledged, time.monotonic()
        try:
            number = await (self.execute() if answers else self._execute_if_it_can())
        except aiohttp.ClientError as error:
            self.lost.append(repr(error))
            return
        self.took.append(time.monotonic() - began)
        if number is not None and not least <= number <= self.sent:
            self.wrong.append(f"{number}, where {least} was acknowledged and {self.sent} sent")

    async def _execute_if_it_can(self) -> float | None:
        async with self.client.post(self.process.url + EXECUTE, json=REQUEST) as answer:
            if answer.status == 503:
                self.turned_away += 1
                return None
            assert answer.status == 200, await answer.text()
            return self._said(await answer.json())

    async def _change(self, until: asyncio.Event) -> None:
        while not until.is_set():
            try:
                await self.write()
            except aiohttp.ClientError as error:
                self.lost.append(repr(error))
            await asyncio.sleep(0.05)

    async def rows(self) -> list[dict[str, Any]]:
        """Its log, page by page."""
        rows, before = [], ""
        while True:
            page = await self.read(f"/api/v1/logs?limit=100{before}")
            rows += page["executions"]
            if page["next"] is None:
                return rows
            before = f"&before={page['next']}"

    def go_on_from(self, other: Service) -> None:
        """It has the other's storage."""
        self.hook, self.script, self.written = other.hook, other.script, [*other.written]
        self.sent, self.acknowledged = other.sent, other.acknowledged

    async def require_written(self) -> None:
        """Each change that was acknowledged is there, among the hook's versions; of old ones, those that are kept."""
        numbers = {self.script % number: number for number in range(self.sent + 1)}
        path = f"{self.hook.replace('/v2/', '/v1/')}/versions"
        versions = (await self.read(path))["versions"]
        there = [numbers[(await self.read(f"{path}/{one['number']}"))["script"]] for one in versions]
        oldest = min(there) if len(there) == VERSIONS else 0
        assert {number for number in self.written if number >= oldest} <= set(there)
        hook = await self.read(self.hook)
        assert numbers[hook["script"]] >= self.acknowledged

    async def until(self, condition: Callable[[], bool]) -> None:
        """Until it is so."""
        await until(condition, lambda: self.process.log)

    async def until_asked(self, more: int = 100) -> None:
        """Until so many more have been."""
        wanted = self.asked + more
        await self.until(lambda: self.asked >= wanted)

    async def until_answered(self, more: int = 50) -> None:
        """Until so many more have been, with a decision."""
        wanted = len(self.seen) + more
        await self.until(lambda: len(self.seen) >= wanted)

    async def until_refused(self, more: int = 3) -> None:
        """Until so many more changes have been."""
        wanted = len(self.refused) + more
        await self.until(lambda: len(self.refused) >= wanted)

    async def until_written(self, more: int = 3) -> None:
        """Until so many more changes have been acknowledged."""
        wanted = self.acknowledged + more
        await self.until(lambda: self.acknowledged >= wanted)

    async def until_said(self, text: str) -> None:
        """Until its log has it."""
        await self.until(lambda: text in self.process.log)


@asynccontextmanager
async def serving(
    config: Path,
    cache: Path,
    *,
    keep: bool = True,
    environ: Mapping[str, str] | None = None,
    within: Sequence[str] = (),
    bearer: str = "",
) -> AsyncIterator[Service]:
    """The service; `keep`: the client keeps its connections. `within` as for `Process`."""
    environ = {"HOOKD_SANDBOX_CACHE_DIRECTORY": str(cache), **(environ or {})}
    bearer = bearer or token(config)
    headers = {"Authorization": f"Bearer {bearer}"}
    connector = aiohttp.TCPConnector(force_close=not keep)
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    process = Process(["serve", "--config", str(config)], config.parent, environ, within=within)
    # In threads: another service may be under load meanwhile.
    await asyncio.to_thread(process.__enter__)
    try:
        async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as client:
            yield Service(process, client, bearer)
    finally:
        await asyncio.to_thread(process.__exit__, None, None, None)
