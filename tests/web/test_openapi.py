from __future__ import annotations

import asyncio
import io
from typing import Any
from unittest.mock import AsyncMock

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from openapi_spec_validator import OpenAPIV31SpecValidator

from runtime.dispatch import Dispatch
from runtime.errors import Unavailable
from runtime.http.routes import Scopes
from runtime.settings import Settings
from runtime.triggers import TRIGGERS, Trigger, sample
from runtime.web.app import web_routes
from runtime.web.openapi import document
from tests.web.conftest import REQUEST, SEED, USER, Answer, Api, hook_of, opened, token
from tests.web.test_admission import _no_time_passes, limited
from tests.web.test_run import run

__all__ = ["_no_time_passes"]

HOOKS = "/api/v2/hooks"
RUN = "/api/run/{container}/{name}"
MANAGEMENT = ("statusCode", "error", "message", "errorCode")
WEBTASK, WEBTASK_SHORT = ("code", "error", "details", "name", "message"), ("code", "details", "message")
BODY: dict[str, Any] = {"name": "my-hook", "script": SEED, "triggerId": "credentials-exchange"}


class Checked:
    """The API, with every answer and every accepted body held against the document."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.document: dict[str, Any] = {}
        self.seen: set[tuple[str, str, int]] = set()

    async def call(self, method: str, path: str, body: Any = None, template: str = "", **query: str) -> Answer:
        answer = await self.api.call(method, path, body, **query)
        operation = self.document["paths"][template or path][method.lower()]
        response = operation["responses"][str(answer.status)]
        known = {parameter["name"] for parameter in operation.get("parameters", ())}
        if answer.status < 300:
            assert set(query) <= known
            if body is not None:
                self.hold(operation["requestBody"]["content"]["application/json"]["schema"], body)
        if answer.status == 204:
            assert "content" not in response
        else:
            self.hold(response["content"]["application/json"]["schema"], answer.body)
        for header in answer.headers:
            assert not header.startswith("X-Hook-") or header in response["headers"]
        self.seen.add((method, template or path, answer.status))
        return answer

    def hold(self, schema: dict[str, Any], value: Any) -> None:
        Draft202012Validator({**schema, "components": self.document["components"]}).validate(value)


@pytest.fixture
async def checked(api: Api) -> Checked:
    made = Checked(api)
    made.document = (await api.with_token(None).call("GET", "/openapi.json")).body
    return made


def test_the_document_is_valid():
    """OpenAPI 3.1, by an independent validator."""
    OpenAPIV31SpecValidator(dict(document())).validate()


async def test_the_document_has_every_route_and_no_other(api: Api):
    """Route table and document agree on methods, paths and scopes."""
    routed = {
        (route.method.lower(), route.path.replace(":.*}", "}")): list(route.access.any_of)
        if isinstance(route.access, Scopes)
        else []
        for route in web_routes(api.runtime)
    }
    described = {
        (method, path): [scope for row in operation["security"] for scope in row["bearer"]]
        for path, operations in (await api.call("GET", "/openapi.json")).body["paths"].items()
        for method, operation in operations.items()
    }
    assert described == routed


def test_operations_have_ids_of_their_own_and_the_parameters_of_their_paths():
    """What generators of clients need."""
    paths: Any = document()["paths"]
    operations = [(path, operation) for path, methods in paths.items() for operation in methods.values()]
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)
    for path, operation in operations:
        named = {row["name"] for row in operation.get("parameters", ()) if row["in"] == "path"}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


async def test_management_answers_fit_the_document(checked: Checked):
    """Every status that is reached, bodies and headers."""
    made = await checked.call("POST", HOOKS, {**BODY, "enabled": True})
    await checked.call("POST", HOOKS, {**BODY, "name": "second", "enabled": True, "dependencies": {"a": "1.0.0"}})
    await checked.call("POST", HOOKS, {**BODY, "name": "third", "script": "{"})
    await checked.call("POST", HOOKS, BODY)
    await checked.call("POST", HOOKS, {})
    await checked.call("GET", HOOKS)
    await checked.call("GET", HOOKS, include_totals="true", fields="id,enabled", page="0", per_page="1")
    await checked.call("GET", HOOKS, page="x")
    hook, secrets = f"{HOOKS}/{{id}}", f"{HOOKS}/{{id}}/secrets"
    path = f"{HOOKS}/{made.body['id']}"
    await checked.call("GET", path, template=hook)
    await checked.call("GET", path, template=hook, fields="name", include_fields="false")
    await checked.call("PATCH", path, {"enabled": True}, template=hook)
    await checked.call("POST", f"{path}/secrets", {"KEY": "value"}, template=secrets)
    await checked.call("POST", f"{path}/secrets", {"KEY": "value"}, template=secrets)
    await checked.call("GET", f"{path}/secrets", template=secrets)
    await checked.call("PATCH", f"{path}/secrets", {"KEY": "other"}, template=secrets)
    await checked.call("PATCH", f"{path}/secrets", {"NONE": "other"}, template=secrets)
    await checked.call("DELETE", f"{path}/secrets", ["KEY"], template=secrets)
    await checked.call("DELETE", path, template=hook)
    await checked.call("DELETE", path, template=hook)
    nobody = Checked(checked.api.with_token(None))
    nobody.document = checked.document
    await nobody.call("GET", HOOKS)
    nobody.api.bearer = token(scope="")
    await nobody.call("GET", HOOKS)
    assert {status for _, _, status in checked.seen | nobody.seen} == {200, 201, 204, 400, 401, 403, 404, 409}


async def test_versions_fit_the_document(checked: Checked):
    """Lists, sources, diffs, rollback, test runs."""
    made = await checked.call("POST", HOOKS, {**BODY, "dependencies": {"a": "1", "b": "1"}})
    await checked.call(
        "PATCH", f"{HOOKS}/{made.body['id']}", {"script": "{", "dependencies": {"a": "2", "c": "1"}}, f"{HOOKS}/{{id}}"
    )
    template = "/api/v1/hooks/{id}"
    path = f"/api/v1/hooks/{made.body['id']}"
    await checked.call("GET", f"{path}/versions", template=f"{template}/versions")
    for number in (1, 9):
        await checked.call("GET", f"{path}/versions/{number}", template=f"{template}/versions/{{number}}")
        await checked.call("GET", f"{path}/versions/{number}/diff", template=f"{template}/versions/{{number}}/diff")
        await checked.call("POST", f"{path}/rollback", {"version": number}, f"{template}/rollback")
    await checked.call("GET", f"{path}/versions/1/diff", template=f"{template}/versions/{{number}}/diff", to="2")
    bodies = [
        {},
        {"version": 1},
        {"version": 2},
        {"script": SEED, "dependencies": {}, "request": REQUEST},
        {"request": {}},
    ]
    for body in bodies:
        await checked.call("POST", f"{path}/test", body, f"{template}/test")
    assert {status for _, path, status in checked.seen if path.startswith("/api/v1/hooks")} == {200, 400, 404}


async def test_decisions_and_records_fit_the_document(checked: Checked):
    """Allowed, denied, broken, unchanged; at both extensibility points; and their records."""
    template = "/api/v1/triggers/{trigger}/execute"
    bodies = [
        "cb(null, {sub: 1, 'https://a/b': {c: [1]}})",
        "cb(new Error('no'))",
        "console.log(1); throw 1",
        "for(;;);",
    ]
    for trigger, more in (("credentials-exchange", {}), ("password-exchange", {"user": USER})):
        path, first = f"/api/v1/triggers/{trigger}/execute", "" if more == {} else "user, "
        await checked.call("POST", path, {**REQUEST, **more}, template=template)
        for number, body in enumerate(bodies):
            script = hook_of(body, f"{first}client, scope, audience, context, cb")
            await checked.api.create(script, trigger, name=f"hook-{number}")
            await checked.call("POST", path, {**REQUEST, **more}, template=template)
    await checked.call("POST", "/api/v1/triggers/nothing/execute", REQUEST, template=template)
    await checked.call("POST", "/api/v1/triggers/password-exchange/execute", REQUEST, template=template)
    async with asyncio.timeout(60):
        while len((await checked.call("GET", "/api/v1/logs", limit="100")).body["executions"]) < 8:
            await asyncio.sleep(0.05)
    page = await checked.call("GET", "/api/v1/logs", limit="2", decision="deny")
    await checked.call("GET", f"/api/v1/logs/{page.body['executions'][0]['id']}", template="/api/v1/logs/{id}")
    await checked.call("GET", f"/api/v1/logs/{'0' * 26}", template="/api/v1/logs/{id}")
    for path in ("/livez", "/readyz"):
        await checked.call("GET", path)


@pytest.mark.parametrize("trigger", [trigger for trigger in TRIGGERS.values() if not trigger.grant], ids=lambda t: t.id)
async def test_events_fit_the_document(checked: Checked, trigger: Trigger):
    """Requests and decisions without a token: unchanged, answered, dropped, denied, broken; executed and tested."""
    template, tests = "/api/v1/triggers/{trigger}/execute", "/api/v1/hooks/{id}/test"
    path = f"/api/v1/triggers/{trigger.id}/execute"
    await checked.call("POST", path, sample(trigger.id), template=template)
    answer = "{user: {x: 1, user_metadata: {'a.b': 1, c: 1}}}" if trigger.answers_user else "[1]"
    bodies = [f"cb(null, {answer})", "cb(new PreUserRegistrationError('no', 'friendly'))", "throw 1"]
    for number, body in enumerate(bodies):
        script = hook_of(body, ", ".join((*trigger.parameters, "cb")))
        hook = await checked.api.create(script, trigger.id, name=f"hook-{number}")
        await checked.call("POST", path, sample(trigger.id), template=template)
        await checked.call("POST", f"/api/v1/hooks/{hook['id']}/test", {}, template=tests)
    await checked.call("POST", path, REQUEST, template=template)
    await checked.call("GET", HOOKS, triggerId=trigger.id)
    async with asyncio.timeout(60):
        while len((await checked.call("GET", "/api/v1/logs")).body["executions"]) < len(bodies):
            await asyncio.sleep(0.05)


async def fits(api: Api, status: int, path: str = "a-hook", *, keys: tuple[str, ...] = MANAGEMENT, **more: Any) -> None:
    """A run by URL ends like this, with a body of these members, and the document says so."""
    answer = await run(api, path=f"/api/run/acme/{path}", **more)
    assert (answer.status, tuple(answer.body)) == (status, keys)
    response = document()["paths"][RUN]["post"]["responses"][str(status)]  # type: ignore[index]
    schema = response["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": document()["components"]}).validate(answer.body)


async def test_errors_of_runs_fit_the_document(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Who may not call is told in the Management API's words, what becomes of the hook in webtask's."""
    await api.create(SEED)
    await fits(api.with_token(None), 401)
    await fits(api.with_token(token(scope="read:hooks")), 403)
    await fits(api, 404, "nothing")
    await api.create(SEED, "password-exchange", name="shared")
    await api.create(SEED, name="shared")
    await fits(api, 409, "shared")
    await fits(api, 413, data=io.BytesIO(b"x" * (1 << 20 | 1)))
    await fits(api, 415, headers={"Content-Encoding": "gzip"}, data=b"x")
    await api.create(hook_of("throw new Error('no')"), name="broken", enabled=False)
    await fits(api, 500, "broken", keys=WEBTASK)
    for code, keys in ((hook_of("cb(new Error('no'))", "cb"), WEBTASK), ("module.exports = 1", WEBTASK_SHORT)):
        await api.call("PUT", "/api/webtask/acme/a-task", {"code": code})
        await fits(api, 400, "a-task", keys=keys)

    monkeypatch.setattr(Dispatch, "call", AsyncMock(side_effect=RuntimeError))
    await fits(api, 500)
    monkeypatch.setattr(Dispatch, "call", AsyncMock(side_effect=Unavailable("Not now.")))
    await fits(api, 503, keys=WEBTASK)


@pytest.mark.usefixtures("_no_time_passes")
async def test_a_run_that_comes_too_often_fits_the_document(settings: Settings):
    """In webtask's words, too."""
    async with opened(limited(settings, hook_rate=1, hook_burst=1)) as api:
        await api.create(SEED)
        assert (await run(api)).status == 200
        await fits(api, 429, keys=WEBTASK)
