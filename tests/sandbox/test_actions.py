"""Actions: the same rule as a Hook and as an Action decides the same; `event` and `api` are the contract's."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from runtime import chain, claims, triggers
from runtime.model import Allow, Answer, Failure, Refusal
from runtime.sandbox.actions import MARK, Did, unpacked
from runtime.sandbox.base import SourceRejected
from runtime.sandbox.caches import Change
from runtime.sandbox.pool import WasmSandbox
from runtime.triggers import Request
from tests.sandbox.acting import LOGIN, M2M, SECRETS, SIGN_UP, outcome_of, request_of


async def event_of(sandbox: WasmSandbox, handler: str, request: Request) -> Any:
    """The `event` that an Action gets; it leaves by the message of an error."""
    outcome = await outcome_of(
        sandbox, f"exports.{handler} = async (event) => {{ throw new Error(JSON.stringify(event)); }};", request
    )
    assert isinstance(outcome, Failure)
    return orjson.loads(outcome.message)


# One rule, twice

HOOK_M2M = """
module.exports = function (client, scope, audience, context, cb) {
  const access_token = { scope };
  if (context.ip === '192.0.2.66') return cb(new InvalidRequestError('not from there'));
  if (!client.metadata.plan) return cb(new InvalidScopeError('no plan'));
  access_token['https://example.com/plan'] = client.metadata.plan;
  access_token['https://example.com/key'] = context.webtask.secrets.KEY.length;
  access_token.scope = access_token.scope.filter((one) => one !== 'admin');
  access_token.scope.push('extra');
  cb(null, access_token);
};
"""
ACTION_M2M = """
exports.onExecuteCredentialsExchange = async (event, api) => {
  if (event.request.ip === '192.0.2.66') return api.access.deny('invalid_request', 'not from there');
  if (!event.client.metadata.plan) return api.access.deny('invalid_scope', 'no plan');
  api.accessToken.setCustomClaim('https://example.com/plan', event.client.metadata.plan);
  api.accessToken.setCustomClaim('https://example.com/key', event.secrets.KEY.length);
  api.accessToken.removeScope('admin');
  api.accessToken.addScope('extra');
};
"""
HOOK_LOGIN = """
module.exports = function (user, client, scope, audience, context, cb) {
  if (!user.email.endsWith('@example.com')) return cb(new Error('not one of us'));
  const roles = user.app_metadata.roles;
  cb(null, { accessToken: { scope: [...scope, 'extra'], 'https://example.com/roles': roles }, idToken: { 'https://example.com/name': user.displayName } });
};
"""
ACTION_LOGIN = """
exports.onExecutePostLogin = async (event, api) => {
  if (!event.user.email.endsWith('@example.com')) return api.access.deny('not one of us');
  const roles = event.user.app_metadata.roles;
  api.accessToken.setCustomClaim('https://example.com/roles', roles).accessToken.addScope('extra');
  api.idToken.setCustomClaim('https://example.com/name', event.user.name);
};
"""
HOOK_SIGN_UP = """
module.exports = function (user, context, cb) {
  if (user.email.endsWith('@spam.example')) return cb(new PreUserRegistrationError('spam', 'Please use another address.'));
  cb(null, { user: { user_metadata: { ...user.user_metadata, via: context.connection.name }, app_metadata: { plan: 'free' } } });
};
"""
ACTION_SIGN_UP = """
exports.onExecutePreUserRegistration = async (event, api) => {
  if (event.user.email.endsWith('@spam.example')) return api.access.deny('spam', 'Please use another address.');
  api.user.setUserMetadata('via', event.connection.name);
  api.user.setAppMetadata('plan', 'free');
};
"""
USER = {"id": "u", "tenant": "acme", "displayName": "Ada", "app_metadata": {"roles": ["buyer"]}}
NEW_USER = {"tenant": "acme", "user_metadata": {"a": 1}, "app_metadata": {}}
CONNECTION = {"connection": {"id": "con_1", "name": "db", "tenant": "acme"}}


@pytest.mark.parametrize(
    "hook, action, trigger, changed",
    [
        (HOOK_M2M, ACTION_M2M, M2M, {}),
        (HOOK_M2M, ACTION_M2M, M2M, {"scope": ["a", "admin", "extra"]}),
        (HOOK_M2M, ACTION_M2M, M2M, {"context": {"ip": "192.0.2.66"}}),
        (HOOK_M2M, ACTION_M2M, M2M, {"client": {"id": "c", "metadata": {}}}),
        (HOOK_LOGIN, ACTION_LOGIN, LOGIN, {"user": {**USER, "email": "ada@example.com"}}),
        (HOOK_LOGIN, ACTION_LOGIN, LOGIN, {"user": {**USER, "email": "ada@example.org"}}),
        (HOOK_SIGN_UP, ACTION_SIGN_UP, SIGN_UP, {"user": {**NEW_USER, "email": "a@x"}, "context": CONNECTION}),
        (
            HOOK_SIGN_UP,
            ACTION_SIGN_UP,
            SIGN_UP,
            {"user": {**NEW_USER, "email": "a@spam.example"}, "context": CONNECTION},
        ),
    ],
)
async def test_a_hook_moves_to_an_action_line_by_line(
    sandbox: WasmSandbox, hook: str, action: str, trigger: str, changed: dict[str, Any]
):
    """The same rule decides the same, in both forms."""
    request = request_of(trigger, **changed)
    decided = [claims.decide(request, await outcome_of(sandbox, source, request)) for source in (hook, action)]
    (by_hook, told_hook), (by_action, told_action) = decided

    if isinstance(by_hook, Allow) and isinstance(by_action, Allow):
        assert set(by_hook.scope) == set(by_action.scope)
        by_action.scope = by_hook.scope
    assert by_hook == by_action
    assert not isinstance(told_hook, Failure)
    assert not isinstance(told_action, Failure)


# event


async def test_the_event_of_credentials_exchange(sandbox: WasmSandbox):
    """Exactly the contract's members, and no others."""
    context = {
        "ip": "203.0.113.7",
        "userAgent": "ua",
        "hostname": "h",
        "language": "en",
        "geoip": {"countryCode": "SE"},
    }
    context |= {"body": {"x": "1"}, "organization": {"id": "org_1"}}
    client = {"tenant": "acme", "id": "c1", "name": "C", "metadata": {"plan": "gold"}}
    request = request_of(M2M, client=client, scope=["a", "b"], audience="https://api/", context=context)

    assert await event_of(sandbox, "onExecuteCredentialsExchange", request) == {
        "secrets": SECRETS,
        "client": {"client_id": "c1", "name": "C", "metadata": {"plan": "gold"}},
        "request": {
            "ip": "203.0.113.7",
            "user_agent": "ua",
            "hostname": "h",
            "method": "POST",
            "language": "en",
            "query": {},
            "body": {"x": "1"},
            "geoip": {"countryCode": "SE"},
        },
        "accessToken": {"customClaims": {}, "scope": ["a", "b"]},
        "resource_server": {"identifier": "https://api/"},
        "tenant": {"id": "acme"},
        "transaction": {"requested_scopes": ["a", "b"]},
        "organization": {"id": "org_1"},
    }


async def test_the_event_of_post_login(sandbox: WasmSandbox):
    """A hook's user by an Action's names; what is not known is empty or absent."""
    user = {**USER, "email": "a@x", "user_metadata": {"language": "en"}}
    context = {"connection": "db", "connectionID": "con_1", "stats": {"loginsCount": 7}}
    event = await event_of(sandbox, "onExecutePostLogin", request_of(LOGIN, user=user, context=context))

    assert event["user"] == {
        "email": "a@x",
        "user_id": "u",
        "name": "Ada",
        "user_metadata": {"language": "en"},
        "app_metadata": {"roles": ["buyer"]},
    }
    assert event["connection"] == {"id": "con_1", "name": "db", "metadata": {}}
    assert event["stats"]["logins_count"] == 7
    assert event["tenant"] == {"id": "acme"}
    assert event["authorization"] == {"roles": []}
    assert event["idToken"] == {"customClaims": {}}
    assert event["transaction"]["requested_scopes"] == event["accessToken"]["scope"]


async def test_the_event_of_a_phone_message(sandbox: WasmSandbox):
    """What is sent, to whom, and why."""
    request = request_of("send-phone-message")
    sample: Any = triggers.sample("send-phone-message")
    event = await event_of(sandbox, "onExecuteSendPhoneMessage", request)

    assert event["message_options"] == {
        "recipient": sample["recipient"],
        "text": sample["text"],
        **{name: sample["context"][name] for name in ("message_type", "action", "code")},
    }
    assert event["request"]["user_agent"] == sample["context"]["user_agent"]
    assert "connection" not in event


@pytest.mark.parametrize(
    "trigger, handler",
    [
        (M2M, "onExecuteCredentialsExchange"),
        (LOGIN, "onExecutePostLogin"),
        (SIGN_UP, "onExecutePreUserRegistration"),
        ("post-user-registration", "onExecutePostUserRegistration"),
        ("post-change-password", "onExecutePostChangePassword"),
        ("send-phone-message", "onExecuteSendPhoneMessage"),
    ],
)
async def test_every_trigger_has_its_action(sandbox: WasmSandbox, trigger: str, handler: str):
    """An Action that does nothing changes nothing; one of another trigger is refused at deploy, in words."""
    request = request_of(trigger)
    idle = f"exports.{handler} = async (event, api) => {{ if (!event.secrets.KEY || !api.cache) throw 1; }};"
    decision, told = claims.decide(request, await outcome_of(sandbox, idle, request))
    assert (decision, told) == (claims.unchanged(request), None)

    with pytest.raises(SourceRejected) as rejected:
        await sandbox.make_image(
            "exports.onExecuteCredentialsExchange = exports.onExecutePostLogin = 5;", trigger=trigger
        )
    assert (rejected.value.code, rejected.value.message) == (
        "not_a_function",
        "Error: module.exports is not a function.",
    )
    other = "onExecutePostLogin" if trigger != LOGIN else "onExecuteCredentialsExchange"
    with pytest.raises(SourceRejected) as rejected:
        await sandbox.make_image(f"exports.{other} = () => {{}};", trigger=trigger)
    said = f"Error: The source exports {other}; at {trigger} it must export {handler}, or a function."
    assert (rejected.value.code, rejected.value.message) == ("not_a_function", said)


async def test_the_action_behind_another_hook_sees_what_that_left(sandbox: WasmSandbox):
    """In a row of hooks: scopes and claims, of both tokens."""
    left = Allow(("a", "b"), {"https://x/c": 1}, {"https://x/i": 2})
    event = await event_of(sandbox, "onExecutePostLogin", chain.following(request_of(LOGIN), left))

    assert event["accessToken"] == {"customClaims": {"https://x/c": 1}, "scope": ["a", "b"]}
    assert event["idToken"] == {"customClaims": {"https://x/i": 2}}


# The source around it


@pytest.mark.parametrize(
    "source",
    [
        "module.exports = { onExecuteCredentialsExchange(event, api) { api.accessToken.addScope('x'); } };",
        "exports.onExecuteCredentialsExchange = (event, api) => ({ then(done) { api.accessToken.addScope('x'); done(); } });",
        "exports.onExecuteCredentialsExchange = (e, api) => { api.accessToken.addScope('x'); };\nreturn; }; {",
        "let scope, answer, api = 5, event = 6; var adapt = 7; exports.onExecuteCredentialsExchange = async (event, api) => { api.accessToken.addScope('x'); };",
        "'use strict'; exports.onExecuteCredentialsExchange = (e, api) => { setTimeout(() => {}, 1); return new Promise((done) => setTimeout(done, 2)).then(() => api.accessToken.addScope('x')); };",
        "exports.onExecuteCredentialsExchange = (e, api) => { api.accessToken.addScope('x'); };\nfor (const name of ['scope', 'get', 'value', 'cache', 'refusal', 'metadata', 'toJSON', 'constructor', 'then']) Object.prototype[name] = 'p';\nArray.prototype[Symbol.iterator] = Reflect.apply = Object.keys = Array.isArray = JSON.stringify = Promise.prototype.then = Date.now = 5;",
        "exports.onExecuteCredentialsExchange = (e, api) => { api.accessToken.addScope('x'); };\nObject.freeze(module); Object.freeze(exports);",
        "module.exports = (client, scope, audience, context, cb) => cb(null, { scope: [...scope, 'x'] });\nmodule.exports.onExecuteCredentialsExchange = () => { throw 1; };",
        "// onExecute\nmodule.exports = async function (client, scope, audience, context) { return { scope: [...scope, 'x'] }; };",
    ],
)
async def test_whatever_the_source_does_around_it(sandbox: WasmSandbox, source: str):
    """Each form of exporting one, shadowed names, changed prototypes; a function that is exported is the hook."""
    if source.endswith("{"):
        source = source.removesuffix("\nreturn; }; {") + "\nreturn;"
    request = request_of(M2M)
    decision, told = claims.decide(request, await outcome_of(sandbox, source, request))

    assert told is None
    assert isinstance(decision, Allow)
    assert decision.scope == ("read:orders", "x")


# What a broken guest may say


@pytest.mark.parametrize(
    "said, changes",
    [
        (None, []),
        ([], []),
        ({}, []),
        ({"asked": 1}, []),
        ({"refusal": 5}, []),
        ({"refusal": None, "cache": [["k"]]}, [Change("k")]),
        (
            {"cache": [["k", "v", 1], 5, [], ["k", 5, 1], ["k" * 65, "v", 1], ["k", "v" * 5000, 1]]},
            [Change("k", "v", 1.0)],
        ),
    ],
)
def test_nonsense_is_a_malformed_answer(said: object, changes: list[Change]):
    """Nothing that only the adapter writes is believed."""
    did = unpacked(Answer({MARK: said}))

    assert isinstance(did.outcome, Failure)
    assert (did.outcome.code, list(did.changes), did.asked) == ("malformed_answer", changes, False)


def test_a_refusal_is_cut_to_size():
    """As the guest's own are."""
    said = {"name": 5, "message": "m" * 9_000, "properties": {"a": "x" * 9_000, "b": 5, "k" * 99: "c"}}
    did = unpacked(Answer({MARK: {"refusal": said}}))

    assert did.outcome == Refusal(name="", message="m" * 4096, properties={"a": "x" * 4096})
    assert unpacked(Answer({"scope": []})) == Did(Answer({"scope": []}))
