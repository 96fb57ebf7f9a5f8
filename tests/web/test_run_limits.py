"""Hooks by their URL are bounded as token requests are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.settings import LimitSettings, Settings
from tests.web.conftest import REQUEST, SEED, Api, hook_of, opened
from tests.web.test_run import RUN, keyed, run

FOREVER = hook_of("for (;;);")
LEFT_ALONE = "Script is left alone for a while."


def fragile(settings: Settings) -> Settings:
    """With a breaker that two runs open, for an hour."""
    sandbox = replace(settings.sandbox, breaker_failures=2, breaker_seconds=3600)
    return replace(settings, sandbox=sandbox, limits=LimitSettings(cpu_ms=20))


async def errors(api: Api, times: int, path: str = RUN) -> list[tuple[int, str]]:
    """What so many runs are told, one after the other."""
    answers = [await run(api, path=path) for _ in range(times)]
    for answer in answers:
        assert list(answer.body) == ["code", "error", "details", "name", "message"]
        assert answer.body["code"] == answer.status
    return [(answer.status, answer.body["error"]) for answer in answers]


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
        await api.call("PUT", "/api/webtask/acme/task", {"code": "module.exports = (cb) => { for (;;); };"})
        nobody = api.with_token(None)
        assert await errors(nobody, 3, "/api/run/acme/task") == [BROKEN, BROKEN, REFUSED]


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
