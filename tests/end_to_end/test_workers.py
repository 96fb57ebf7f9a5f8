"""`hookd serve` with several workers, under load, while they are killed, replaced and told of changes."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.end_to_end.holding import holding
from tests.end_to_end.keeping import kept_at_each
from tests.end_to_end.serving import CONFIG, EXECUTE, NUMBERED, serving
from tests.node.waiting import gone

RANDOM = "module.exports = (client, scope, audience, context, cb) => cb(null, { 'https://a/n': Math.random() });"


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
                assert await service.execute() == service.acknowledged
                lost = len(service.lost)
                victim = sorted(service.workers)[number % 2]
                async with service.changing():
                    await service.until_written()
                    os.kill(victim, signal.SIGKILL)
                    await gone(victim)
                    await service.until_written()
                await service.until_asked()
                assert len(service.lost) - lost <= 7
                assert service.acknowledged <= await service.execute() <= service.sent
        assert service.wrong == []
        await service.require_written()
        await service.until(lambda: len(service.workers) == 2)


async def test_requests_at_another_worker_are_untouched_when_one_is_killed(config: Path, module_cache: Path):
    """Those of the killed one end. Each of the other's is answered, and its connection is good for more."""
    async with AsyncExitStack() as stack:
        held = await stack.enter_async_context(holding())
        write(config, f"{CONFIG}{held.allowed}")
        service = await stack.enter_async_context(serving(config, module_cache))
        await service.deploy(held.script % 7)
        kept = await kept_at_each(service, stack, 4)
        held.hold()
        begun = {pid: [asyncio.create_task(one.execute(EXECUTE)) for one in kept[pid]] for pid in kept}
        await held.until_held(8)
        victim, survivor = kept
        os.kill(victim, signal.SIGKILL)
        ended = await asyncio.gather(*begun[victim], return_exceptions=True)
        assert all(isinstance(one, EOFError | ConnectionError) for one in ended), ended
        assert not any(task.done() for task in begun[survivor])
        held.let_go()
        assert await asyncio.gather(*begun[survivor]) == [7] * 4
        assert await asyncio.gather(*(one.execute(EXECUTE) for one in kept[survivor])) == [7] * 4
        assert {await one.worker(service.workers) for one in kept[survivor]} == {survivor}


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
        await service.require_written()
        await service.call("GET", "/metrics", status=401)


async def test_it_starts_anew_with_fewer_workers_and_loses_nothing(config: Path, module_cache: Path):
    """With a new connection for each question, all the time: none is reset."""
    write(config, CONFIG.replace("workers = 2", "workers = 4"))
    async with serving(config, module_cache, keep=False) as service:
        await service.deploy(NUMBERED % 0)
        before = service.workers
        write(config, CONFIG.replace("workers = 2", "workers = 1"))
        async with service.under_load(4, pause=0.002):
            await service.until_asked()
            service.process._process.send_signal(signal.SIGHUP)
            await service.until_said("started anew: 1 workers")
            await service.until(lambda: service.workers.isdisjoint(before))
            await service.until_asked()
        assert (service.lost, service.wrong, len(service.workers)) == ([], [], 1)


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


async def test_what_was_begun_is_finished(config: Path, module_cache: Path):
    """When the service is told to stop: the answer comes, its record is kept."""
    async with holding() as held:
        held.hold()
        write(config, f"{CONFIG}{held.allowed}")
        async with serving(config, module_cache) as service:
            await service.deploy(held.script % 1)
            workers = service.workers
            begun = [asyncio.create_task(service.execute()) for _ in range(4)]
            await held.until_held(4)
            service.process._process.send_signal(signal.SIGTERM)
            held.let_go()
            assert await asyncio.gather(*begun) == [1] * 4
            await service.client.close()
            for worker in workers:
                await gone(worker)
            assert await asyncio.to_thread(service.process.wait) == 0
        async with serving(config, module_cache) as service:
            assert [row["decision"] for row in await service.rows()] == ["allow"] * 4


async def test_the_supervisor_is_killed(config: Path, module_cache: Path):
    """Under load and changes: its workers finish what they have begun, and end. The service that is started at once, while they may
    still be there, has what they acknowledged and what they ran.
    """
    async with AsyncExitStack() as stack:
        held = await stack.enter_async_context(holding())
        write(config, f"{CONFIG}{held.allowed}")
        service = await stack.enter_async_context(serving(config, module_cache, keep=False))
        service.script = held.script
        await service.deploy(held.script % 0)
        async with service.under_load(4, writes=True):
            await service.until_written()
            held.hold()
            await held.until_held(4)
            await service.until_written()
            workers, answered = service.workers, len(service.seen)
            service.process._process.kill()
            held.let_go()
            await service.until(lambda: len(service.seen) >= answered + 4)
            after = await stack.enter_async_context(serving(config, module_cache, bearer=service.bearer))
            await asyncio.to_thread(service.process.wait)
            service.process = after.process
            await service.until_answered()
            await service.until_written()
        for worker in workers:
            await gone(worker)
        assert (service.wrong, service.refused) == ([], [])
        await service.require_written()
        assert {row["id"] for row in await service.rows()} == set(service.seen)
        assert "Traceback" not in service.process.log
