"""A service under load can open nothing: no acknowledged write is lost, and no wrong decision issued."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from tests.end_to_end.keeping import Kept, keeping, kept_at_each
from tests.end_to_end.operators import REQUEST
from tests.end_to_end.serving import CONFIG, EXECUTE, NUMBERED, Service, serving
from tests.registry import Registry
from tests.waiting import PATIENCE


async def test_descriptors_run_out(tmp_path: Path, module_cache: Path, registry: Registry) -> None:
    """Who has a connection goes on with it: what is loaded runs, and what a worker can not read is a 503. A change is acknowledged, and
    in force at all workers, or a 503, and in force at none; also where there are a few descriptors, but fewer than it needs. Others
    get a connection when there are some again.
    """
    registry.add("a")
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    async with AsyncExitStack() as stack:
        environ = {"HOOKD_BUNDLE_REGISTRY": registry.url}
        service = await stack.enter_async_context(serving(config, module_cache, environ=environ))
        await service.deploy(NUMBERED % 0)
        kept = {pid: one for pid, (one,) in (await kept_at_each(service, stack, 1)).items()}
        async with service.under_load(4, answers=False):
            # Each has its connection then, and needs no other.
            await service.until(lambda: service.have_asked == 4)
            for room in (0, 1, 2, 3):
                limits = {pid: leave_descriptors(pid, room) for pid in kept}
                async with AsyncExitStack() as others:
                    await until_nobody_gets_in(service, others)
                for one in kept.values():
                    await change(service, one, kept)
                    await use_a_module(service, one, kept)
                await service.until_answered()
                for pid, limit in limits.items():
                    resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
                await until_somebody_gets_in(service)
                await service.write()
                assert service.acknowledged == service.sent
                await service.until_asked(20)
                assert [await one.execute(EXECUTE) for one in kept.values()] == [service.acknowledged] * len(kept)
        assert (service.lost, service.wrong, service.refused) == ([], [], [])
        await service.require_written()
        assert set(service.seen) <= {row["id"] for row in await service.rows()}
        assert "Traceback" not in service.process.log


async def change(service: Service, one: Kept, kept: Mapping[int, Kept]) -> None:
    """By this connection. What is in force then, is so for all."""
    service.sent += 1
    status, answer = await one.ask("PATCH", service.hook, {"script": service.script % service.sent})
    if status == 200:
        service.acknowledged = service.sent
        service.written.append(service.sent)
    else:
        assert (status, answer["errorCode"]) == (503, "temporarily_unavailable")
    await require_in_force(service, kept)


async def use_a_module(service: Service, one: Kept, kept: Mapping[int, Kept]) -> None:
    """A change that takes a process, and files: more than there are."""
    script = f"const a = require('a'); {service.script % (service.sent + 1)}"
    status, answer = await one.ask("PATCH", service.hook, {"script": script, "dependencies": {"a": "1.0.0"}})
    assert (status, answer["error"]) == (503, "Service Unavailable")
    await require_in_force(service, kept)


async def require_in_force(service: Service, kept: Mapping[int, Kept]) -> None:
    """What was acknowledged last, at each worker that can read it: one of its readers may not have opened the database yet."""
    for one in kept.values():
        status, answer = await one.ask("POST", EXECUTE, REQUEST)
        said = answer["claims"]["https://a/n"] if status == 200 else answer["errorCode"]
        assert (status, said) in ((200, service.acknowledged), (503, "temporarily_unavailable"))


def leave_descriptors(pid: int, room: int) -> tuple[int, int]:
    """The process has those that it has, and so many more; what its limits were."""
    taken = {int(file.name) for file in Path(f"/proc/{pid}/fd").iterdir()}
    limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    free = sorted(set(range(len(taken) + room + 1)) - taken)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free[room], limit[1]))
    return limit


async def until_nobody_gets_in(service: Service, stack: AsyncExitStack) -> None:
    """Others have what there was, as long as the stack."""
    port = service.process.address["port"]
    async with asyncio.timeout(PATIENCE):
        while await gets_in(await stack.enter_async_context(keeping(port, service.bearer))):
            pass


async def until_somebody_gets_in(service: Service) -> None:
    """By a connection of its own."""
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        port = service.process.address["port"]
        while not await gets_in(await stack.enter_async_context(keeping(port, service.bearer))):
            pass


async def gets_in(kept: Kept) -> bool:
    """Whether it has an answer in a second. Who gets no descriptor is hung up on, or waits."""
    try:
        async with asyncio.timeout(1):
            return (await kept.ask("GET", "/livez"))[0] == 200
    except (EOFError, ConnectionError, TimeoutError):
        return False
