"""Each kind of Redis, real, and what goes wrong with one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop
from redis.asyncio.sentinel import Sentinel

from runtime.errors import SettingsError, Unavailable
from runtime.redis.address import Means, parse_address
from runtime.redis.faults import is_fault, is_passing, unavailable
from runtime.redis.server import Script, Server, connect
from tests.certificates import make_certificate
from tests.ports import free_ports
from tests.redis_servers import RedisServer, cli, watching
from tests.waiting import until

PATIENT, HASTY = Means(seconds=20, at_once=4), Means(seconds=0.3, at_once=4)
COUNT = Script.of("return redis.call('INCR', KEYS[1])")


@asynccontextmanager
async def connected(url: str, means: Means = PATIENT) -> AsyncIterator[Server]:
    """A server that is left in order."""
    server = connect(parse_address(url), means)
    try:
        yield server
    finally:
        await server.close()


async def in_the_end(call: Callable[[], Awaitable[Any]]) -> Any:
    """What it answers as soon as the server can be had."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await call()
            except Unavailable:
                await asyncio.sleep(0.05)


async def works(server: Server) -> None:
    """Scripts and commands, several at once, and those that have no key."""
    assert await server.run(COUNT, ["{a}:n"]) == 1
    assert await server.command("SET", "{b}", b"\0\xff") in (True, b"OK")
    assert await asyncio.gather(*(server.command("GET", "{b}") for _ in range(20))) == [b"\0\xff"] * 20
    assert sorted(await asyncio.gather(*(server.run(COUNT, ["{a}:n"]) for _ in range(20)))) == [*range(2, 22)]
    assert "redis_version" in await server.ask("{a}", "INFO")


async def test_tls_with_an_acl_user(tmp_path: Path):
    """The server is who its certificate says, wants one of ours, and lets the user do what it may, no more."""
    certificate = str(make_certificate(tmp_path))
    (port,) = free_ports(1)
    tls = {"tls-port": str(port), "tls-cert-file": certificate, "tls-key-file": certificate}
    options = {**tls, "tls-ca-cert-file": certificate}
    means = Means(seconds=20, ca_file=certificate, certificate_file=certificate)
    with RedisServer(tmp_path / "redis", **options) as redis:
        redis.cli("acl", "setuser", "hookd", "on", ">s3cret", "~{*}*", "+@all", "-flushall")
        async with connected(f"rediss://hookd:s3cret@127.0.0.1:{port}", means) as server:
            await works(server)
            with pytest.raises(Unavailable) as caught:
                await server.command("GET", "other")
            assert "permission" in caught.value.debug
        hasty = replace(means, seconds=0.3)
        for url, given in (
            (f"rediss://hookd:wr0ng@127.0.0.1:{port}", hasty),
            (f"rediss://hookd:s3cret@127.0.0.1:{port}", replace(hasty, ca_file="")),
            (f"rediss://hookd:s3cret@localhost:{port}", hasty),
            (f"redis://hookd:s3cret@127.0.0.1:{port}", hasty),
        ):
            async with connected(url, given) as server:
                with pytest.raises(Unavailable) as caught:
                    await server.command("GET", "{b}")
                assert "s3cret" not in caught.value.debug + str(caught.value)
                assert "wr0ng" not in caught.value.debug + str(caught.value)


async def test_certificates_that_can_not_be_read_are_a_wrong_setting(tmp_path: Path):
    """Before anything is connected, whatever kind of Redis it is."""
    for url in ("rediss://h", "rediss+sentinel://h/main", "rediss+cluster://h"):
        with pytest.raises(SettingsError, match="none, can not be used"):
            connect(parse_address(url), Means(ca_file=str(tmp_path / "none")))


async def test_sentinels_name_the_server(tmp_path: Path):
    """Where the master is another one, calls go there; one sentinel that is away does no harm."""
    *ports, nobody = free_ports(4)
    with ExitStack() as stack:
        for port, of in ((ports[0], None), (ports[1], ports[0])):
            more = {"replicaof": f"127.0.0.1 {of}"} if of else {}
            stack.enter_context(RedisServer(tmp_path / f"{port}", port=str(port), **more))
        said = stack.enter_context(watching(tmp_path, ports[2], ports[0], "watch"))
        await until(lambda: "+slave slave" in said())
        url = f"redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{ports[2]}/main/0"
        async with connected(url, Means(seconds=3, at_once=4, sentinel_password="watch")) as server:
            await works(server)
            fail_over = ("-p", str(ports[2]), "-a", "watch", "--no-auth-warning", "sentinel", "failover", "main")
            # It says no until it knows enough of the replica.
            await until(lambda: bool(cli(*fail_over)) and "+switch-master" in said())
            assert await in_the_end(lambda: server.run(COUNT, ["{c}"])) > 0


async def test_sentinels_that_know_no_master_are_told_by_their_addresses():
    """Not by all that the library knows of each."""
    nobody = [("s1.example", 26379), ("127.0.0.1", 1)]
    for more in ({}, {"sentinel_kwargs": {"username": "u", "password": "s3cret", "ssl": True}}):
        sentinel = Sentinel(nobody, **more)
        told = ", ".join(f"{one!r} - network:ConnectionError" for one in sentinel.sentinels)
        error = unavailable("Redis main", OSError(f"No master found for 'main' : {told}"))
        assert error.debug == (
            "Redis main: No master found for 'main' : s1.example:26379 network:ConnectionError, 127.0.0.1:1 network:ConnectionError"
        )


async def test_a_server_that_is_not_there_is_told_at_once():
    """Nobody waits for a connection that is refused, but for a few tries; while it is away there is only one."""
    async with connected(f"redis://u:secret@127.0.0.1:{free_ports(1)[0]}", HASTY) as server:
        execute, tried = server._client.execute, []

        async def counted(*words: str | bytes | float) -> object:
            tried.append(words)
            return await execute(*words)

        object.__setattr__(server._client, "execute", counted)
        with pytest.raises(Unavailable) as caught:
            await server.command("GET", "a")
        assert tried
        tried.clear()
        with pytest.raises(Unavailable):
            await server.command("GET", "a")
        assert len(tried) == 1
        assert "127.0.0.1" in caught.value.debug
        assert "secret" not in caught.value.debug
        assert caught.value.status == 503


async def test_where_no_other_try_comes_in_time_the_last_one_is_told(monkeypatch):
    """And not that time is over, which nobody waits for then."""
    monkeypatch.setattr("runtime.redis.server._PAUSES", (1_000.0,))
    async with connected(f"redis://127.0.0.1:{free_ports(1)[0]}", PATIENT) as server:
        with pytest.raises(Unavailable) as caught:
            await server.command("GET", "a")
        assert "Connect call failed" in caught.value.debug


async def test_a_server_that_does_not_answer_is_given_up(redis_server: RedisServer):
    """After two answers' time, waiting for a connection included; afterwards all goes on."""
    async with connected(redis_server.url, HASTY) as server:
        await in_the_end(lambda: server.command("SET", "slow", "1"))
        redis_server.pause()
        try:
            began = time.monotonic()
            calls = [server.command("GET", "slow") for _ in range(400)]
            answers = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(answer) for answer in answers} == {Unavailable}
            assert time.monotonic() - began < 15  # one after the other they would take half a minute
        finally:
            redis_server.resume()
        assert await in_the_end(lambda: server.command("GET", "slow")) == b"1"


async def test_connections_that_broke_are_made_anew(redis_server: RedisServer):
    """Of a whole pool; and scripts that Redis forgot are sent again. The caller does not notice."""
    async with connected(redis_server.url) as server:
        await asyncio.gather(*(server.command("SET", "kept", "1") for _ in range(8)))
        redis_server.cli("client", "kill", "type", "normal", "skipme", "yes")
        redis_server.cli("script", "flush")
        assert await asyncio.gather(*(server.command("GET", "kept") for _ in range(8))) == [b"1"] * 8
        assert await server.run(COUNT, ["counted"]) == 1


def test_a_connection_that_uvloop_has_closed_is_one_that_broke(redis_server: RedisServer):
    """The library passes on what uvloop says when the other side was faster. Other errors of this kind are ours."""

    async def write_when_closed() -> None:
        _, writer = await asyncio.open_unix_connection(redis_server.socket)
        writer.transport.abort()
        await asyncio.sleep(0)
        writer.writelines([b"PING\r\n"])

    with pytest.raises(RuntimeError) as caught:
        uvloop.run(write_when_closed())
    assert is_fault(caught.value)
    assert is_passing(caught.value)
    assert not is_fault(RuntimeError("Event loop is closed"))


async def test_what_redis_refuses_is_unavailable(redis_server: RedisServer):
    """With its words, and none of ours: memory that is full, replicas that are missing, a command that it does not know."""
    async with connected(redis_server.url) as server:
        for name, value, words in (
            ("maxmemory", "1", "used memory"),
            ("min-replicas-to-write", "3", "Not enough good replicas"),
        ):
            before = redis_server.cli("config", "get", name).split()[1]
            redis_server.cli("config", "set", name, value)
            try:
                for call in (server.command("SET", "a", "s3cret"), server.run(COUNT, ["a"], "s3cret")):
                    with pytest.raises(Unavailable, match="not available") as caught:
                        await call
                    assert words in caught.value.debug
                    assert "s3cret" not in caught.value.debug
            finally:
                redis_server.cli("config", "set", name, before)
        with pytest.raises(Unavailable) as caught:
            await server.command("NONSENSE", "s3cret")
        assert "s3cret" not in caught.value.debug
        assert "unknown command" in caught.value.debug


async def test_who_is_cancelled_gets_no_answer(redis_server: RedisServer):
    """Also where the library keeps that for itself, as it may when it has sent what it was to send just then."""
    async with connected(redis_server.url) as server:
        execute, waits = server._client.execute, asyncio.Event()

        async def keeps_it(*words: Any) -> Any:
            waits.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            return await execute(*words)

        object.__setattr__(server._client, "execute", keeps_it)
        waiting = asyncio.create_task(server.wait("PING"))
        await waits.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
