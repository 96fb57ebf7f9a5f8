"""For whom hooks run, in which order, and what their failure means, over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from runtime import dispatch
from runtime.settings import Settings
from runtime.ulid import Ulids
from tests.web.conftest import REQUEST, USER, Answer, Api, hook_of, token

HOOKS = "/api/v1/hooks"
DEFAULT: dict[str, Any] = {"clients": [], "audiences": [], "order": None, "on_error": "deny"}
PREFIX = "https://a/"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """One hook of a tenant may wait at once."""
    return replace(settings, sandbox=replace(settings.sandbox, concurrency=1))


def adds(word: str) -> str:
    """A hook that adds a scope and a claim of this name, which says what it saw."""
    return hook_of(f"cb(null, {{ scope: [...scope, '{word}'], '{PREFIX}{word}': context.accessToken }})")


async def deploy(api: Api, name: str, script: str, trigger: str = "credentials-exchange", **policy: Any) -> str:
    """The id of a new hook with this policy, enabled."""
    hook = await api.create(script, trigger, name=name, enabled=False)
    if policy:
        answer = await api.call("PATCH", f"{HOOKS}/{hook['id']}/policy", policy)
        assert answer.status == 200, answer.body
    answer = await enable(api, hook["id"])
    assert answer.status == 200, answer.body
    return str(hook["id"])


async def enable(api: Api, hook: str, *, enabled: bool = True) -> Answer:
    return await api.call("PATCH", f"/api/v2/hooks/{hook}", {"enabled": enabled})


async def names(api: Api) -> list[str]:
    """The names of the enabled hooks, in order of creation."""
    hooks = (await api.call("GET", "/api/v2/hooks", enabled="true")).body
    return [hook["name"] for hook in hooks]


# the policy itself


async def test_a_policy_is_read_and_changed_field_by_field(api: Api):
    """It begins as a hook alone, for all, that denies when it breaks; null takes the order away."""
    hook = (await api.create(adds("x")))["id"]
    path = f"{HOOKS}/{hook}/policy"
    assert (await api.call("GET", path)).body == DEFAULT

    changes: list[dict[str, Any]] = [
        {"clients": ["b", "a", "b"], "order": 3},
        {"audiences": ["https://api/"], "on_error": "allow"},
        {"order": None, "clients": []},
    ]
    for change in changes:
        answer = await api.call("PATCH", path, change)
        assert answer.status == 200

    expected = {"clients": [], "audiences": ["https://api/"], "order": None, "on_error": "allow"}
    assert answer.body == expected
    assert (await api.call("GET", path)).body == expected
    assert list((await api.call("GET", f"/api/v2/hooks/{hook}")).body) == [
        "id",
        "name",
        "script",
        "dependencies",
        "enabled",
        "triggerId",
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, ["Too few properties"]),
        ([], ["object", "array"]),
        ({"client": []}, ["Additional properties", "client"]),
        ({"clients": "a"}, ["clients", "array", "string"]),
        ({"clients": [1]}, ["clients", "string", "integer"]),
        ({"clients": [""]}, ["clients", "1 to 256", "0"]),
        ({"clients": ["a" * 257]}, ["clients", "1 to 256", "257"]),
        ({"clients": ["a"] * 101}, ["clients", "101", "100"]),
        ({"audiences": ["a" * 2049]}, ["audiences[0]", "1 to 2,048", "2,049"]),
        ({"order": "1"}, ["order", "integer or null", "string"]),
        ({"order": True}, ["order", "integer or null", "boolean"]),
        ({"order": 1.5}, ["order", "integer or null", "number"]),
        ({"order": 1_000_001}, ["order", "1000001", "1000000"]),
        ({"on_error": None}, ["on_error", "string", "null"]),
        ({"on_error": "open"}, ["on_error", "No enum match", "open", "deny, allow"]),
    ],
)
async def test_a_wrong_policy_names_field_rule_and_value(api: Api, body, words):
    """And nothing is changed."""
    hook = (await api.create(adds("x")))["id"]

    answer = await api.call("PATCH", f"{HOOKS}/{hook}/policy", body)

    assert (answer.status, answer.body["errorCode"]) == (400, "invalid_body")
    assert all(word in answer.body["message"] for word in words), answer.body["message"]
    assert (await api.call("GET", f"{HOOKS}/{hook}/policy")).body == DEFAULT


@pytest.mark.parametrize(
    ("trigger", "policy", "warning"),
    [
        (
            "pre-user-registration",
            {"audiences": ["a"]},
            "bound to audiences, and at pre-user-registration there are none",
        ),
        ("post-change-password", {"clients": ["c"]}, "bound to clients, and at post-change-password none is named"),
        ("send-phone-message", {"clients": ["c"]}, ""),
        ("send-phone-message", {"audiences": ["a"]}, "bound to audiences, and at send-phone-message there are none"),
        ("password-exchange", {"clients": ["c"], "audiences": ["a"]}, ""),
    ],
)
async def test_a_hook_that_can_never_run_is_warned_of(api: Api, trigger: str, policy: dict[str, Any], warning: str):
    """Its author thinks that it keeps somebody out."""
    hook = (await api.create(hook_of("cb()"), trigger))["id"]

    answer = await api.call("PATCH", f"{HOOKS}/{hook}/policy", policy)

    expected = f"The hook never runs: it is {warning}." if warning else None
    assert answer.headers.get("X-Hook-Warning") == expected


async def test_who_may_read_and_change_a_policy(api: Api):
    """The scopes are those of the hook; another tenant's hook is none."""
    hook = (await api.create(adds("x")))["id"]
    path = f"{HOOKS}/{hook}/policy"

    reader, other = api.with_token(token(scope="read:hooks")), api.with_token(token(tenant="other"))
    assert [(await reader.call("GET", path)).status, (await reader.call("PATCH", path, DEFAULT)).status] == [200, 403]
    assert [(await other.call("GET", path)).status, (await other.call("PATCH", path, DEFAULT)).status] == [404, 404]
    assert (await api.call("GET", f"{HOOKS}/{Ulids().new(0)}/policy")).status == 404


# for whom


async def test_a_hook_runs_for_the_clients_and_audiences_that_it_is_bound_to(api: Api):
    """Both must fit where both are given; where none fits, nothing runs and nothing changes."""
    await deploy(api, "clients", adds("clients"), clients=["client-1", "client-2"])
    await deploy(api, "audience", adds("audience"), audiences=["https://other/"])
    await deploy(api, "both", adds("both"), clients=["client-3"], audiences=["https://other/"])

    async def ran(client: object, audience: str) -> list[str]:
        decision = await api.execute(client={"id": client} if client else {}, audience=audience)
        return [scope for scope in decision["scope"] if scope != "read:orders"]

    assert await ran("client-2", "https://api/") == ["clients"]
    assert await ran("client-1", "https://other/") == ["clients", "audience"]
    assert await ran("client-3", "https://other/") == ["audience", "both"]
    assert await ran("client-3", "https://api/") == []
    assert await ran(None, "https://api/") == []
    decision = await api.execute(client={"id": "client-9"})
    assert (decision["scope"], decision["execution"]) == (["read:orders"], None)


async def test_without_an_order_the_one_for_the_same_makes_way(api: Api):
    """The answer names it; one for other clients stays."""
    await deploy(api, "for all", adds("a"))
    await deploy(api, "bound", adds("b"), clients=["x"])
    second = (await api.create(adds("c"), name="for all 2", enabled=False))["id"]

    answer = await enable(api, second)

    assert answer.headers["X-Hook-Disabled"] == "for all"
    assert await names(api) == ["bound", "for all 2"]
    answer = await api.call("PATCH", f"{HOOKS}/{second}/policy", {"clients": ["x"]})
    assert answer.headers["X-Hook-Disabled"] == "bound"
    assert await names(api) == ["for all 2"]


# in a row


async def test_each_hook_sees_what_the_last_one_left(api: Api):
    """Scopes and claims; the answer has the last execution and all of them, the log has one record each."""
    await deploy(api, "second", adds("two"), order=2)
    await deploy(api, "first", adds("one"), order=1)
    await deploy(api, "for all", adds("zero"))

    decision = await api.execute()

    assert decision["scope"] == ["read:orders", "zero", "one", "two"]
    seen = {"scope": ["read:orders", "zero"]}
    # What is undefined is no claim.
    assert decision["claims"][PREFIX + "one"] == seen
    assert decision["claims"][PREFIX + "two"] == {"scope": ["read:orders", "zero", "one"], PREFIX + "one": seen}
    assert [ran["hook"] for ran in decision["executions"]] == ["for all", "first", "second"]
    assert decision["execution"] == decision["executions"][-1]
    records = (await api.call("GET", "/api/v1/logs")).body["executions"]
    assert [(record["hook"], record["decision"]) for record in records] == [
        ("second", "allow"),
        ("first", "allow"),
        ("for all", "allow"),
    ]
    assert {record["id"] for record in records} == {ran["id"] for ran in decision["executions"]}


async def test_a_denial_ends_the_row(api: Api):
    """No hook after it runs; what the others left is gone."""
    await deploy(api, "first", adds("one"), order=1)
    await deploy(api, "second", hook_of("cb(new Error('no ' + scope.join(' ')))"), order=2)
    await deploy(api, "third", adds("three"), order=3)

    decision = await api.execute()

    assert (decision["decision"], decision["error_description"]) == ("deny", "no read:orders one")
    assert [ran["hook"] for ran in decision["executions"]] == ["first", "second"]


async def test_what_ran_is_recorded_where_the_next_found_no_room(api: Api):
    """There is no decision then, but the first hook's code did run."""
    await deploy(api, "first", adds("one"), order=1)
    await deploy(api, "second", hook_of("setTimeout(() => cb(new Error('later')), 1000)"), order=2)
    path = "/api/v1/triggers/credentials-exchange/execute"

    answers = await asyncio.gather(*(api.call("POST", path, REQUEST) for _ in "ab"))

    assert sorted(answer.status for answer in answers) == [200, 503]
    records = (await api.call("GET", "/api/v1/logs")).body["executions"]
    assert sorted(record["hook"] for record in records) == ["first", "first", "second"]


async def test_a_row_has_one_time_for_all(api: Api, monkeypatch: pytest.MonkeyPatch):
    """The vendor's 20 seconds: hooks that wait share them, and when they are over the rest may only break."""
    monkeypatch.setattr(dispatch, "ROW_MS", 1_000)
    for order in range(3):
        waits = hook_of(f"setTimeout(() => cb(null, {{ scope: [...scope, 'w{order}'] }}), {order * 8_000 or 10})")
        await deploy(api, f"w{order}", waits, order=order, on_error="allow")

    decision = await api.execute()

    assert decision["scope"] == ["read:orders", "w0"]
    assert decision["hook_error"]["code"] == "wall_limit"
    assert sum(execution["duration_ms"] for execution in decision["executions"]) < 4_500


async def test_in_a_row_both_tokens_get_their_claims(api: Api):
    """A later claim takes an earlier one's place, in its own token."""
    parameters = "user, client, scope, audience, context, cb"
    first = "cb(null, { accessToken: { 'https://a/x': 1, 'https://a/y': 1 }, idToken: { 'https://a/x': 2 } })"
    second = (
        "cb(null, { accessToken: { 'https://a/y': context.accessToken }, idToken: { 'https://a/z': context.idToken } })"
    )
    await deploy(api, "first", hook_of(first, parameters), "password-exchange", order=1)
    await deploy(api, "second", hook_of(second, parameters), "password-exchange", order=2)

    decision = await api.execute("password-exchange", user=USER)

    left = {"scope": ["read:orders"], "https://a/x": 1, "https://a/y": 1}
    assert decision["claims"] == {"https://a/x": 1, "https://a/y": left}
    assert decision["id_token_claims"] == {"https://a/x": 2, "https://a/z": {"https://a/x": 2}}


async def test_no_hook_changes_what_another_holds(api: Api):
    """Each has a sandbox of its own, with what was left as JSON."""
    await deploy(api, "first", hook_of("globalThis.mark = 1; scope.push('one'); cb(null, { scope })"), order=1)
    await deploy(
        api,
        "second",
        hook_of("context.accessToken.scope.push('x'); cb(null, { scope: [String(globalThis.mark)] })"),
        order=2,
    )

    assert (await api.execute())["scope"] == ["undefined"]


# failures


BROKEN = {
    "throws": "throw new TypeError('oops')",
    "answers nonsense": "cb(null, 1)",
    "does not answer": "",
    "runs for ever": "for (;;);",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
async def test_a_hook_that_broke_may_let_the_token_out_as_it_was(api: Api, body):
    """With `on_error: allow`; the developer sees the failure, in the answer and in the record."""
    await deploy(api, "broken", hook_of(body), on_error="allow")

    decision = await api.execute()

    assert (decision["decision"], decision["scope"], decision["claims"]) == ("allow", ["read:orders"], {})
    assert decision["hook_error"]["code"] != "denied"
    record = (await api.call("GET", "/api/v1/logs")).body["executions"][0]
    assert (record["decision"], record["hook_error"]) == ("allow", decision["hook_error"])


DENIES = {
    "denies": "cb(new Error('no'))",
    "denies and forgets to return": "cb(new Error('no')); cb(null, { scope })",
    "thinks again": "cb(null, { scope }); cb(new Error('no'))",
    "denies and throws": "cb(new Error('no')); null.x",
    "denies and runs for ever": "cb(new Error('no')); for (;;);",
    "denies and takes all memory": "cb(new Error('no')); for (let a = []; ; ) a.push(new Array(1e5).fill(a));",
    "denies and recurses": "cb(new Error('no')); (function f() { f(); })()",
    "denies in a timer and throws": "setTimeout(() => { cb(new Error('no')); null.x }, 1)",
    "denies in a timer and runs for ever": "setTimeout(() => { cb(new Error('no')); for (;;); }, 1)",
    "later": "setTimeout(() => { cb(new Error('no')); cb(null, { scope }); }, 1)",
}


@pytest.mark.parametrize("body", DENIES.values(), ids=DENIES)
async def test_a_denial_is_no_failure(api: Api, body):
    """`on_error: allow` lets nobody in whom the hook keeps out; who answered twice may have denied."""
    await deploy(api, "denies", hook_of(body), on_error="allow")

    assert (await api.execute())["decision"] == "deny"


async def test_an_action_that_denied_and_broke_has_denied(api: Api):
    """`api.access.deny` does not end the function, so what follows it often breaks."""
    deny = "api.access.deny('invalid_scope', 'no'); event.organization.name.length"
    script = f"exports.onExecuteCredentialsExchange = async (event, api) => {{ {deny} }}"
    await deploy(api, "denies", script, on_error="allow")

    decision = await api.execute()

    assert (decision["decision"], decision["error"], decision["error_description"]) == ("deny", "invalid_scope", "no")


async def test_in_a_row_a_broken_hook_leaves_what_was_there(api: Api):
    """The others go on from it; the answer shows what broke."""
    await deploy(api, "first", adds("one"), order=1)
    await deploy(api, "broken", hook_of("scope.push('lost'); throw new Error('oops')"), order=2, on_error="allow")
    await deploy(api, "third", adds("three"), order=3)

    decision = await api.execute()

    assert decision["scope"] == ["read:orders", "one", "three"]
    assert decision["claims"][PREFIX + "three"]["scope"] == ["read:orders", "one"]
    assert decision["hook_error"]["message"] == "oops"


async def test_a_test_run_is_of_one_hook_and_by_its_policy(api: Api):
    """Whomever it is bound to, alone."""
    await deploy(api, "first", adds("one"), order=1)
    hook = await deploy(api, "broken", hook_of("throw new Error('oops')"), clients=["x"], on_error="allow")

    answer = await api.call("POST", f"{HOOKS}/{hook}/test", {"request": REQUEST})

    assert (answer.body["decision"], answer.body["scope"]) == ("allow", ["read:orders"])
    assert answer.body["hook_error"]["message"] == "oops"
