"""Hooks by their URL are bounded as token requests are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from runtime.errors import Unavailable
from runtime.sandbox.pool import WasmSandbox
from runtime.sandbox.turns import Turns as ThreadTurns
from runtime.settings import LimitSettings, Settings
from runtime.storage.base import HookFilter
from runtime.web.turns import Turns
from tests.waiting import until
from tests.web.conftest import REQUEST, SEED, Answer, Api, hook_of, opened, token
from tests.web.test_admission import EXECUTE, _no_time_passes, limited
from tests.web.test_policy import deploy
from tests.web.test_run import KEY, RUN, UNAUTHORIZED, keyed, run

__all__ = ["_no_time_passes"]

TASK = "/api/run/acme/task"
FOREVER = hook_of("for (;;);")
LEFT_ALONE = "Script is left alone for a while."


def fragile(settings: Settings) -> Settings:
    """With a breaker that two runs open, for an hour."""
    sandbox = replace(settings.sandbox, breaker_failures=2, breaker_seconds=3600)
    return replace(settings, sandbox=sandbox, limits=LimitSettings(cpu_ms=20))


async def plain(
    api: Api, code: str = "module.exports = (cb) => cb(null, 1);", *, name: str = "task", **secrets: str
) -> Api:
    """Who knows nothing of a new plain webtask but its URL."""
    answer = await api.call("PUT", f"/api/webtask/acme/{name}", {"code": code, "secrets": secrets})
    assert answer.status == 200
    return api.with_token(None)


async def errors(api: Api, times: int, path: str = RUN) -> list[tuple[int, str]]:
    """What so many runs are told, one after the other."""
    answers = [await run(api, path=path) for _ in range(times)]
    for answer in answers:
        assert list(answer.body) == ["code", "error", "details", "name", "message"]
        assert answer.body["code"] == answer.status
    return [(answer.status, answer.body["error"]) for answer in answers]


def assert_refused(answer: Answer, status: int, error: str, seconds: int, text: str) -> None:
    """In webtask's words."""
    message = answer.body["message"]
    assert text in message
    expected = {"code": status, "error": error, "details": f"Error: {message}", "name": "Error", "message": message}
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (status, expected, str(seconds))


BROKEN, REFUSED = (500, "Script exceeded a limit."), (503, LEFT_ALONE)


@pytest.mark.parametrize("enabled", [True, False])
async def test_a_hook_that_breaks_again_and_again_is_left_alone(settings: Settings, enabled: bool):
    """Enabled or not: webtask's own error, which says when to come again; and a record that says why."""
    async with opened(fragile(settings)) as api:
        caller = await keyed(api, FOREVER, enabled=enabled)
        assert await errors(caller, 4) == [BROKEN, BROKEN, REFUSED, REFUSED]
        answer = await run(caller)
        assert 3000 < int(answer.headers["Retry-After"]) <= 3600
        assert "failed 2 times in a row, last with cpu_limit" in answer.body["message"]
        logs = (await api.call("GET", "/api/v1/logs", outcome="circuit_open")).body["executions"]
        assert [(one["decision"], one["cpu_ms"]) for one in logs] == [("deny", 0)] * 3


async def test_a_plain_webtask_is_left_alone_too(settings: Settings):
    """Whoever calls it."""
    async with opened(fragile(settings)) as api:
        nobody = await plain(api, "module.exports = (cb) => { for (;;); };")
        assert await errors(nobody, 3, TASK) == [BROKEN, BROKEN, REFUSED]


async def test_token_requests_and_runs_have_one_breaker(settings: Settings):
    """It is the hook that is left alone, whoever asked for it; only runs of its own close it."""
    async with opened(fragile(settings)) as api:
        await api.create(hook_of("if (client.id === 'bad') for (;;); cb(null, {})"))
        bad = {**REQUEST, "client": {"id": "bad"}}
        assert (await run(api, bad)).status == 500
        assert (await api.execute(client=bad["client"]))["hook_error"]["code"] == "cpu_limit"
        assert (await run(api)).status == 503
        assert (await api.execute())["hook_error"]["code"] == "circuit_open"


async def test_an_answer_closes_it(settings: Settings):
    """Failures count that come in a row."""
    async with opened(fragile(settings)) as api:
        await api.create(hook_of("if (client.id === 'bad') for (;;); cb(null, {})"))
        bad = {**REQUEST, "client": {"id": "bad"}}
        assert [(await run(api, body)).status for body in (bad, None, bad, None)] == [500, 200, 500, 200]


async def test_what_is_done_to_other_hooks_does_not_close_it(settings: Settings):
    """Nor that it is read anew. Only its own change does: its script, or a secret that it has."""
    async with opened(fragile(settings)) as api:
        hook = await api.create(FOREVER)
        path = f"/api/v2/hooks/{hook['id']}"
        opening = ["cpu_limit", "cpu_limit", "circuit_open"]
        assert [(await api.execute())["hook_error"]["code"] for _ in range(3)] == opening
        await api.create(SEED, name="other", enabled=False)
        api.runtime.preparations.forget(None)
        assert (await api.execute())["hook_error"]["code"] == "circuit_open"
        assert (await run(api)).status == 503

        await api.call("POST", f"{path}/secrets", {"A": "1"})
        assert [(await api.execute())["hook_error"]["code"] for _ in range(3)] == opening
        await api.call("PATCH", path, {"script": SEED})
        assert (await run(api)).status == 200


async def test_a_trial_has_a_breaker_of_its_own(settings: Settings):
    """What is tried in the editor neither opens nor closes the hook's."""
    async with opened(fragile(settings)) as api:
        hook = await api.create(FOREVER)
        test = f"/api/v1/hooks/{hook['id']}/test"
        for _ in range(3):
            assert (await api.call("POST", test, {})).body["hook_error"]["code"] == "cpu_limit"
        assert await errors(api, 2) == [BROKEN, BROKEN]
        assert "hook_error" not in (await api.call("POST", test, {"script": SEED})).body
        assert await errors(api, 1) == [REFUSED]


# rates


@pytest.mark.usefixtures("_no_time_passes")
async def test_runs_and_token_requests_have_one_rate(settings: Settings):
    """Of the tenant; what is too much does not run. Who may not call, and other tenants, take nothing of it."""
    async with opened(limited(settings, tenant_rate=1, tenant_burst=3)) as api:
        await api.create(SEED)
        caller = await keyed(api, SEED, name="second")
        for stranger in (None, "another"):
            assert (await run(api.with_token(stranger), path="/api/run/acme/second")).body == UNAUTHORIZED
            assert (await run(api.with_token(stranger))).status == 401
        assert (await run(api, path="/api/run/acme/none")).status == 404

        assert (await run(api)).status == 200
        assert (await run(caller, path="/api/run/acme/second")).status == 200
        assert (await api.call("POST", EXECUTE, REQUEST)).status == 200
        assert_refused(await run(api), 429, "Too Many Requests", 1, "[server] tenant_rate")
        assert (await run(caller, path="/api/run/acme/second")).status == 429
        assert (await api.call("POST", EXECUTE, REQUEST)).status == 429

        globex = api.with_token(token(tenant="globex"))
        await globex.create(SEED)
        assert (await run(globex, path="/api/run/globex/a-hook")).status == 200
        assert len((await api.call("GET", "/api/v1/logs")).body["executions"]) == 3


@pytest.mark.usefixtures("_no_time_passes")
async def test_what_is_for_anybody_has_a_rate_of_its_own(settings: Settings):
    """Who knows its URL can not keep the tenant's token requests away."""
    async with opened(limited(settings, tenant_rate=1, tenant_burst=2)) as api:
        await api.create(SEED)
        nobody = await plain(api)
        assert [(await run(nobody, path=TASK)).status for _ in range(4)] == [200, 200, 429, 429]
        assert [(await run(api)).status for _ in range(3)] == [200, 200, 429]
        # With its secret it is for those who know it.
        await plain(api, **{"auth0-extension-secret": KEY})
        assert (await run(api.with_token(KEY), path=TASK)).status == 429


@pytest.mark.usefixtures("_no_time_passes")
async def test_a_hook_has_a_rate(settings: Settings):
    """One for its runs and for token requests; a plain webtask has its own."""
    async with opened(limited(settings, hook_rate=1, hook_burst=1)) as api:
        await api.create(SEED)
        nobody = await plain(api)
        for caller, path, name in ((api, RUN, "a-hook"), (nobody, TASK, "task")):
            assert (await run(caller, path=path)).status == 200
            told = f"More than [server] hook_rate allows come to the hook '{name}'."
            assert_refused(await run(caller, path=path), 429, "Too Many Requests", 1, told)
        assert (await api.call("POST", EXECUTE, REQUEST)).status == 429


@pytest.mark.usefixtures("_no_time_passes")
async def test_a_webtask_has_a_rate(settings: Settings):
    """A flood of one leaves the tenant's other one alone. It is the webtask's, whatever its code is now, and whoever calls."""
    async with opened(limited(settings, hook_rate=1, hook_burst=3)) as api:
        nobody = await plain(api)
        await plain(api, name="two")
        assert [(await run(nobody, path=TASK)).status for _ in range(6)] == [200] * 3 + [429] * 3
        assert (await run(nobody, path="/api/run/acme/two")).status == 200
        await plain(api, "module.exports = (cb) => cb(null, 2);")
        assert (await run(nobody, path=TASK)).status == 429
        await plain(api, **{"auth0-extension-secret": KEY})
        assert (await run(api.with_token(KEY), path=TASK)).status == 429
        assert [(await run(nobody, path="/api/run/acme/two")).status for _ in range(3)] == [200, 200, 429]


# places and turns of threads


LATER = "setTimeout(() => cb(null, {}), 1)"


@asynccontextmanager
async def all_places(api: Api, hook: str) -> AsyncIterator[None]:
    """Of the hook of this id, taken as its runs take them."""
    held, may_end = cast(WasmSandbox, api.runtime.sandbox)._runs, asyncio.Event()
    tasks = list[asyncio.Task[Any]]()

    async def work() -> Any:
        await may_end.wait()

    while not (tasks and tasks[-1].done()):
        busy, task = held.busy, asyncio.create_task(held.run("acme", work, hook=hook))
        tasks.append(task)
        await until(lambda: held.busy > busy or task.done())  # noqa: B023 - it is awaited here
    with pytest.raises(Unavailable):
        await tasks.pop()
    yield
    may_end.set()
    await asyncio.gather(*tasks)


async def test_a_webtask_leaves_room_to_the_tenants_others(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """Places, and turns of threads, by its id. So does a hook to another one of its extensibility point."""
    turns, take = set[tuple[str, str]](), ThreadTurns.take

    async def noted(of: ThreadTurns, owner: str, hook: str = "") -> float:
        turns.add((owner, hook))
        return await take(of, owner, hook)

    monkeypatch.setattr(ThreadTurns, "take", noted)
    settings = replace(settings, sandbox=replace(settings.sandbox, concurrency=16))
    async with opened(settings) as api:
        code = f"module.exports = (cb) => {LATER};"
        nobody = await plain(api, code)
        await plain(api, code, name="two")
        for name in ("first", "second"):
            await deploy(api, name, hook_of(LATER), clients=[name])
        hooks, _ = await api.runtime.storage.list_hooks("acme", HookFilter(), start=0, limit=9)
        ids = {hook.name: hook.id for hook in hooks}

        async def statuses() -> list[int]:
            by_url = [(await run(nobody, path=f"/api/run/acme/{name}")).status for name in ("task", "two")]
            requests = [{**REQUEST, "client": {"id": name}} for name in ("first", "second")]
            return [*by_url, *[(await api.call("POST", EXECUTE, body)).status for body in requests]]

        turns.clear()  # of what was deployed
        assert await statuses() == [200] * 4
        assert turns == {("acme", hook) for hook in ids.values()}
        for number, name in enumerate(("task", "two", "first", "second")):
            async with all_places(api, ids[name]):
                assert await statuses() == [503 if number == one else 200 for one in range(4)]


# turns


async def test_runs_take_turns_with_token_requests(api: Api, monkeypatch: pytest.MonkeyPatch):
    """In one queue, each in its tenant's place, once it is known that the caller may call."""
    asked: list[tuple[Turns, str]] = []

    def wait(turns: Turns, tenant: str) -> None:
        asked.append((turns, tenant))

    await api.create(SEED)
    nobody = await plain(api)
    monkeypatch.setattr(Turns, "wait", wait)
    assert (await run(nobody)).status == 401
    assert asked == []
    for answer in (await run(api), await run(nobody, path=TASK), await api.call("POST", EXECUTE, REQUEST)):
        assert answer.status == 200
    assert [tenant for _, tenant in asked] == ["acme"] * 3
    assert len({id(turns) for turns, _ in asked}) == 1


async def test_a_run_waits_for_its_turn(api: Api, monkeypatch: pytest.MonkeyPatch):
    """And is refused where too many do."""

    def wait(_: Turns, __: str) -> asyncio.Future[Any]:
        turn: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        turn.set_exception(Unavailable("Too many."))
        return turn

    await api.create(SEED)
    nobody = await plain(api)
    monkeypatch.setattr(Turns, "wait", wait)
    for answer in (await run(api), await run(nobody, path=TASK)):
        assert_refused(answer, 503, "Service Unavailable", 1, "Too many.")
