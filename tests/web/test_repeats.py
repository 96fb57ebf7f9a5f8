"""A token server that sends its request again gets the first answer, and the code has run once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.web.conftest import REQUEST, Api, hook_of, token

CHANCE = hook_of("cb(null, { scope: [], 'https://a/chance': Math.random() })")


async def ask(
    api: Api, request_id: str | None, trigger: str = "credentials-exchange", **more: Any
) -> tuple[Any, str | None]:
    """The answer, and whether it says that it was given before."""
    headers = api.headers | ({} if request_id is None else {"X-Request-Id": request_id})
    path = f"{api.url}/api/v1/triggers/{trigger}/execute"
    async with api.client.post(path, json={**REQUEST, **more}, headers=headers) as answer:
        assert answer.headers.getall("X-Request-Id") == [request_id or answer.headers["X-Request-Id"]]
        return (answer.status, await answer.json()), answer.headers.get("X-Hook-Repeated")


async def runs(api: Api) -> int:
    """How many executions were recorded."""
    return len((await api.call("GET", "/api/v1/logs")).body["executions"])


async def test_the_same_request_gets_the_same_answer(api: Api):
    """Byte by byte, and a header that says so; members in another order make no other request."""
    await api.create(CHANCE)
    first, again = await ask(api, "id-1"), await ask(api, "id-1", client=dict(reversed(REQUEST["client"].items())))

    assert first[0] == again[0]
    assert (first[1], again[1]) == (None, "true")
    assert await runs(api) == 1


async def test_at_the_same_time_the_code_runs_once(api: Api):
    """Also a hook that waits."""
    await api.create(hook_of("setTimeout(() => cb(null, { scope: [], 'https://a/chance': Math.random() }), 50)"))

    answers = await asyncio.gather(*(ask(api, "id-1") for _ in range(5)))

    assert len({str(answer) for answer, _ in answers}) == 1
    assert sorted(str(repeated) for _, repeated in answers) == ["None", "true", "true", "true", "true"]
    assert await runs(api) == 1


@pytest.mark.parametrize(
    "other",
    [{"scope": ["other"]}, {"audience": "other"}, {"client": {"id": "other"}}, {"context": {}}],
    ids=lambda other: next(iter(other)),
)
async def test_another_request_under_the_same_id_is_another_request(api: Api, other):
    """Nobody gets a decision that was made for somebody else, whatever id he sends."""
    await api.create(CHANCE)

    first, second = await ask(api, "id-1"), await ask(api, "id-1", **other)

    assert first[0] != second[0]
    assert second[1] is None


async def test_tenants_and_triggers_have_ids_of_their_own(api: Api):
    """The same id and body in another tenant, or at another extensibility point."""
    await api.create(CHANCE)
    other = api.with_token(token(tenant="other"))
    await other.create(CHANCE)

    assert (await ask(api, "id-1"))[0] != (await ask(other, "id-1"))[0]
    assert await runs(api) == await runs(other) == 1


async def test_without_an_id_every_request_is_new(api: Api):
    """Nothing tells a repeat from a second request then; an id that is none counts as none."""
    await api.create(CHANCE)

    answers = [await ask(api, None), await ask(api, None)]

    assert answers[0][0] != answers[1][0]
    assert await runs(api) == 2


async def test_denials_and_failures_are_answers(api: Api):
    """What was refused once is not let in by asking again, even if the hook was changed meanwhile."""
    hook = await api.create(hook_of("cb(new Error('no ' + Math.random()))"))
    first = await ask(api, "id-1")
    await api.call("PATCH", f"/api/v2/hooks/{hook['id']}", {"script": CHANCE})

    assert (await ask(api, "id-1"))[0] == first[0]
    assert (await ask(api, "id-2"))[0][1]["decision"] == "allow"


async def test_errors_are_not_kept(api: Api):
    """Who sent a wrong body may correct it under the same id."""
    await api.create(CHANCE)

    assert (await ask(api, "id-1", audience=1))[0][0] == 400
    assert (await ask(api, "id-1"))[0][0] == 200


async def test_the_openapi_document_knows_the_header(api: Api):
    """Of the first answer and the repeated one it is what differs."""
    document = (await api.call("GET", "/openapi.json")).body
    operation = document["paths"]["/api/v1/triggers/{trigger}/execute"]["post"]

    assert "X-Hook-Repeated" in operation["responses"]["200"]["headers"]
