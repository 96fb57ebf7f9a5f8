"""Hooks by their URL without the storage: what is loaded runs, and who may not call may not then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from runtime.settings import Settings
from tests.redis_servers import RedisServer
from tests.web.conftest import SEED, Api, opened
from tests.web.test_run import KEY, UNAUTHORIZED, keyed, run
from tests.web.test_run_limits import TASK, assert_refused, plain

OPEN, SEALED = "/api/run/acme/open", "/api/run/acme/sealed"


async def test_without_redis_what_is_loaded_runs(settings: Settings, tmp_path: Path):
    """A hook that is enabled, one that is not, and a plain webtask. One that nobody called by its URL is a 503 in webtask's words."""
    with RedisServer(tmp_path / "redis", appendfsync="always") as redis:
        storage = replace(settings.storage, url=redis.url)
        async with opened(replace(settings, storage=storage)) as api:
            nobody, caller = await prepared(api)
            assert await statuses(api, caller, nobody) == [200, 200, 200]
            redis.kill()
            for _ in range(2):
                assert await statuses(api, caller, nobody) == [200, 200, 200]
                assert (await run(api.with_token("another"), path=SEALED)).body == UNAUTHORIZED
                assert (await run(nobody, path=OPEN)).status == 401
            answer = await run(api, path="/api/run/acme/never-called")
            assert_refused(answer, 503, "Service Unavailable", 1, "storage")
            redis.start()


async def prepared(api: Api) -> tuple[Api, Api]:
    """Hooks, and who calls the open one and the one with a secret."""
    await api.create(SEED, name="never-called")
    await api.create(SEED, name="open")
    caller = await keyed(api, SEED, name="sealed", enabled=False)
    return await plain(api), caller


async def statuses(api: Api, caller: Api, nobody: Api) -> list[int]:
    """Of a run of each."""
    assert caller.bearer == KEY
    answers = [await run(api, path=OPEN), await run(caller, path=SEALED), await run(nobody, path=TASK)]
    return [answer.status for answer in answers]
