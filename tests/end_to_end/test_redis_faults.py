"""What goes wrong with the Redis of a service under load: no acknowledged write is lost, and no wrong decision issued."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.end_to_end.delaying import Delay, delaying
from tests.end_to_end.serving import CONFIG, NUMBERED, Service, serving
from tests.node.waiting import gone
from tests.ports import free_ports
from tests.redis_servers import RedisServer
from tests.waiting import PATIENCE


@asynccontextmanager
async def shared(
    folder: Path, cache: Path, *, workers: int, timeout_ms: int = 1000
) -> AsyncIterator[tuple[Service, Delay, RedisServer]]:
    """A service with a hook in a Redis that forgets nothing, and what stands between them."""
    (port,) = free_ports(1)
    with RedisServer(folder / "redis", port=str(port), appendfsync="always") as redis, delaying(port) as delay:
        url = f"[storage]\nurl = 'redis://127.0.0.1:{delay.port}/0'\ntimeout_ms = {timeout_ms}"
        config = folder / "config.toml"
        config.write_text(CONFIG.replace("workers = 2", f"workers = {workers}").replace("[storage]", url))
        async with serving(config, cache, keep=False) as service:
            await service.deploy(NUMBERED % 0)
            yield service, delay, redis


async def require_sound(service: Service) -> None:
    """What was acknowledged is there, what ran is in the log, and nothing went wrong that nobody expected."""
    assert (service.lost, service.wrong) == ([], [])
    await service.require_written()
    assert {row["id"] for row in await service.rows()} == set(service.seen)
    assert "Traceback" not in service.process.log


async def test_a_token_request_waits_for_no_slow_redis(tmp_path: Path, module_cache: Path) -> None:
    """However long it would be waited for. Who waited would take as long as an answer; a slow machine takes a fraction of that."""
    late, most = 8.0, 10.0
    async with shared(tmp_path, module_cache, workers=2, timeout_ms=round(most * 1000)) as (service, delay, _):
        async with service.under_load(4, pause=0.05):
            await service.write()
            await service.until_answered()
            service.took.clear()
            delay.set(late)
            # So many that those who waited would be among them: each client asks no more until it has its answer.
            await service.until(lambda: delay.late > 0 and len(service.took) >= 300)
            took = sorted(service.took)
            assert took[len(took) * 19 // 20] < min(late, most) / 2
            delay.set(0.0)
            await written_again(service)
        assert service.refused == []
        await require_sound(service)


async def test_a_redis_is_slow_breaks_off_is_full_and_dies(tmp_path: Path, module_cache: Path) -> None:
    """Token requests take what is loaded. Changes take longer, or are refused in time; then all goes on by itself, and what ran is in
    the log.
    """
    async with shared(tmp_path, module_cache, workers=1) as (service, delay, redis):
        async with service.under_load(4):
            for _ in range(3):
                await service.write()
            for seconds in (0.3, 5.0):
                await answer_late(service, delay, seconds)
            assert service.refused == []
            await service.write()
            await written_again(service)
            await break_off(service, delay)
            await reset(service, delay)
            await while_full(service, redis)
            await while_killed(service, redis)
        assert {body[:40] for body in service.refused} == {'{"statusCode":503,"error":"Service Unava'}
        await require_sound(service)


async def test_workers_change_hooks_while_their_redis_fails(tmp_path: Path, module_cache: Path) -> None:
    """Whichever is asked, it runs no hook that an acknowledged change had replaced: where it can not read what it is to run, there is
    no decision. A worker that is killed while Redis is full comes back when that is not.
    """
    async with shared(tmp_path, module_cache, workers=2) as (service, delay, redis):
        async with service.under_load(4, writes=True, answers=False):
            for end in (delay.break_off, delay.reset) * 2:
                await service.until_written()
                end()
            await service.until_written()
            redis.kill()
            await service.until_refused()
            await asyncio.to_thread(redis.start)
            await service.until_written()
            redis.cli("config", "set", "maxmemory", "1")
            await service.until_refused()
            victim = min(service.workers)
            os.kill(victim, signal.SIGKILL)
            await gone(victim)
            await service.until_said("The storage can not be used")
            await service.until_answered()
            redis.cli("config", "set", "maxmemory", "0")
            await service.until_written()
        assert service.wrong == []
        assert len(service.lost) <= 10, "what the victim had begun, and what waited for one that did not come"
        await service.require_written()
        assert "Traceback" not in service.process.log


def test_a_reset_is_one() -> None:
    """Who reads has an error, whether something is on its way to it or not; who is broken off reads an end."""
    with socket.create_server(("127.0.0.1", 0)) as server, delaying(server.getsockname()[1]) as delay:
        for said in (b"", b"half an ans"):
            for end, error in ((delay.reset, ConnectionResetError), (delay.break_off, None)):
                with socket.create_connection(("127.0.0.1", delay.port), timeout=PATIENCE) as client:
                    client.sendall(b"PING")
                    there, _ = server.accept()
                    with there:
                        there.settimeout(PATIENCE)
                        assert there.recv(4) == b"PING"
                        there.sendall(said)
                        assert client.recv(len(said)) == said
                        end()
                        if error is None:
                            assert client.recv(1) == b""
                        else:
                            with pytest.raises(error):
                                client.recv(1)
                        assert there.recv(1) == b""


async def answer_late(service: Service, delay: Delay, seconds: float) -> None:
    """Each time by so much."""
    await service.until_asked(10)
    delay.set(seconds)
    await service.until_asked(100)
    assert await change(service, seconds) < 10
    delay.set(0.0)


async def break_off(service: Service, delay: Delay) -> None:
    """While something is being changed."""
    for _ in range(3):
        writing = asyncio.create_task(service.write())
        await service.until_asked(1)
        delay.break_off()
        await writing
        await written_again(service)


async def reset(service: Service, delay: Delay) -> None:
    """When a change has been sent, and nobody has heard yet whether it was made."""
    for _ in range(3):
        delay.reset_at(service.script % (service.sent + 1))
        await service.write()
        assert delay.is_reset
        await written_again(service)


async def while_full(service: Service, redis: RedisServer) -> None:
    """It takes nothing more, until it may. What is read is there."""
    async with service.changing():
        await service.until_written()
        redis.cli("config", "set", "maxmemory", "1")
        await service.until_refused()
        await service.until_answered()
        redis.cli("config", "set", "maxmemory", "0")
        await service.until_written()
    await service.until_answered()


async def while_killed(service: Service, redis: RedisServer) -> None:
    """It is started again later, and has what it had acknowledged. Where a change is in force that could not be read yet, there is no
    decision meanwhile.
    """
    redis.kill()
    await service.until_asked(50)
    refused = len(service.refused)
    await service.write()
    assert len(service.refused) > refused
    await service.until_asked(50)
    await asyncio.to_thread(redis.start)
    await service.require_written()
    await written_again(service)


async def written_again(service: Service) -> None:
    """A change is acknowledged, and in force."""
    async with asyncio.timeout(PATIENCE):
        while service.acknowledged < service.sent:
            await service.write()
    await service.until_asked(20)


async def change(service: Service, delay: float) -> float:
    """Seconds until a change is acknowledged, or refused where each answer takes longer than it is waited for."""
    began = time.monotonic()
    if delay < 1:
        await service.write()
    else:
        body = {"name": "a-hook", "triggerId": "credentials-exchange", "script": NUMBERED % 0}
        refused = await service.call("POST", "/api/v2/hooks", body, 503)
        assert refused["errorCode"] == "temporarily_unavailable"
    return time.monotonic() - began
