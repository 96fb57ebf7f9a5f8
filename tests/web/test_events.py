"""The four extensibility points without a token, over the API: stored, enabled, tested, executed."""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from typing import Any

import pytest

from runtime.triggers import TRIGGERS, sample
from tests.web.conftest import Answer, Api, hook_of

HOOKS = "/api/v2/hooks"
SIGN_UP, SIGNED_UP, CHANGED, PHONE = (trigger.id for trigger in TRIGGERS.values() if not trigger.grant)
EACH = pytest.mark.parametrize("trigger", [SIGN_UP, SIGNED_UP, CHANGED, PHONE])
BLOCKING = pytest.mark.parametrize("trigger", [SIGN_UP, PHONE])
AFTER = pytest.mark.parametrize("trigger", [SIGNED_UP, CHANGED])

# As the vendor's editor shows it when a hook is made (contract-full 3), less the comments.
STARTER = {
    SIGN_UP: """
        module.exports = function (user, context, cb) {
          var response = {};
          // response.user = { user_metadata: { foo: 'bar' }, app_metadata: { vip: true, score: 7 } };
          // cb(new PreUserRegistrationError('Denied user registration in Pre User Registration Hook', 'Denied!'));
          response.user = user;
          cb(null, response);
        };""",
    SIGNED_UP: """
        module.exports = function (user, context, cb) {
          // Perform any asynchronous actions, e.g. send notification to Slack.
          cb();
        };""",
    CHANGED: """
        module.exports = function (user, context, cb) {
          // Perform any asynchronous actions, e.g. send notification to Slack.
          cb();
        };""",
    PHONE: """
        module.exports = function (recipient, text, context, cb) {
          // TODO: Add your code here
          cb(null, {});
        };""",
}
# The vendor's samples for its runner (contract-full 3).
CONNECTION = {"id": "con_xxxxxxxxxxxxxxxx", "name": "Username-Password-Authentication", "tenant": "my-tenant"}
METADATA = {"user_metadata": {"hobby": "surfing"}, "app_metadata": {"plan": "full"}}
NEW_USER = {
    "tenant": "my-tenant",
    "username": "user1",
    "email": "user1@foo.com",
    "emailVerified": False,
    "phoneNumber": "1-000-000-0000",
    "phoneNumberVerified": False,
    **METADATA,
}
BODIES: dict[str, dict[str, Any]] = {
    SIGN_UP: {
        "user": {**NEW_USER, "password": "xxxxxxx"},
        "context": {"requestLanguage": "en-us", "connection": CONNECTION},
    },
    SIGNED_UP: {
        "user": {**NEW_USER, "id": "abc123", "emailVerified": True},
        "context": {"requestLanguage": "en-us", "connection": CONNECTION},
    },
    CHANGED: {
        "user": {
            "id": "abc123",
            "username": "user1",
            "email": "user1@foo.com",
            "last_password_reset": "2019-02-27T14:14:29.206Z",
        },
        "context": {"connection": CONNECTION},
    },
    PHONE: {
        "recipient": "1-808-555-5555",
        "text": "Here is your one time password: 999111",
        "context": {
            "message_type": "sms",
            "action": "enrollment",
            "language": "en",
            "code": "123456",
            "ip": "127.0.0.1",
            "user_agent": "Mozilla/5.0",
            "client": {"client_id": "1235", "name": "Test Application", "client_metadata": {}},
            "user": {
                "user_id": "auth0|test12345",
                "name": "Billie Magnusson",
                "email": "billie@email.com",
                "app_metadata": {},
                "user_metadata": {},
            },
        },
    },
}
USER_PARAMETERS, PHONE_PARAMETERS = "user, context, cb", "recipient, text, context, cb"


def event_hook(trigger: str, body: str) -> str:
    return hook_of(body, PHONE_PARAMETERS if trigger == PHONE else USER_PARAMETERS)


async def send(api: Api, trigger: str, body: object = None) -> Answer:
    return await api.call("POST", f"/api/v1/triggers/{trigger}/execute", BODIES[trigger] if body is None else body)


async def decide(api: Api, trigger: str, body: object = None) -> dict[str, Any]:
    answer = await send(api, trigger, body)
    assert answer.status == 200, answer.body
    decision: dict[str, Any] = answer.body
    return decision


async def newest_record(api: Api, execution: dict[str, Any]) -> dict[str, Any]:
    """The record of this execution, when it is written."""
    async with asyncio.timeout(60):
        while not (found := (await api.call("GET", "/api/v1/logs", limit="1")).body["executions"]):
            await asyncio.sleep(0.05)
    record: dict[str, Any] = found[0]
    assert record["id"] == execution["id"]
    return record


@EACH
async def test_the_vendors_starter_code_runs_unchanged(api: Api, trigger: str):
    """Deployed, enabled and executed with the vendor's own sample; a new user keeps the metadata that were sent."""
    hook = await api.create(STARTER[trigger], trigger)
    decision = await decide(api, trigger)
    execution = decision.pop("execution")

    expected: dict[str, Any] = {"decision": "allow"}
    assert decision == (expected | {"user": METADATA, "dropped": []} if trigger == SIGN_UP else expected)
    assert (execution["hook"], hook["triggerId"]) == (hook["name"], trigger)


@EACH
async def test_a_hook_is_stored_listed_changed_and_deleted(api: Api, trigger: str):
    """The Management API knows the trigger's id; one is enabled of each trigger, beside those of the others."""
    others = await api.create(hook_of("cb(null, {})"))
    first = await api.create(STARTER[trigger], trigger)
    second = await api.call(
        "POST", HOOKS, {"name": "second", "script": STARTER[trigger], "triggerId": trigger, "enabled": True}
    )
    assert (second.status, second.headers["X-Hook-Disabled"]) == (201, first["name"])

    listed = (await api.call("GET", HOOKS, triggerId=trigger, fields="id,enabled")).body
    assert listed == [{"id": first["id"], "enabled": False}, {"id": second.body["id"], "enabled": True}]
    assert (await api.call("GET", f"{HOOKS}/{others['id']}")).body["enabled"]
    for hook in (first, second.body):
        assert (await api.call("DELETE", f"{HOOKS}/{hook['id']}")).status == 204
    assert (await decide(api, trigger))["execution"] is None


@EACH
async def test_without_a_hook_nothing_is_set(api: Api, trigger: str):
    """The answer has the same shape, and nothing ran."""
    expected: dict[str, Any] = {"decision": "allow", "execution": None}

    assert await decide(api, trigger) == (expected | {"user": {}, "dropped": []} if trigger == SIGN_UP else expected)


@EACH
async def test_a_test_run_takes_a_sample(api: Api, trigger: str):
    """`POST /api/v1/hooks/{id}/test` of a hook that is not enabled; the answer has what was sent."""
    hook = await api.create(STARTER[trigger], trigger, enabled=False)
    path = f"/api/v1/hooks/{hook['id']}/test"
    sampled = (await api.call("POST", path, {})).body
    own = (await api.call("POST", path, {"request": BODIES[trigger]})).body

    assert (sampled["decision"], sampled["request"]) == ("allow", sample(trigger))
    assert (own["decision"], own["request"]) == ("allow", BODIES[trigger])
    assert own.get("user") == (METADATA if trigger == SIGN_UP else None)


@EACH
async def test_the_hook_is_called_with_what_was_sent(api: Api, trigger: str):
    """The arguments in the contract's order, secrets in the context; a password only before the sign-up."""
    shown = "JSON.stringify([...arguments].slice(0, -1)).replace('hunter22', '8 chars').replace('123456', '6 chars')"
    hook = await api.create(event_hook(trigger, f"console.log({shown}); cb()"), trigger)
    await api.call("POST", f"{HOOKS}/{hook['id']}/secrets", {"KEY": "on"})
    body = deepcopy(BODIES[trigger])
    if trigger != PHONE:
        body["user"]["password"] = "hunter22"
    decision = await decide(api, trigger, body)

    record = await newest_record(api, decision["execution"])
    sent = json.loads(json.dumps(BODIES[trigger]).replace("123456", "6 chars"))
    if trigger == SIGN_UP:
        sent["user"]["password"] = "8 chars"
    context = {**sent.pop("context"), "webtask": {"secrets": {"KEY": "on"}}, "secrets": {"KEY": "on"}}
    assert record["trigger"] == trigger
    assert record["client"] == ("1235" if trigger == PHONE else "")
    assert json.loads(record["console"][0]["text"]) == [*sent.values(), context]


async def test_a_new_user_gets_metadata_and_nothing_else(api: Api):
    """What is not used, and names that no metadata may have, are named."""
    await api.create(
        event_hook(
            SIGN_UP,
            "cb(null, { user: { email: 'x@y', user_metadata: { 'a.b': 1, $c: 2, d: [3] }, app_metadata: { e: null } }, f: 1 })",
        ),
        SIGN_UP,
    )
    decision = await decide(api, SIGN_UP)

    assert decision["user"] == {"user_metadata": {"d": [3]}, "app_metadata": {"e": None}}
    assert decision["dropped"] == [
        {"name": "f", "token": "answer", "reason": "not_used"},
        {"name": "email", "token": "user", "reason": "not_used"},
        {"name": "a.b", "token": "user_metadata", "reason": "dot_or_dollar"},
        {"name": "$c", "token": "user_metadata", "reason": "dot_or_dollar"},
    ]
    assert (await newest_record(api, decision["execution"]))["dropped"] == decision["dropped"]


@BLOCKING
@pytest.mark.parametrize(
    "error, message, shown",
    [
        ("new Error('no')", "no", None),
        ("new PreUserRegistrationError('for the log', 'for the user')", "for the log", "for the user"),
        ("new PreUserRegistrationError('for both')", "for both", "for both"),
        ("new SendPhoneMessageError('for the log', 'for the user')", "for the log", "for the user"),
    ],
)
async def test_an_error_denies(api: Api, trigger: str, error: str, message: str, shown: str | None):
    """`access_denied`, the message for the log, the friendly one for the user; in the record too."""
    await api.create(event_hook(trigger, f"cb({error})"), trigger)
    decision = await decide(api, trigger)

    assert (decision["decision"], decision["error"], decision["error_description"]) == (
        "deny",
        "access_denied",
        message,
    )
    assert decision.get("user_message") == shown
    assert (decision["hook_error"]["code"], decision["hook_error"]["message"]) == ("denied", message)
    record = await newest_record(api, decision["execution"])
    assert (record["decision"], record["error"], record["error_description"]) == ("deny", "access_denied", message)


BROKEN = [
    ("throw new TypeError('x')", "threw"),
    ("", "no_answer"),
    ("for (;;);", "cpu_limit"),
    ("cb(null, 1n)", "malformed_answer"),
]


@BLOCKING
@pytest.mark.parametrize("body, code", BROKEN)
async def test_a_broken_hook_denies_where_somebody_waits(api: Api, trigger: str, body: str, code: str):
    """As for tokens: server_error, and no more of the hook's inside."""
    await api.create(event_hook(trigger, body), trigger)
    decision = await decide(api, trigger)

    assert (decision["decision"], decision["error"]) == ("deny", "server_error")
    assert decision["error_description"] == f"The hook failed: {code}."


@AFTER
@pytest.mark.parametrize("body, code", [*BROKEN, ("cb(new Error('no'))", "denied")])
async def test_after_the_fact_nothing_is_denied(api: Api, trigger: str, body: str, code: str):
    """The decision is allow, whatever the hook does; the answer and the record say what went wrong."""
    await api.create(event_hook(trigger, body), trigger)
    decision = await decide(api, trigger)

    assert (decision["decision"], decision["hook_error"]["code"]) == ("allow", code)
    record = await newest_record(api, decision["execution"])
    assert (record["decision"], record["hook_error"]["code"]) == ("allow", code)


@pytest.mark.parametrize("trigger", [SIGNED_UP, CHANGED, PHONE])
@pytest.mark.parametrize("answer", ["'text'", "[1, 2]", "{ MessageID: '998a9ad1' }", "null", "undefined", "7"])
async def test_any_answer_is_fine_where_none_is_used(api: Api, trigger: str, answer: str):
    """Contract 0: any JSON, or ignored."""
    await api.create(event_hook(trigger, f"cb(null, {answer})"), trigger)
    decision = await decide(api, trigger)

    assert list(decision) == ["decision", "execution"]
    assert decision["decision"] == "allow"


@pytest.mark.parametrize("trigger", [SIGNED_UP, CHANGED, PHONE])
@pytest.mark.parametrize(
    "answer, logged",
    [
        ("{ MessageID: '998a9ad1', by: [1, null, 'ü'] }", '{"MessageID": "998a9ad1", "by": [1, null, "ü"]}'),
        ("null", "null"),
        ("undefined", None),
        ("{ key: context.webtask.secrets.KEY }", '{"key": "[secret]"}'),
        ("'x'.repeat(5000)", '"' + "x" * 4095),
    ],
)
async def test_an_answer_that_is_not_used_is_recorded(api: Api, trigger: str, answer: str, logged: str | None):
    """Contract 0: only logged. Its beginning, without the hook's secrets."""
    hook = await api.create(event_hook(trigger, f"cb(null, {answer})"), trigger)
    await api.call("POST", f"{HOOKS}/{hook['id']}/secrets", {"KEY": "correct-horse"})
    decision = await decide(api, trigger)

    assert (await newest_record(api, decision["execution"]))["answer"] == logged


@BLOCKING
async def test_no_record_has_the_password_or_the_code(api: Api, trigger: str):
    """The hook is shown them, and may print the whole request; what is kept, and what its caller reads, has a mask."""
    confidential = "context.code" if trigger == PHONE else "user.password"
    script = event_hook(trigger, f"console.log(arguments[0], context); cb(new Error('for ' + {confidential}))")
    await api.create(script, trigger)
    body = deepcopy(BODIES[trigger])
    value = "hunter22"
    if trigger == PHONE:
        body["context"]["code"] = value
    else:
        body["user"]["password"] = value
    decision = await decide(api, trigger, body)

    assert decision["error_description"] == "for [secret]"
    record = await newest_record(api, decision["execution"])
    assert "[secret]" in record["console"][0]["text"]
    assert value not in json.dumps([decision, record])


async def test_no_recorded_answer_has_the_code(api: Api):
    """Likewise."""
    await api.create(event_hook(PHONE, "cb(null, { text })"), PHONE)
    body = deepcopy(BODIES[PHONE])
    body["text"] = f"Here is your code: {body['context']['code']}"
    decision = await decide(api, PHONE, body)

    assert (await newest_record(api, decision["execution"]))["answer"] == '{"text": "Here is your code: [secret]"}'


@pytest.mark.parametrize(
    "trigger, change, message",
    [
        (SIGN_UP, {"user": None}, "'user' is missing; it must be an object."),
        (SIGNED_UP, {"context": []}, "'context' must be an object, not array."),
        (CHANGED, {"context": {"connection": "c"}}, "'context.connection' must be an object, not string."),
        (PHONE, {"recipient": 1808}, "'recipient' must be a string, not number."),
        (
            PHONE,
            {"user": {}},
            "'user' is not a field of an execution request; the fields are: recipient, text, context.",
        ),
        (
            PHONE,
            {"context": {"message_type": "fax"}},
            "'context.message_type' must be 'sms' or 'voice', not 'fax'.",
        ),
    ],
)
async def test_a_wrong_request_is_a_400_that_names_the_member(api: Api, trigger: str, change: Any, message: str):
    """Field, rule and type, in one sentence; at an execution and at a test run."""
    body = {**BODIES[trigger], **change}
    executed = await send(api, trigger, body)
    hook = await api.create(STARTER[trigger], trigger)
    tested = await api.call("POST", f"/api/v1/hooks/{hook['id']}/test", {"request": body})

    for answer, where in ((executed, ""), (tested, "In 'request': ")):
        found = (answer.status, answer.body["errorCode"], answer.body["message"])
        assert found == (400, "invalid_body", where + message)


async def test_hooks_in_a_row_complete_a_new_user(api: Api):
    """With an order, each sees the user as the last one left them, and the new user gets what all set."""
    bodies = [
        "cb(null, { user: { app_metadata: { plan: 'gold', first: true } } })",
        "cb(null, { user: { app_metadata: { plan: user.app_metadata.plan + '+' }, user_metadata: { saw: user.user_metadata } } })",
    ]
    for order, body in enumerate(bodies):
        hook = await api.create(event_hook(SIGN_UP, body), SIGN_UP, name=f"hook-{order}x", enabled=False)
        await api.call("PATCH", f"/api/v1/hooks/{hook['id']}/policy", {"order": order})
        await api.call("PATCH", f"{HOOKS}/{hook['id']}", {"enabled": True})
    decision = await decide(api, SIGN_UP)

    assert decision["user"] == {
        "app_metadata": {"plan": "gold+", "first": True},
        "user_metadata": {"saw": {"hobby": "surfing"}},
    }
    assert len(decision["executions"]) == 2


async def test_a_message_hook_may_be_bound_to_a_client(api: Api):
    """`context.client.client_id` counts; a request without a client passes it by."""
    hook = await api.create(event_hook(PHONE, "cb(new Error('no'))"), PHONE)
    await api.call("PATCH", f"/api/v1/hooks/{hook['id']}/policy", {"clients": ["1235"]})
    body = deepcopy(BODIES[PHONE])
    del body["context"]["client"]

    assert (await decide(api, PHONE))["decision"] == "deny"
    assert await decide(api, PHONE, body) == {"decision": "allow", "execution": None}
