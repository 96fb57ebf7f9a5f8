"""A test run on the request of an execution from the log."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runtime.settings import Log, Settings
from runtime.ulid import Ulids
from tests.web.conftest import REQUEST, USER, Api, hook_of, token

HOOKS = "/api/v1/hooks"
SIGN_UP = "pre-user-registration"
ECHO = hook_of("cb(null, { scope, 'https://a/client': client, 'https://a/context': context })")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Requests are kept."""
    return replace(settings, log=Log(requests=True))


@pytest.fixture
async def hook(api: Api) -> str:
    return str((await api.create(ECHO))["id"])


async def executed(api: Api, trigger: str = "credentials-exchange", **more: object) -> str:
    """The id of the execution of a request."""
    return str((await api.execute(trigger, **more))["execution"]["id"])


async def test_a_draft_is_run_on_what_was_sent(api: Api, hook: str):
    """By the record's id: the very request, and the draft's decision on it."""
    execution = await executed(api, client={"id": "client-7", "metadata": {"plan": "gold"}})
    draft = hook_of("cb(null, { scope, 'https://a/plan': client.metadata.plan })")

    answer = await api.call("POST", f"{HOOKS}/{hook}/test", {"script": draft, "execution": execution})

    assert answer.status == 200
    assert answer.body["request"] == {**REQUEST, "client": {"id": "client-7", "metadata": {"plan": "gold"}}}
    assert answer.body["claims"] == {"https://a/plan": "gold"}


async def test_the_record_shows_the_request_less_what_opens_a_door(api: Api, hook: str):
    """In the log; and the hook itself saw everything."""
    context = {"ip": "192.0.2.1", "request": {"body": {"client_secret": "hunter22"}}}
    decision = await api.execute(context=context)

    record = (await api.call("GET", "/api/v1/logs")).body["executions"][0]

    assert decision["claims"]["https://a/context"]["request"] == context["request"]
    assert record["request"]["context"]["request"] == {"body": {"client_secret": "[not recorded]"}}
    assert "hunter22" not in str(record)


async def test_in_a_row_each_record_has_what_its_hook_was_asked(api: Api, hook: str):
    """So that the last one can be tested alone."""
    second = await api.create(
        hook_of("cb(null, { scope: [], 'https://a/b': context.accessToken.scope })"), enabled=False, name="b"
    )
    await api.call("PATCH", f"{HOOKS}/{second['id']}/policy", {"order": 1})
    await api.call("PATCH", f"/api/v2/hooks/{second['id']}", {"enabled": True})
    decision = await api.execute()
    last = decision["execution"]["id"]

    answer = await api.call("POST", f"{HOOKS}/{second['id']}/test", {"execution": last})

    assert answer.body["claims"] == {"https://a/b": ["read:orders"]}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"execution": 1}, 400, ["execution", "string", "integer"]),
        ({"execution": "x", "request": {}}, 400, ["Only one of request and execution"]),
        ({"execution": Ulids().new(0)}, 404, ["no record of an execution"]),
    ],
)
async def test_what_can_not_be_taken_is_named(api: Api, hook: str, body, status, words):
    """Field and rule."""
    answer = await api.call("POST", f"{HOOKS}/{hook}/test", body)

    assert answer.status == status
    assert all(word in answer.body["message"] for word in words), answer.body


async def test_another_triggers_request_does_not_fit(api: Api, hook: str):
    """The message names both."""
    await api.create(hook_of("cb()", "user, client, scope, audience, context, cb"), "password-exchange", name="p")
    execution = await executed(api, "password-exchange", user=USER)

    answer = await api.call("POST", f"{HOOKS}/{hook}/test", {"execution": execution})

    assert answer.status == 400
    assert "password-exchange" in answer.body["message"]
    assert "credentials-exchange" in answer.body["message"]


async def test_another_tenants_execution_is_none(api: Api, hook: str):
    """Whatever its id."""
    execution = await executed(api)
    other = api.with_token(token(tenant="other"))
    theirs = (await other.create(ECHO))["id"]

    assert (await other.call("POST", f"{HOOKS}/{theirs}/test", {"execution": execution})).status == 404


async def test_who_may_not_read_the_log_gets_no_request_of_it(api: Api, hook: str):
    """He may test the hook all the same, on a sample or what he sends."""
    execution = await executed(api)
    changer = api.with_token(token(scope="update:hooks"))

    answer = await changer.call("POST", f"{HOOKS}/{hook}/test", {"execution": execution})

    assert (answer.status, answer.body["errorCode"]) == (403, "insufficient_scope")
    assert "read:logs" in answer.body["message"]
    assert (await changer.call("POST", f"{HOOKS}/{hook}/test", {"request": REQUEST})).status == 200


async def test_a_long_request_is_not_kept(api: Api, hook: str):
    """The record is, without it, and says so."""
    execution = await executed(api, context={"long": "x" * 20_000})

    answer = await api.call("POST", f"{HOOKS}/{hook}/test", {"execution": execution})

    assert answer.status == 400
    assert "16 kB" in answer.body["message"]


class TestByDefault:
    """Where nobody asked for it."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, log=Log())

    async def test_no_request_is_kept(self, api: Api, hook: str):
        """It may name users."""
        execution = await executed(api)

        assert (await api.call("GET", "/api/v1/logs")).body["executions"][0]["request"] is None
        answer = await api.call("POST", f"{HOOKS}/{hook}/test", {"execution": execution})
        assert "[log] requests was off" in answer.body["message"]


@pytest.mark.parametrize("password", ["hunter22", 12345678, "hunter22" * 600], ids=["text", "number", "long"])
async def test_a_sign_ups_password_is_in_no_part_of_the_record(api: Api, password: str | int):
    """Not in the request beside its own place, nor where the hook makes it a name or prints it, however long it is."""
    answer = "{ user: { [user.password]: 1, user_metadata: { [user.password + '.x']: 1 } } }"
    await api.create(hook_of(f"console.log(`${{user.password}}`); cb(null, {answer})", "user, context, cb"), SIGN_UP)
    user = {"email": "a@b", "password": password, "note": f"p={password}"}
    body = {"user": user, "context": {"connection": {"id": "1"}}}
    decision = (await api.call("POST", f"/api/v1/triggers/{SIGN_UP}/execute", body)).body

    record = (await api.call("GET", "/api/v1/logs")).body["executions"][0]

    assert record["request"]["user"] == {"email": "a@b", "password": "[not recorded]", "note": "p=[secret]"}
    assert len(record["dropped"]) == len(decision["dropped"]) == 2
    assert str(password)[:8] not in json.dumps([decision, record])
