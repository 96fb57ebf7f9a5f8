"""One soak: the service, its load, what happens to it, and what is seen of it meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from tests.bench.hookd import Installation
from tests.bench.measures import BOUNDS, Bound, Series
from tests.redis_servers import RedisServer
from tests.soak.bursts import AT_ONCE, FIRST_LOOPS, SLOW, burst
from tests.soak.load import CLIENTS, HOSTILE, Tenant, Told
from tests.soak.nodes import ANEW, Nodes, send, workers
from tests.soak.outages import OF_A_NODE, OUTAGE, kill_supervisor, lose_everything, outage
from tests.soak.rude import offend
from tests.waiting import PATIENCE

TENANTS = ("ada", "bob", "eve")
ATTACKER, SLOW_ONE = "mallory", "zoe"
ENVIRON = {
    # Small, so that they are full when the service is warm.
    "HOOKD_SANDBOX_IMAGE_CACHE_BYTES": str(16 << 20),
    "HOOKD_STORAGE_EXECUTIONS_MOST": "5000",
}
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT")
"""How each entry of a log begins; those that go on have more lines, of which so many are told."""
_MOST_LINES: Final = 100


@dataclass(slots=True)
class Soaked:
    """What came out."""

    told: Told = field(default_factory=Told)
    series: Series = field(default_factory=Series)
    events: list[tuple[float, str]] = field(default_factory=list)
    sizes: list[tuple[float, int, int]] = field(default_factory=list)
    """Seconds, bytes of the database or of what Redis writes, bytes of the cache."""
    at_once: int = AT_ONCE
    """Requests of a burst."""
    log: str = ""
    """What the service wrote."""

    def faults(self) -> list[str]:
        """All that must not be."""
        # A worker's samples may be of a burst, in which each request has a connection.
        bounds = {**BOUNDS, "files": Bound(BOUNDS["files"].part, BOUNDS["files"].beside + self.at_once)}
        grown = [fault for life in self.series.rows() for fault in life.faults(bounds)]
        few = [] if self.told.counts["right decisions"] else ["no decision was right"]
        sent, anew = self.told.counts["SIGHUP"], self.told.counts["started anew"]
        stale = [] if sent == anew else [f"of {sent} SIGHUPs {anew} were followed by a start anew"]
        return [*self.told.wrong, *grown, *few, *stale]


@dataclass(frozen=True, slots=True)
class Site:
    """The service, and what it stands on."""

    installation: Installation
    nodes: Nodes
    redis: RedisServer | None

    @property
    def database(self) -> int:
        """Bytes of what is stored."""
        if self.redis is not None:
            return _size(self.redis.folder / "appendonlydir")
        return sum(file.stat().st_size for file in self.installation.file.parent.glob("hookd.db*"))


async def soak(
    seconds: float,
    folder: Path,
    *,
    cache: Path | None = None,
    chaos: int = 6,
    at_once: int = AT_ONCE,
    is_enough: Callable[[Soaked], object] = lambda _: True,
    redis: RedisServer | None = None,
) -> Soaked:
    """For so long, one node on SQLite, or two on this Redis, which writes what it acknowledges before it does (`appendfsync always`).

    `chaos` is how often something happens to the service: a SIGHUP, then a worker is killed, then Redis, then a supervisor, and so on.
    `at_once` is how many requests a burst has. It goes on for longer until all that was to happen has, and `is_enough` says so.
    """
    soaked, environ = Soaked(at_once=at_once), dict(ENVIRON)
    if cache is not None:
        environ["HOOKD_SANDBOX_CACHE_DIRECTORY"] = str(cache)
    with Installation("" if redis is None else redis.url) as installation:
        arguments = ["serve", "--config", str(installation.file), "--workers", "2"]
        nodes = Nodes(arguments, folder, environ, 1 if redis is None else 2)
        with nodes:
            tenants = await _load(soaked, Site(installation, nodes, redis), seconds, chaos, is_enough)
        soaked.told.counts["started anew"] = nodes.log.count(ANEW)
        if redis is not None:
            redis.kill()
            redis.start()
        with Nodes(arguments, folder, environ, nodes.count) as nodes:
            async with _sessions(installation, TENANTS) as sessions:
                for tenant, session in zip(tenants, sessions, strict=True):
                    tenant.session, tenant.urls = session, nodes.urls
                    await tenant.check()
                if redis is not None:
                    await lose_everything(redis, nodes, tenants, soaked.told)
        soaked.log = nodes.log
        soaked.told.wrong += in_the_log(soaked.log)
    return soaked


def in_the_log(log: str) -> list[str]:
    """The tracebacks and the worst lines of a service's log: each with the line before it, and as far as it goes."""
    lines = log.splitlines()
    found = [at for at, line in enumerate(lines) if "Traceback" in line or "CRITICAL" in line]
    return ["in the log:\n" + "\n".join(_entry(lines, at)) for at in found]


def _entry(lines: Sequence[str], at: int) -> Sequence[str]:
    rest = lines[at + 1 : at + _MOST_LINES]
    more = next((number for number, line in enumerate(rest) if _MOMENT.match(line)), len(rest))
    return lines[max(0, at - 1) : at + 1 + more]


async def _load(
    soaked: Soaked,
    site: Site,
    seconds: float,
    chaos: int,
    is_enough: Callable[[Soaked], object],
) -> list[Tenant]:
    began, is_over = time.monotonic(), asyncio.Event()
    end = began + seconds

    def going() -> bool:
        now = time.monotonic()
        return now < end or (now < end + 2 * PATIENCE and not (is_over.is_set() and is_enough(soaked)))

    names = (*TENANTS, ATTACKER, SLOW_ONE)
    async with _sessions(site.installation, names) as sessions:
        tenants = [
            Tenant(name, session, site.nodes.urls, soaked.told, going)
            for name, session in zip(names, sessions, strict=True)
        ]
        *good, mallory, zoe = tenants
        for tenant in good:
            await tenant.begin(tenant.script(0))
        await mallory.begin(HOSTILE[-1])
        await zoe.begin(SLOW % (FIRST_LOOPS, zoe.name))
        async with asyncio.TaskGroup() as group:
            for tenant in good:
                for _ in range(CLIENTS):
                    group.create_task(tenant.ask())
                group.create_task(tenant.deploy(min(0.5, seconds / 20)))
                group.create_task(tenant.follow())
            group.create_task(mallory.attack(min(0.3, seconds / 60)))
            group.create_task(offend(mallory, min(0.1, seconds / 200)))
            group.create_task(burst(zoe, min(5.0, seconds / 10), soaked.at_once))
            group.create_task(_watch(soaked, site, began, max(0.1, seconds / 600), going))
            await _trouble(soaked, site, good[0], began, seconds / (chaos + 1), chaos)
            is_over.set()
    return good


@asynccontextmanager
async def _sessions(installation: Installation, names: tuple[str, ...]) -> AsyncIterator[list[aiohttp.ClientSession]]:
    async with AsyncExitStack() as stack:
        sessions = []
        for name in names:
            headers = {"Authorization": f"Bearer {installation.token(name)}"}
            timeout = aiohttp.ClientTimeout(total=30)
            # A burst has a connection for each request.
            connector = aiohttp.TCPConnector(limit=0, force_close=True) if name == SLOW_ONE else None
            session = aiohttp.ClientSession(headers=headers, timeout=timeout, connector=connector)
            sessions.append(await stack.enter_async_context(session))
        yield sessions


async def _watch(soaked: Soaked, site: Site, began: float, pause: float, going: Callable[[], bool]) -> None:
    """Look at all processes, some hundreds of times."""
    cache = site.installation.file.parent / "cache"
    while going():
        now = time.monotonic() - began
        for supervisor in site.nodes.supervisors:
            soaked.series.take(now, supervisor, "supervisor")
            for pid in workers(supervisor):
                soaked.series.take(now, pid, "worker")
        soaked.sizes.append((now, site.database, _size(cache)))
        await asyncio.sleep(pause)


def _size(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.stat().st_size if file.is_file() else 0
    return total


async def _trouble(soaked: Soaked, site: Site, tenant: Tenant, began: float, pause: float, times: int) -> None:
    """SIGHUP, SIGKILL of a worker, of Redis and of a supervisor, by turns. `tenant` has a decision while Redis is away."""
    chance = random.Random(1)
    kinds = ("SIGHUP", "SIGKILL") if site.redis is None else ("SIGHUP", "SIGKILL", OUTAGE, OF_A_NODE)
    for kind in itertools.islice(itertools.cycle(kinds), times):
        await asyncio.sleep(pause)
        soaked.events.append((time.monotonic() - began, kind))
        await _happen(kind, soaked.told, site, tenant, chance, pause)
        soaked.told.counts[kind] += 1
    await site.nodes.settled(soaked.told.counts["SIGHUP"])


async def _happen(kind: str, told: Told, site: Site, tenant: Tenant, chance: random.Random, pause: float) -> None:
    number = chance.randrange(site.nodes.count)
    if kind in ("SIGHUP", OF_A_NODE):
        # One SIGHUP that comes while another is tried is the same, and who is killed hears none.
        await site.nodes.settled(told.counts["SIGHUP"])
    if kind == "SIGHUP":
        site.nodes.hang_up(number)
    elif kind == "SIGKILL":
        send(chance.choice(workers(site.nodes.supervisors[number])), signal.SIGKILL)
        told.killed = time.monotonic()
    elif kind == OF_A_NODE:
        await kill_supervisor(site.nodes, number, told)
    elif site.redis is not None:
        await outage(site.redis, tenant, chance.uniform(0, pause / 4))
