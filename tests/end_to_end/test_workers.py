"""`hookd serve` with several workers, under load, while they are killed, replaced and told of changes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from aiohttp import web

from tests.end_to_end.serving import CONFIG, NUMBERED, serving
from tests.network.servers import serving as on_this_machine
from tests.node.waiting import gone

RANDOM = "module.exports = (client, scope, audience, context, cb) => cb(null, { 'https://a/n': Math.random() });"
ASKING = "module.exports = async () => ({ 'https://a/n': await (await fetch('PLACE')).json() });"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    return file


def write(config: Path, text: str) -> None:
    """Another configuration."""
    config.write_text(text)


async def test_a_change_is_in_force_in_every_worker(config: Path, module_cache: Path):
    """At once, for whoever asks after the API's answer; the log has what any of them ran."""
    async with serving(config, module_cache, keep=False) as service:
        hook = await service.deploy(NUMBERED % 0)
        for number in range(1, 9):
            await service.call("PATCH", hook, {"script": NUMBERED % number})
            assert {await service.execute() for _ in range(8)} == {number}
        async with asyncio.timeout(30):  # a log that is asked for waits a second for another worker's disk, not longer
            while len((await service.call("GET", "/api/v1/logs?limit=100"))["executions"]) < 64:
                await asyncio.sleep(0.05)
        assert len(service.workers) == 2


async def test_a_request_that_comes_again_runs_no_hook(config: Path, module_cache: Path):
    """Whichever worker it comes to, also one of the service that has started anew since."""
    async with serving(config, module_cache, keep=False) as service:
        await service.deploy(RANDOM)
        service.client.headers["X-Request-Id"] = "a-request-of-mine"
        first = await service.execute()
        assert [await service.execute() for _ in range(20)] == [first] * 20
        assert set(await asyncio.gather(*(service.execute() for _ in range(20)))) == {first}
        before = service.workers
        service.process._process.send_signal(signal.SIGHUP)
        await service.until_said("started anew: 2 workers")
        async with asyncio.timeout(60):
            while service.workers & before:
                await asyncio.sleep(0.02)
        assert [await service.execute() for _ in range(10)] == [first] * 10
        service.client.headers["X-Request-Id"] = "another"
        many = await asyncio.gather(*(service.execute() for _ in range(20)))
        assert len(set(many)) == 1
        assert many[0] != first
        async with asyncio.timeout(30):
            while len((await service.call("GET", "/api/v1/logs"))["executions"]) < 2:
                await asyncio.sleep(0.05)
        assert len((await service.call("GET", "/api/v1/logs"))["executions"]) == 2


async def test_a_killed_worker_takes_only_its_own_requests_with_it(config: Path, module_cache: Path):
    """Others never notice; its place is taken at once. What it had acknowledged is there, and in force."""
    async with serving(config, module_cache, keep=False) as service:
        await service.deploy(NUMBERED % 0)
        async with service.under_load(6):
            for number in range(1, 4):
                await service.until_asked()
                await service.until(lambda: len(service.workers) == 2)
                await service.write()
                lost = len(service.lost)
                victim = sorted(service.workers)[number % 2]
                os.kill(victim, signal.SIGKILL)
                await gone(victim)
                await service.until_asked()
                assert len(service.lost) - lost <= 6
                assert await service.execute() == service.acknowledged == number
        assert service.wrong == []
        await service.until(lambda: len(service.workers) == 2)


async def test_it_starts_anew_under_load_and_loses_nothing(config: Path, module_cache: Path):
    """With clients that keep their connections, changes, and another configuration."""
    async with serving(config, module_cache) as service:
        await service.deploy(NUMBERED % 0)
        await service.call("GET", "/metrics", status=404)
        write(config, f'{CONFIG}[metrics]\ntoken = "a-token-of-thirty-two-characters-or-more"\n')
        before = service.workers
        async with service.under_load(writes=True):
            await service.until_asked()
            service.process._process.send_signal(signal.SIGHUP)
            await service.until_said("started anew: 2 workers")
            async with asyncio.timeout(60):
                while service.workers & before:
                    await service.until_asked(10)
            await service.until_asked()
        assert (service.lost, service.wrong, service.refused) == ([], [], [])
        await service.call("GET", "/metrics", status=401)


async def test_a_wrong_configuration_changes_nothing(config: Path, module_cache: Path):
    """It goes on with the one it has, and the log says what is wrong."""
    async with serving(config, module_cache) as service:
        await service.deploy(NUMBERED % 1)
        before = service.workers
        write(config, CONFIG.replace("workers = 2", "workers = 'many'"))
        service.process._process.send_signal(signal.SIGHUP)
        await service.until_said("could not start anew")
        assert "server.workers" in service.process.log
        assert (service.workers, await service.execute()) == (before, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_what_was_begun_is_finished(config: Path, module_cache: Path, number: signal.Signals):
    """When the service is told to stop, and when its supervisor is killed: the answer comes, its record is kept."""
    arrived, go = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        arrived.release()
        await go.wait()
        return web.json_response(1)

    async with on_this_machine(slow) as site:
        write(config, f"{CONFIG}[network]\nallow = ['{site.place}']\n[limits]\nwall_ms = 20000\n")
        async with serving(config, module_cache) as service:
            await service.deploy(ASKING.replace("PLACE", site.url()))
            workers = service.workers
            begun = [asyncio.create_task(service.execute()) for _ in range(4)]
            async with asyncio.timeout(60):
                for _ in begun:
                    await arrived.acquire()
            service.process._process.send_signal(number)
            go.set()
            assert await asyncio.gather(*begun) == [1] * 4
            await service.client.close()
            for worker in workers:
                await gone(worker)
            assert await asyncio.to_thread(service.process.wait) == (0 if number == signal.SIGTERM else -number)
        async with serving(config, module_cache) as service:
            logs = await service.call("GET", "/api/v1/logs")
            assert [row["decision"] for row in logs["executions"]] == ["allow"] * 4
