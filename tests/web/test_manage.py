from __future__ import annotations

import json
from typing import Any

import pytest

from runtime.ulid import Ulids
from tests.web.conftest import SEED, Api, hook_of, token

HOOKS = "/api/v2/hooks"
ABSENT = f"{HOOKS}/{Ulids().new(0)}"
BODY: dict[str, Any] = {"name": "my-hook", "script": SEED, "triggerId": "credentials-exchange"}
FIELDS = ["id", "name", "script", "dependencies", "enabled", "triggerId"]
BROKEN = "module.exports = function (client { cb(); };"


async def create(api: Api, **more: Any) -> dict[str, Any]:
    answer = await api.call("POST", HOOKS, {**BODY, **more})
    assert answer.status == 201, answer.body
    hook: dict[str, Any] = answer.body
    return hook


async def test_a_hook_from_its_creation_to_its_end(api: Api):
    """201, 200, 200, 204, and then 404: statuses and bodies as the vendor's (contract 1.1)."""
    hook = await create(api)
    assert hook == {**BODY, "id": hook["id"], "enabled": False, "dependencies": {}}
    assert sorted(hook) == sorted(FIELDS)
    path = f"{HOOKS}/{hook['id']}"

    read = await api.call("GET", path)
    assert (read.status, read.body) == (200, hook)

    changed = await api.call("PATCH", path, {"name": "renamed", "enabled": True})
    assert (changed.status, changed.body) == (200, {**hook, "name": "renamed", "enabled": True})

    gone = await api.call("DELETE", path, {})
    assert (gone.status, gone.body) == (204, None)
    assert (await api.call("DELETE", path)).status == 404


async def test_an_unknown_hook_is_the_vendors_404(api: Api):
    """Byte for byte, on every method and every path of a hook (contract 1.1)."""
    expected = (
        b'{"statusCode":404,"error":"Not Found","message":"Error: Hook does not exist","errorCode":"HookDoesNotExist"}'
    )
    calls = [
        ("GET", ABSENT, None),
        ("PATCH", ABSENT, {"enabled": True}),
        ("DELETE", ABSENT, None),
        ("GET", f"{ABSENT}/secrets", None),
        ("POST", f"{ABSENT}/secrets", {"A": "b"}),
        ("PATCH", f"{ABSENT}/secrets", {"A": "b"}),
        ("DELETE", f"{ABSENT}/secrets", ["A"]),
    ]
    for method, path, body in calls:
        async with api.client.request(method, api.url + path, json=body, headers=api.headers) as answer:
            assert (method, path, answer.status, await answer.read()) == (method, path, 404, expected)


async def test_an_id_that_can_not_be_one_is_a_400(api: Api):
    """The vendor's pattern and words (contract-full 5.4)."""
    answer = await api.call("GET", f"{HOOKS}/a b")
    assert (answer.status, answer.body["errorCode"]) == (400, "invalid_uri")
    assert answer.body["message"] == (
        "Path validation error: 'String does not match pattern ^[A-Za-z0-9-]*$: a b' on property id (ID of the hook)."
    )


@pytest.mark.parametrize(
    "change, rule",
    [
        ({"name": None}, "Missing required property: name"),
        ({"name": "-bad"}, "String does not match pattern"),
        ({"script": ""}, "String is too short (0 chars), minimum 1"),
        ({"triggerId": "nothing"}, "No enum match for: nothing"),
        ({"enabled": "yes"}, "Expected type boolean but found type string"),
        ({"dependencies": {"a": 1}}, "Expected type string but found type integer"),
        ({"extra": 1}, "Additional properties not allowed: extra"),
    ],
)
async def test_a_wrong_body_is_a_400_in_the_vendors_words(api: Api, change, rule):
    """`Payload validation error: ...`, with errorCode invalid_body (contract-full 5.4)."""
    body = {name: value for name, value in {**BODY, **change}.items() if value is not None}
    answer = await api.call("POST", HOOKS, body)
    assert (answer.status, answer.body["errorCode"]) == (400, "invalid_body")
    assert answer.body["message"].startswith("Payload validation error: '")
    assert rule in answer.body["message"]


async def test_a_name_is_taken_once_per_trigger(api: Api):
    """409 on creation and on renaming; the same name at the other extensibility point is fine."""
    await create(api)
    second = await create(api, name="second")
    again = await api.call("POST", HOOKS, BODY)
    assert (again.status, again.body["errorCode"]) == (409, "hook_name_taken")
    renamed = await api.call("PATCH", f"{HOOKS}/{second['id']}", {"name": "my-hook"})
    assert renamed.status == 409
    await create(api, triggerId="password-exchange")


async def test_enabling_one_disables_the_other_and_says_so(api: Api):
    """X-Hook-Disabled names it, on creation and on PATCH; without one, there is no such header."""
    first = await api.call("POST", HOOKS, {**BODY, "enabled": True})
    assert "X-Hook-Disabled" not in first.headers
    second = await api.call("POST", HOOKS, {**BODY, "name": "second", "enabled": True})
    assert second.headers["X-Hook-Disabled"] == "my-hook"
    back = await api.call("PATCH", f"{HOOKS}/{first.body['id']}", {"enabled": True})
    assert back.headers["X-Hook-Disabled"] == "second"
    enabled = await api.call("GET", HOOKS, enabled="true")
    assert [hook["name"] for hook in enabled.body] == ["my-hook"]


async def test_a_script_that_does_not_load_is_stored_disabled_only(api: Api):
    """Disabled: stored, with a warning. Enabled, or to be: a 400 that says where it breaks."""
    stored = await api.call("POST", HOOKS, {**BODY, "script": BROKEN})
    assert stored.status == 201
    assert "line 1" in stored.headers["X-Hook-Warning"]
    for method, path, body in (
        ("POST", HOOKS, {**BODY, "name": "second", "script": BROKEN, "enabled": True}),
        ("PATCH", f"{HOOKS}/{stored.body['id']}", {"enabled": True}),
    ):
        refused = await api.call(method, path, body)
        assert (refused.status, refused.body["errorCode"]) == (400, "invalid_body")
        assert "line 1" in refused.body["message"]
    mended = await api.call("PATCH", f"{HOOKS}/{stored.body['id']}", {"script": SEED, "enabled": True})
    assert (mended.status, mended.body["enabled"]) == (200, True)
    assert "X-Hook-Warning" not in mended.headers


async def test_pages(api: Api):
    """In order of creation; with include_totals an object in the vendor's order of keys (contract 1.1)."""
    ids = [(await create(api, name=f"hook-{number}"))["id"] for number in range(5)]
    plain = await api.call("GET", HOOKS)
    assert [hook["id"] for hook in plain.body] == ids
    assert list(plain.body[0]) == FIELDS
    page = await api.call("GET", HOOKS, page="1", per_page="2", include_totals="true", fields="id")
    assert json.dumps(page.body) == json.dumps(
        {"total": 5, "start": 2, "limit": 2, "hooks": [{"id": ids[2]}, {"id": ids[3]}]}
    )
    last = await api.call("GET", HOOKS, page="9", per_page="100", include_totals="true")
    assert last.body == {"total": 5, "start": 900, "limit": 100, "hooks": []}
    none = await api.call("GET", HOOKS, per_page="0", include_totals="true")
    assert none.body == {"total": 5, "start": 0, "limit": 0, "hooks": []}


async def test_fields(api: Api):
    """Only these, or all but these; on the list as on one hook."""
    hook = await create(api)
    path = f"{HOOKS}/{hook['id']}"
    assert (await api.call("GET", path, fields="name,id")).body == {"id": hook["id"], "name": "my-hook"}
    rest = await api.call("GET", path, fields="script", include_fields="false")
    assert list(rest.body) == [name for name in FIELDS if name != "script"]
    listed = await api.call("GET", HOOKS, fields="enabled", include_fields="true")
    assert listed.body == [{"enabled": False}]


async def test_filters(api: Api):
    """By trigger and by enabled."""
    await create(api, enabled=True)
    await create(api, triggerId="password-exchange")
    named = await api.call("GET", HOOKS, triggerId="password-exchange", fields="triggerId")
    assert named.body == [{"triggerId": "password-exchange"}]
    disabled = await api.call("GET", HOOKS, enabled="False", include_totals="true", fields="triggerId")
    assert disabled.body == {"total": 1, "start": 0, "limit": 50, "hooks": [{"triggerId": "password-exchange"}]}


@pytest.mark.parametrize(
    "query",
    [
        {"per_page": "101"},
        {"per_page": "-1"},
        {"page": "x"},
        {"page": "99999999999999999999"},
        {"enabled": "maybe"},
        {"fields": "id,secrets"},
        {"fields": ""},
        {"triggerId": "nothing"},
        {"enable": "true"},
    ],
    ids=str,
)
async def test_a_wrong_query_is_a_400(api: Api, query):
    """A misspelt or impossible parameter is told, not ignored."""
    answer = await api.call("GET", HOOKS, **query)
    assert (answer.status, answer.body["errorCode"]) == (400, "invalid_query_string")
    assert answer.body["message"].startswith("Query validation error: '")


async def test_secrets(api: Api):
    """201 `{}`, 201 `{}`, names only, 204: as recorded (contract 1.1)."""
    path = f"{HOOKS}/{(await create(api))['id']}/secrets"
    assert (await api.call("GET", path)).body == {}
    added = await api.call("POST", path, {"foo": "one", "bar": "two"})
    assert (added.status, added.body) == (201, {})
    assert (await api.call("GET", path)).body == {"bar": "_VALUE_NOT_SHOWN_", "foo": "_VALUE_NOT_SHOWN_"}
    changed = await api.call("PATCH", path, {"foo": "three"})
    assert (changed.status, changed.body) == (201, {})
    assert (await api.call("POST", path, {"foo": "x"})).status == 409
    assert (await api.call("PATCH", path, {"baz": "x"})).status == 404
    gone = await api.call("DELETE", path, ["bar"])
    assert (gone.status, gone.body) == (204, None)
    assert (await api.call("GET", path)).body == {"foo": "_VALUE_NOT_SHOWN_"}


async def test_secrets_are_shown_nowhere(api: Api, caplog, capfd):
    """Neither in an answer, an error, a record, nor the log; the hook gets it all the same."""
    secret = "hunter2-correct-horse"
    script = hook_of(
        "console.log('key', context.secrets.KEY, context); throw new Error('bad key ' + context.webtask.secrets.KEY);"
    )
    hook = await create(api, script=script, enabled=True)
    path = f"{HOOKS}/{hook['id']}"
    shown = [
        await api.call("POST", f"{path}/secrets", {"KEY": secret}),
        await api.call("POST", f"{path}/secrets", {"KEY": secret}),
        await api.call("PATCH", f"{path}/secrets", {"NO": secret}),
        await api.call("POST", f"{path}/secrets", {"BAD": [secret]}),
        await api.call("GET", f"{path}/secrets"),
        await api.call("GET", path),
        await api.call("GET", HOOKS),
    ]
    decision = await api.execute()
    await api.runtime.recorder.close()
    records = await api.call("GET", "/api/v1/logs")
    assert decision["hook_error"]["message"] == "bad key [secret]"
    assert records.body["executions"][0]["console"][0]["text"].startswith("key [secret] {")
    everything = repr([answer.body for answer in shown]) + repr(decision) + repr(records.body)
    assert secret not in everything + caplog.text + "".join(capfd.readouterr())


async def test_bodies_where_none_belongs_are_not_read(api: Api):
    """go-auth0 sends `null` with every GET, npm auth0 `{}` with DELETE, with any Content-Type (contract 1.2)."""
    hook = await create(api)
    headers = {**api.headers, "Content-Type": "application/json"}
    async with api.client.get(f"{api.url}{HOOKS}/{hook['id']}", data=b"null\n", headers=headers) as answer:
        assert answer.status == 200
    async with api.client.delete(f"{api.url}{HOOKS}/{hook['id']}", data=b"{", headers=headers) as answer:
        assert answer.status == 204


async def test_a_body_that_names_a_member_twice_is_refused(api: Api):
    """A reviewer's parser and ours must not read two different scripts."""
    text = json.dumps(BODY)[:-1] + ', "script": "other"}'
    headers = {**api.headers, "Content-Type": "application/json"}
    async with api.client.post(api.url + HOOKS, data=text, headers=headers) as answer:
        assert (answer.status, (await answer.json())["message"]) == (
            400,
            "The body names 'script' twice in one object.",
        )


async def test_tenants_see_their_own_hooks_only(api: Api):
    """Another tenant's hook does not exist: not to read, change, delete, nor list; the same name is free."""
    hook = await create(api, enabled=True)
    other = api.with_token(token("globex"))
    path = f"{HOOKS}/{hook['id']}"
    for method, where, body in (
        ("GET", path, None),
        ("PATCH", path, {"enabled": False}),
        ("DELETE", path, None),
        ("GET", f"{path}/secrets", None),
        ("POST", f"{path}/secrets", {"A": "b"}),
        ("DELETE", f"{path}/secrets", ["A"]),
    ):
        answer = await other.call(method, where, body)
        assert (answer.status, answer.body["errorCode"]) == (404, "HookDoesNotExist")
    assert (await other.call("GET", HOOKS, include_totals="true")).body["total"] == 0
    mine = await other.call("POST", HOOKS, {**BODY, "enabled": True})
    assert (mine.status, "X-Hook-Disabled" in mine.headers) == (201, False)
    assert (await api.call("GET", path)).body == hook
