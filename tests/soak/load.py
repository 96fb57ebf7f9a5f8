"""Mixed load: token requests of several tenants, deploys, tails that come and go, hostile hooks. Every answer is judged; `bursts.py` has more.

Where the storage is away, requests get decisions from what is loaded, or a 503; changes are refused with a 503.

A decision is right if it is that of a version which was in force at some moment between the request and its answer: the last one
that was acknowledged before the request was sent, or one of which the deploy had begun when the answer came.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from tests.bench.case import PATH, TRIGGER
from tests.end_to_end.operators import REQUEST

CLIENTS: Final = 3
"""Of each tenant, at once."""
KEPT_MOST: Final = 80
"""Hooks that are made and only kept, of each tenant: it may have a hundred."""

OF_A_KILL: Final = 10.0
"""Seconds after a worker was killed in which a request that is not answered was one of its."""

OF_AN_OUTAGE: Final = 15.0
"""Seconds after the first deploy with a storage again in which an answer may be as if it were away: by another worker."""
AWAY: Final = " while the storage was away"
REFUSED, DECIDED = f"changes refused{AWAY}", f"right decisions{AWAY}"

MEANT: Final = 503
"""The answer where there is too much to do, or a worker stops."""

NUMBERED: Final = """// %s
module.exports = (client, scope, audience, context, cb) => {
  console.log('number %d');
  cb(null, { 'https://soak/n': %d, 'https://soak/t': '%s' });
};"""
HOSTILE: Final = (
    "module.exports = () => { for (;;) {} };",
    "module.exports = () => { const all = []; for (;;) all.push('x'.repeat(1e6) + all.length); };",
    "module.exports = (c, s, a, x, cb) => cb(null, { 'https://soak/n': 'x'.repeat(1e6) });",
    "module.exports = () => { const f = () => f() + 1; f(); };",
    "module.exports = () => { /(a+)+$/.test('a'.repeat(40) + '!'); for (;;) {} };",
    "module.exports = () => { const again = () => Promise.resolve().then(again); again(); };",
    "module.exports = () => { for (;;) console.log('x'.repeat(1000)); };",
    "module.exports = async () => { await Promise.all(Array.from({ length: 1000 }, () => fetch('http://127.0.0.1/'))); };",
    "module.exports = () => { throw { toString() { for (;;) {} } }; };",
    "module.exports = (c, s, a, x, cb) => { cb(null, {}); cb(null, {}); };",
)


@dataclass(slots=True)
class Told:
    """What happened, counted; `wrong` should stay empty. Moments are by the monotonic clock."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    killed: float = -math.inf
    """When a worker was killed last; infinite while there is no supervisor."""
    away: bool = False
    """Whether there is no storage."""
    away_until: float = -math.inf
    """Until when an answer may be that of a service whose storage is away."""

    @property
    def may_be_away(self) -> bool:
        """Whether a service that can not reach its storage may say so."""
        return time.monotonic() < self.away_until

    def unanswered(self, request: str, error: Exception) -> None:
        """Right for those that a killed worker had, and only for them: a start anew loses none."""
        if time.monotonic() < self.killed + OF_A_KILL:
            self.counts["not answered by a killed worker"] += 1
        else:
            self.wrong.append(f"{request} was not answered, and no worker was killed: {error!r}")

    def answered(self, request: str, status: int, answer: Any) -> None:
        """Whatever was asked for, and however hostile it is: of all 5xx only a 503 is meant."""
        if status == MEANT:
            self.counts["requests answered 503"] += 1
        elif status >= 500:
            self.wrong.append(f"{request} was answered {status}: {json.dumps(answer)[:300]}")


@dataclass(slots=True)
class Tenant:
    """One tenant: its client of the API, its hook, and what of it was acknowledged."""

    name: str
    session: aiohttp.ClientSession
    urls: Sequence[str]
    """Nodes that all have its hook: each request goes to any of them."""
    told: Told
    going: Callable[[], bool]
    hook: str = ""
    acknowledged: int = 0
    begun: int = 0
    decided: int = 0
    """Right decisions."""
    kept: dict[str, str] = field(default_factory=dict)
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Who has it knows that the hook is not being changed."""

    def script(self, number: int) -> str:
        return NUMBERED % (self.name, number, number, self.name)

    @property
    def place(self) -> str:
        """Where something is asked."""
        return random.choice(self.urls)

    async def call(self, method: str, path: str, body: Any = None, *, at: str = "") -> tuple[int, Any]:
        """Status and body; status 0 for no answer, as of a worker that was killed. `at`: the node, in place of any."""
        try:
            async with self.session.request(method, (at or self.place) + path, json=body) as answer:
                status, said = answer.status, await answer.json()
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            self.told.unanswered(f"{method} {path}", error)
            return 0, None
        self.told.answered(f"{method} {path}", status, said)
        return status, said

    async def begin(self, script: str) -> None:
        """The tenant's hook, enabled."""
        body = {"name": "soaked", "triggerId": TRIGGER, "script": script, "enabled": True}
        status, answer = await self.call("POST", "/api/v2/hooks", body)
        assert status in (200, 201), answer
        self.hook = answer["id"]

    async def ask(self) -> None:
        """Token requests, one after the other."""
        while self.going():
            await self.decide()

    async def decide(self, *, at: str = "") -> None:
        """One of them; `at` as for `call`."""
        least, away = self.acknowledged, self.told.away
        status, answer = await self.call("POST", PATH, REQUEST, at=at)
        if status:
            self._judge(status, answer, least, away=away)

    def _judge(self, status: int, answer: Any, least: int, *, away: bool = False) -> None:
        """`away`: whether the storage was when the request was sent."""
        if status == MEANT and self.told.may_be_away:
            self.told.counts[f"token requests answered 503{AWAY}"] += 1
            return
        claims = answer.get("claims", {}) if status == 200 else {}
        number, tenant = claims.get("https://soak/n"), claims.get("https://soak/t")
        if tenant == self.name and isinstance(number, int) and least <= number <= self.begun:
            self.decided += 1
            self.told.counts["right decisions"] += 1
            if away and self.told.away:
                self.told.counts[DECIDED] += 1
        else:
            said = json.dumps(answer)[:300]
            self.told.wrong.append(f"{self.name}: {status} {said}, where {least} to {self.begun} would be right")

    async def deploy(self, pause: float) -> None:
        """Another version again and again, and now and then a hook that is only kept."""
        while self.going():
            async with self.changing:
                await self._deploy()
            await asyncio.sleep(pause)

    async def _deploy(self) -> None:
        self.begun += 1
        away = self.told.away
        status, answer = await self.call("PATCH", f"/api/v2/hooks/{self.hook}", {"script": self.script(self.begun)})
        self._judge_deploy(status, answer, away=away)
        if self.begun % 10 == 1 and len(self.kept) < KEPT_MOST:
            await self._keep()

    def _judge_deploy(self, status: int, answer: Any, *, away: bool) -> None:
        if status == 200 and away and self.told.away:
            self.told.wrong.append(f"{self.name}: a deploy was acknowledged{AWAY}")
        elif status == 200:
            self.acknowledged = self.begun
            self.told.counts["deploys"] += 1
        elif status == MEANT and self.told.may_be_away:
            self.told.counts[REFUSED] += 1
        elif status:
            self.told.wrong.append(f"{self.name}: a deploy was answered {status} {answer}")

    async def _keep(self) -> None:
        name = f"kept-{self.begun}"
        script = self.script(self.begun)
        body = {"name": name, "triggerId": TRIGGER, "script": script, "enabled": False}
        status, answer = await self.call("POST", "/api/v2/hooks", body)
        if status in (200, 201):
            self.kept[answer["id"]] = script

    async def follow(self) -> None:
        """Tails that come, read something, and go."""
        chance = random.Random(self.name)
        while self.going():
            try:
                timeout = aiohttp.ClientTimeout(total=chance.uniform(0.2, 5))
                async with self.session.get(f"{self.place}/api/v1/logs/tail", timeout=timeout) as stream:
                    self.told.answered("GET /api/v1/logs/tail", stream.status, None)
                    self.told.counts["tails"] += stream.status == 200
                    async for line in stream.content:
                        self.told.counts["events"] += line.startswith(b"data:")
                        if not self.going():
                            return
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                await asyncio.sleep(0.05)

    async def attack(self, pause: float) -> None:
        """One hostile hook after the other: each must be denied."""
        while self.going():
            for script in HOSTILE:
                await self.call("PATCH", f"/api/v2/hooks/{self.hook}", {"script": script})
                for _ in range(3):
                    status, answer = await self.call("POST", PATH, REQUEST)
                    if status == 200 and answer["decision"] == "deny":
                        self.told.counts["attacks denied"] += 1
                    elif status == 200:
                        self.told.wrong.append(f"allowed: {script}")
                    elif status not in (0, MEANT):
                        self.told.wrong.append(f"{self.name}: {status} {answer} for {script}")
                    await asyncio.sleep(pause)
                if not self.going():
                    return

    async def check(self) -> None:
        """What was acknowledged is there, at each node, after a new start."""
        for url in self.urls:
            await self._check(url)

    async def _check(self, url: str) -> None:
        status, hook = await self.call("GET", f"/api/v2/hooks/{self.hook}", at=url)
        possible = [self.script(number) for number in range(self.acknowledged, self.begun + 1)]
        if status != 200 or hook["script"] not in possible:
            self.told.wrong.append(f"{self.name}: lost its version {self.acknowledged}: {status} {hook}")
        for hook_id, script in self.kept.items():
            status, hook = await self.call("GET", f"/api/v2/hooks/{hook_id}", at=url)
            if status != 200 or hook["script"] != script:
                self.told.wrong.append(f"{self.name}: lost the hook {hook_id}: {status}")
        self.told.counts["hooks that were kept"] += len(self.kept)
