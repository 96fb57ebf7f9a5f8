"""No id of one tenant is of any use to another: walks the route table, and asks for what is there as for what is not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runtime.http.routes import Public, Route
from runtime.ulid import Ulids
from runtime.web.app import web_routes
from runtime.web.dashboard.app import dashboard_routes
from runtime.web.run import RUN, RUN_BELOW
from tests.web.conftest import Answer, Api, hook_of, opened, settings_in, token

BODIES: Mapping[tuple[str, str], Any] = {
    ("POST", "/api/v2/hooks"): {"name": "mine", "script": hook_of("cb()"), "triggerId": "credentials-exchange"},
    ("PATCH", "/api/v2/hooks/{id}"): {"name": "stolen", "enabled": False},
    ("POST", "/api/v2/hooks/{id}/secrets"): {"STOLEN": "1"},
    ("PATCH", "/api/v2/hooks/{id}/secrets"): {"KEY": "stolen"},
    ("DELETE", "/api/v2/hooks/{id}/secrets"): ["KEY"],
    ("PATCH", "/api/v1/hooks/{id}/policy"): {"order": 7},
    ("POST", "/api/v1/hooks/{id}/rollback"): {"version": 1},
    ("POST", "/api/v1/hooks/{id}/test"): {},
    ("PUT", "/api/webtask/{container}/{name}"): {"code": "module.exports = cb => cb()"},
    ("PUT", "/api/webtask/{container}/{name}/data"): {"data": "stolen"},
}
"""What a route takes, so that it is the id that is refused. Without an entry, nothing is sent."""

STREAMS = ("/api/v1/logs/tail", "/api/logs/tenant/{container}")
SECRET = "a-secret-of-acme"


@dataclass(frozen=True, kw_only=True)
class World:
    """Acme has a hook with a secret and two versions, a webtask with data, and an execution; globex has nothing."""

    acme: Api
    globex: Api
    there: Mapping[str, str]
    absent: Mapping[str, str]
    routes: list[Route]

    async def ask(self, route: Route, variables: Mapping[str, str], **more: Any) -> Answer:
        """As globex, about these ids."""
        body = more.get("body", BODIES.get((route.method, route.path)))
        return await self.globex.call(route.method, route.path.format_map(variables), body)

    async def kept(self) -> list[object]:
        """All that acme has."""
        hook = f"/api/v2/hooks/{self.there['id']}"
        more = [f"/api/v1/hooks/{self.there['id']}/{what}" for what in ("policy", "versions")]
        paths = ["/api/v2/hooks", hook, f"{hook}/secrets", *more, "/api/webtask/acme/a-task/data"]
        answers = [await self.acme.call("GET", path) for path in paths]
        assert {answer.status for answer in answers} == {200}
        return [answer.body for answer in answers] + [(await self.acme.execute())["claims"]]


@asynccontextmanager
async def world(folder: Path, cache: Path) -> AsyncIterator[World]:
    async with opened(settings_in(folder, cache), dashboard=True) as acme:
        script = hook_of("cb(null, { 'https://foo.com/told': context.webtask.secrets.KEY })")
        hook = await acme.create(hook_of("cb()"))
        path = f"/api/v2/hooks/{hook['id']}"
        assert (await acme.call("PATCH", path, {"script": script})).status == 200
        assert (await acme.call("POST", f"{path}/secrets", {"KEY": SECRET})).status == 201
        assert (
            await acme.call("PUT", "/api/webtask/acme/a-task", {"code": "module.exports = cb => cb()"})
        ).status == 200
        assert (await acme.call("PUT", "/api/webtask/acme/a-task/data", {"data": f'"{SECRET}"'})).status == 200
        ran = await acme.execute()
        assert (await acme.call("GET", f"/api/v1/logs/{ran['execution']['id']}")).status == 200
        yield World(
            acme=acme,
            globex=acme.with_token(token("globex")),
            there={
                "id": hook["id"],
                "number": "1",
                "container": "acme",
                "name": "a-task",
                "execution": ran["execution"]["id"],
            },
            absent={"id": Ulids().new(0), "number": "1", "container": "nobody", "name": "no-task"},
            routes=[*web_routes(acme.runtime), *dashboard_routes(acme.runtime, None)],
        )


def told(answer: Answer, variables: Mapping[str, str]) -> tuple[int, str]:
    """What somebody reads out of an answer, but for the names that he gave himself."""
    text = str(answer.body)
    for name, value in variables.items():
        text = text.replace(value, name) if name != "number" else text
    assert SECRET not in text
    return answer.status, text


async def test_what_another_tenant_has_is_as_if_it_were_not_there(tmp_path: Path, engine_cache: Path):
    """Every route with an id: the same status and the same words for a hook, a version, an execution and a container of another
    tenant as for none at all; and nothing of it is changed, or told.
    """
    async with world(tmp_path, engine_cache) as here:
        before, asked = await here.kept(), 0
        for route in here.routes:
            if "{" not in route.path or isinstance(route.access, Public) or route.path in (RUN, RUN_BELOW, *STREAMS):
                continue
            if "{trigger}" in route.path:
                continue
            there = {**here.there, **({"id": here.there["execution"]} if "logs" in route.path else {})}
            answers = [told(await here.ask(route, some), some) for some in (there, here.absent)]
            assert answers[0] == answers[1], route.path
            assert answers[0][0] == (403 if "{container}" in route.path else 404), (route.path, answers[0])
            asked += 1
        assert asked >= 20
        assert await here.kept() == before


async def test_names_of_another_tenant_in_ones_own_container(tmp_path: Path, engine_cache: Path):
    """A webtask is looked for among the caller's own, whatever it is called."""
    async with world(tmp_path, engine_cache) as here:
        for route in here.routes:
            if "{container}/{name}" not in route.path or route.method == "PUT" or route.path in (RUN, RUN_BELOW):
                continue
            pairs = [{**some, "container": "globex"} for some in (here.there, here.absent)]
            answers = [told(await here.ask(route, some), some) for some in pairs]
            assert answers[0] == answers[1]
            assert answers[0][0] == 404


async def test_lists_and_filters_know_the_caller_s_own_only(tmp_path: Path, engine_cache: Path):
    """Naming another tenant's hook in a filter, in a body or in a token finds nothing of it."""
    async with world(tmp_path, engine_cache) as here:
        hook, execution = here.there["id"], here.there["execution"]
        for path in (
            "/api/v2/hooks",
            f"/api/v1/logs?hook={hook}",
            f"/api/v1/logs/summary?hook={hook}",
            "/dashboard/hooks.json",
        ):
            answer = await here.globex.call("GET", path)
            assert answer.status == 200
            assert not [word for word in (hook, execution, "a-hook", "a-task", SECRET) if word in str(answer.body)]
        own = await here.globex.create(hook_of("cb()"))
        refused = await here.globex.call("POST", f"/api/v1/hooks/{own['id']}/test", {"execution": execution})
        absent = await here.globex.call("POST", f"/api/v1/hooks/{own['id']}/test", {"execution": here.absent["id"]})
        assert refused.status == absent.status == 404
        assert refused.body == absent.body
        minted = (await here.acme.call("GET", "/api/webtask/acme/a-task")).body["token"]
        inspected = await here.globex.call("GET", f"/api/tokens/inspect?token={minted}")
        assert (inspected.status, SECRET in str(inspected.body)) == (403, False)


@pytest.mark.parametrize("tenant", ["acme ", "ACME", "acme/", "acme\0", "acme%2e", ""])
async def test_a_tenant_that_looks_like_another_is_another(tmp_path: Path, engine_cache: Path, tenant: str):
    """Its token is refused, or finds nothing."""
    async with world(tmp_path, engine_cache) as here:
        answer = await here.acme.with_token(token(tenant)).call("GET", f"/api/v2/hooks/{here.there['id']}")
        assert answer.status in (401, 404)
