from __future__ import annotations

import asyncio
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from runtime.triggers import TRIGGERS
from tests.web.conftest import REQUEST, SEED, USER, Api, hook_of, token

EXECUTE = "/api/v1/triggers/credentials-exchange/execute"
PASSWORD = "user, client, scope, audience, context, cb"


async def test_the_seed_case(api: Api):
    """The issue's hook, verbatim: the scope has `extra`, the claim is `bar`, and the run is named."""
    hook = await api.create(SEED)
    decision = await api.execute()
    execution = decision.pop("execution")
    assert decision == {
        "decision": "allow",
        "scope": ["read:orders", "extra"],
        "claims": {"https://foo.com/claim": "bar"},
        "dropped": [],
    }
    assert execution["hook"] == hook["name"]
    assert list(execution) == ["id", "hook", "version", "duration_ms", "cpu_ms"]
    assert 0 <= execution["cpu_ms"] <= execution["duration_ms"] + 1


async def test_no_enabled_hook_changes_nothing(api: Api):
    """Without a hook, or with a disabled one only, what was asked for is allowed, and nothing ran."""
    unchanged: dict[str, Any] = {
        "decision": "allow",
        "scope": ["read:orders"],
        "claims": {},
        "dropped": [],
        "execution": None,
    }
    assert await api.execute() == unchanged
    await api.create(SEED, enabled=False)
    assert await api.execute() == unchanged


async def test_a_change_counts_from_its_answer_on(api: Api):
    """Enabling, a new script, a new secret and deletion are seen by the next token request."""
    hook = await api.create(hook_of("cb(null, {'https://a/b': 1})"), enabled=False)
    path = f"/api/v2/hooks/{hook['id']}"
    assert (await api.execute())["claims"] == {}
    await api.call("PATCH", path, {"enabled": True})
    assert (await api.execute())["claims"] == {"https://a/b": 1}
    await api.call("PATCH", path, {"script": hook_of("cb(null, {'https://a/b': context.webtask.secrets.KEY})")})
    assert (await api.execute())["claims"] == {}
    await api.call("POST", f"{path}/secrets", {"KEY": "value one"})
    assert (await api.execute())["claims"] == {"https://a/b": "value one"}
    await api.call("DELETE", path)
    assert (await api.execute())["execution"] is None


async def test_cb_with_an_error_denies(api: Api):
    """`cb(new Error('access denied'))`: no token, the hook's words, and its stack for its developer."""
    await api.create(
        "module.exports = function (client, scope, audience, context, cb) {\n  cb(new Error('access denied'));\n};"
    )
    decision = await api.execute()
    assert decision["decision"] == "deny"
    assert decision["error"] == "access_denied"
    assert decision["error_description"] == "access denied"
    error = decision["hook_error"]
    assert (error["code"], error["name"], error["message"]) == ("denied", "Error", "access denied")
    assert ":2:" in error["stack"]
    assert decision["execution"]["hook"] == "a-hook"


@pytest.mark.parametrize(
    "body, error",
    [
        ("cb(new InvalidScopeError('no'))", "invalid_scope"),
        ("cb(new InvalidRequestError('no'))", "invalid_request"),
        ("cb(new ServerError('no'))", "server_error"),
    ],
)
async def test_the_starter_codes_errors_have_their_codes(api: Api, body, error):
    """The classes that the vendor's starter code documents (contract 0), defined by the hook as it does."""
    name = body[7:].split("(")[0]
    await api.create(
        f"class {name} extends Error {{ constructor(m) {{ super(m); this.name = '{name}'; }} }}\n{hook_of(body)}"
    )
    decision = await api.execute()
    assert (decision["error"], decision["error_description"]) == (error, "no")


@pytest.mark.parametrize(
    "body, code",
    [
        ("throw new TypeError('x is not a function')", "threw"),
        ("", "no_answer"),
        ("cb(null, {}); cb(null, {});", "answered_twice"),
        ("for (;;);", "cpu_limit"),
        ("const a = []; for (;;) a.push(new ArrayBuffer(4e6));", "memory_limit"),
        ("(function f() { f(); f(); })()", "stack_limit"),
        ("cb(null, {'https://a/b': 'x'.repeat(100000)})", "output_limit"),
        ("cb(null, 'text')", "malformed_answer"),
        ("cb(null, {scope: 'not an array'})", "malformed_answer"),
    ],
)
async def test_a_broken_hook_denies_with_its_code(api: Api, body, code):
    """Each way to break has its own code; the client learns no more than that, the developer the message."""
    await api.create(hook_of(body))
    decision = await api.execute()
    assert decision["decision"] == "deny"
    assert (decision["error"], decision["error_description"]) == ("server_error", f"The hook failed: {code}.")
    assert decision["hook_error"]["code"] == code
    assert decision["hook_error"]["message"]


async def test_dropped_claims_are_named(api: Api):
    """Protected, plain and the vendor's own names do not reach the token; the answer says which, and why."""
    await api.create(
        hook_of("cb(null, {sub: 'x', plain: 1, 'https://auth0.com/x': 1, 'https://me.example/x': [1, {a: null}]})")
    )
    decision = await api.execute()
    assert decision["claims"] == {"https://me.example/x": [1, {"a": None}]}
    assert decision["dropped"] == [
        {"name": "sub", "token": "access_token", "reason": "protected"},
        {"name": "plain", "token": "access_token", "reason": "not_namespaced"},
        {"name": "https://auth0.com/x", "token": "access_token", "reason": "reserved_namespace"},
    ]


@pytest.mark.parametrize(
    "answer, claims, id_token_claims",
    [
        ("{'https://a/b': user.email}", {"https://a/b": "ada@example.com"}, {}),
        (
            "{accessToken: {'https://a/b': 1, scope: ['x']}, idToken: {'https://a/c': 2}}",
            {"https://a/b": 1},
            {"https://a/c": 2},
        ),
    ],
)
async def test_the_password_exchange_takes_both_shapes(api: Api, answer, claims, id_token_claims):
    """Flat, or `{accessToken, idToken}` (contract 0)."""
    await api.create(hook_of(f"cb(null, {answer})", PASSWORD), "password-exchange")
    decision = await api.execute("password-exchange", user=USER)
    assert decision["claims"] == claims
    assert decision["id_token_claims"] == id_token_claims
    assert decision["scope"] == (["x"] if id_token_claims else ["read:orders"])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"client": None}, "'client' is missing; it must be an object."),
        ({"audience": 1}, "'audience' must be a string, not number."),
        ({"scope": "a b"}, "'scope' must be an array of strings, not string."),
        ({"scope": ["a", 1]}, "'scope[1]' must be a string, not number."),
        ({"context": []}, "'context' must be an object, not array."),
        ({"user": USER}, "'user' is not sent at credentials-exchange: a client_credentials grant has no user."),
        ({"extra": 1}, "'extra' is not a field of an execution request; "),
    ],
)
async def test_a_wrong_request_is_a_400_that_names_the_field(api: Api, change, message):
    """The token server's developer reads what to mend."""
    answer = await api.call("POST", EXECUTE, {**REQUEST, **change})
    assert (answer.status, answer.body["errorCode"]) == (400, "invalid_body")
    assert answer.body["message"].startswith(message)


async def test_an_unknown_extensibility_point_is_a_404(api: Api):
    """The message has those that there are."""
    answer = await api.call("POST", "/api/v1/triggers/nothing/execute", REQUEST)
    assert (answer.status, answer.body["errorCode"]) == (404, "inexistent_resource")
    assert answer.body["message"].endswith(f"there are: {', '.join(TRIGGERS)}.")


async def test_tenants_run_their_own_hooks(api: Api):
    """Two tenants, one extensibility point: each token runs its own tenant's hook with its own secrets."""
    script = hook_of("cb(null, {'https://a/b': context.secrets.WHO})")
    for tenant in ("acme", "globex"):
        own = api.with_token(token(tenant))
        hook = await own.create(script)
        await own.call("POST", f"/api/v2/hooks/{hook['id']}/secrets", {"WHO": f"secret of {tenant}"})
    for tenant in ("acme", "globex"):
        decision = await api.with_token(token(tenant)).execute()
        assert decision["claims"] == {"https://a/b": f"secret of {tenant}"}
    assert (await api.with_token(token("nobody")).execute())["execution"] is None


async def test_nothing_survives_a_request(api: Api):
    """A hook that counts in a global counts to one, however often and at once it runs."""
    await api.create(
        "let n = 0; " + hook_of("globalThis.m = (globalThis.m || 0) + 1; cb(null, {'https://a/b': ++n + globalThis.m})")
    )
    decisions = await asyncio.gather(*(api.execute() for _ in range(20)))
    assert {decision["claims"]["https://a/b"] for decision in decisions} == {2}
    assert len({decision["execution"]["id"] for decision in decisions}) == 20


async def test_the_request_id_is_kept(api: Api):
    """The caller's X-Request-Id is in the record, so that both logs can be read side by side."""
    await api.create(SEED)
    headers = {**api.headers, "X-Request-Id": "trace-7"}
    async with api.client.post(api.url + EXECUTE, json=REQUEST, headers=headers) as answer:
        assert answer.headers["X-Request-Id"] == "trace-7"
        execution_id = (await answer.json())["execution"]["id"]
    async with asyncio.timeout(60):
        while not (found := (await api.call("GET", "/api/v1/logs")).body["executions"]):
            await asyncio.sleep(0.05)
    assert [(record["id"], record["request_id"]) for record in found] == [(execution_id, "trace-7")]


@pytest.mark.parametrize(
    "body",
    [
        "let deep = 1; for (let i = 0; i < 400; i++) deep = [deep]; cb(null, {'https://a/b': deep})",
        "let deep = 1; for (let i = 0; i < 3000; i++) deep = {a: deep}; cb(null, {'https://a/b': deep})",
        "cb(null, {'https://a/b': '\\ud800', 'https://a/\\udfff': 1})",
        "cb(null, {'https://a/b': [2 ** 70, 1e308 * 10, NaN, -0, 1n]})",
        "cb(null, {['https://a/' + 'x'.repeat(60000)]: 1})",
        "cb(null, {scope: ['\\ud800']})",
        "console.log('\\ud800'); cb(new Error('\\ud800'))",
        "const e = new Error('x'); e.name = {toString() { throw 1 }}; cb(e)",
        "cb({message: '\\ud800', name: 7, stack: null})",
    ],
)
async def test_no_answer_of_a_hook_breaks_ours(api: Api, body):
    """Depth, lone surrogates, numbers that JSON does not have: a decision in order, and a record of it."""
    await api.create(hook_of(body))
    decision = await api.execute()
    assert decision["decision"] in ("allow", "deny")
    async with asyncio.timeout(60):
        while not (found := (await api.call("GET", "/api/v1/logs")).body["executions"]):
            await asyncio.sleep(0.05)
    assert found[0]["id"] == decision["execution"]["id"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def as_doubles(value: Any) -> Any:
    """With every number as JavaScript has it."""
    if isinstance(value, dict):
        return {name: as_doubles(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_doubles(inner) for inner in value]
    return float(value) if type(value) is int else value


@hypothesis.settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=st.dictionaries(st.sampled_from(sorted({*REQUEST, "user", "other"})), JSON, max_size=2))
async def test_any_request_is_answered_in_good_order(api: Api, change):
    """A decision or a 400, whatever the token server sends; the hook gets exactly the JSON that was sent."""
    if not (await api.call("GET", "/api/v2/hooks", fields="id")).body:
        await api.create(hook_of("cb(null, {scope: [], 'https://a/b': [client, context.ip]})"))
    answer = await api.call("POST", EXECUTE, {**REQUEST, **change})
    assert answer.status in (200, 400)
    if answer.status == 200 and "client" in change:
        assert as_doubles(answer.body["claims"]["https://a/b"][0]) == as_doubles(change["client"])
