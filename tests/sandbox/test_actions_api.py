"""What an Action can do: `api`, as the vendor documents it (contract 0, contract-full 10)."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.model import Answer, Failure, Outcome, Refusal
from runtime.sandbox.pool import WasmSandbox
from tests.sandbox.acting import LOGIN, M2M, SIGN_UP, outcome_of, request_of


async def action(sandbox: WasmSandbox, body: str, trigger: str = M2M, owner: str = "t") -> Outcome:
    """What the body of an Action comes to."""
    handler = {M2M: "onExecuteCredentialsExchange", LOGIN: "onExecutePostLogin"}.get(
        trigger, "onExecutePreUserRegistration"
    )
    source = f"exports.{handler} = async (event, api) => {{\n{body}\n}};"
    return await outcome_of(sandbox, source, request_of(trigger), owner)


@pytest.mark.parametrize(
    "body, trigger, name, message, properties",
    [
        ("api.access.deny('invalid_scope', 'm');", M2M, "InvalidScopeError", "m", {}),
        ("api.access.deny('invalid_request', 'm');", M2M, "InvalidRequestError", "m", {}),
        ("api.access.deny('invalid_scope', 'm'); throw new Error('later');", M2M, "InvalidScopeError", "m", {}),
        ("api.access.deny('server_error');", M2M, "ServerError", "server_error", {}),
        (
            "api.access.deny('invalid_scope', 'first'); api.access.deny('server_error', 'second');",
            M2M,
            *("InvalidScopeError", "first", {}),
        ),
        ("api.access.deny('no');", LOGIN, "AccessDenied", "no", {}),
        ("api.access.deny();", LOGIN, "AccessDenied", "access denied", {}),
        ("api.access.deny('log', 'shown');", SIGN_UP, "PreUserRegistrationError", "log", {"friendlyMessage": "shown"}),
        ("api.access.deny('both');", SIGN_UP, "PreUserRegistrationError", "both", {"friendlyMessage": "both"}),
        (
            "api.validation.error('bad', 'shown');",
            SIGN_UP,
            *("ValidationError", "shown", {"code": "bad", "friendlyMessage": "shown"}),
        ),
    ],
)
async def test_a_denial_is_a_refusal(
    sandbox: WasmSandbox, body: str, trigger: str, name: str, message: str, properties: dict[str, str]
):
    """By the name that its OAuth code goes by; of several, the first."""
    outcome = await action(sandbox, body, trigger)

    assert outcome == Refusal(name=name, message=message, properties=properties)


@pytest.mark.parametrize(
    "body, trigger, name, message",
    [
        ("throw new RangeError('mine');", M2M, "RangeError", "mine"),
        (
            "api.access.deny('no');",
            M2M,
            "TypeError",
            "api.access.deny: the code must be invalid_scope, invalid_request or server_error, not no.",
        ),
        (
            "api.accessToken.setCustomClaim(5, 1);",
            M2M,
            "TypeError",
            "api.accessToken.setCustomClaim: a name must be a string that is not empty.",
        ),
        ("api.multifactor.enable('any');", LOGIN, "Error", "api.multifactor.enable is not supported by hookd."),
        ("api.redirect.sendUserTo('https://x');", LOGIN, "Error", "api.redirect.sendUserTo is not supported by hookd."),
        ("api.user.setAppMetadata('a', 1);", LOGIN, "Error", "api.user.setAppMetadata is not supported by hookd."),
        ("api.cache.set('k', 5);", M2M, "TypeError", "api.cache.set: the value must be a string."),
        (
            "api.cache.set('k', 'v', { ttl: '5' });",
            M2M,
            "TypeError",
            "api.cache.set: 'ttl' must be a number of milliseconds.",
        ),
    ],
)
async def test_an_action_that_throws_has_failed(sandbox: WasmSandbox, body: str, trigger: str, name: str, message: str):
    """In the user's line, with no frame of ours; a promise that is rejected too."""
    for code in (body, f"await null; {body}"):
        outcome = await action(sandbox, code, trigger)
        assert isinstance(outcome, Failure)
        assert (outcome.code, outcome.name, outcome.message) == ("threw", name, message)
        assert "hook.js:2:" in outcome.stack
        assert ":0:" not in outcome.stack
        assert "native" not in outcome.stack


async def test_a_claim_named_scope_does_not_set_the_scope(sandbox: WasmSandbox):
    """Only addScope and removeScope do; what is called like a member of every object is an ordinary name."""
    body = "api.accessToken.setCustomClaim('scope', ['admin']); api.accessToken.setCustomClaim('__proto__', { a: 1 });"
    for trigger in (M2M, LOGIN):
        outcome = await action(sandbox, body, trigger)
        assert isinstance(outcome, Answer)
        answered: Any = outcome.value
        assert answered.get("accessToken", answered) == {"scope": ["read:orders"], "__proto__": {"a": 1}}


# api.cache


async def test_the_cache_within_a_run(sandbox: WasmSandbox):
    """The results as the vendor's: records, limits by their codes, a life of 15 minutes if nothing is said."""
    body = """
    const now = Date.now(), made = [];
    made.push(api.cache.get('a'), api.cache.set('a', '1').record.expires_at - now, api.cache.get('a').value);
    made.push(api.cache.set('b', '2', { ttl: 5, expires_at: now + 9 }).record.expires_at - now);
    made.push(api.cache.set('c', '3', { expires_at: now + 1e12 }).record.expires_at - now);
    made.push(api.cache.set('past', '4', { expires_at: now }).type, api.cache.get('past'));
    made.push(api.cache.delete('a').type, api.cache.delete('a').type, api.cache.get('a'));
    made.push(api.cache.set('k'.repeat(65), '').code, api.cache.set('\\u00fc'.repeat(32), '').type);
    made.push(api.cache.set('k', '\\ud83d\\udd11'.repeat(1025)).code, api.cache.set('k', '\\ud83d\\udd11'.repeat(1024)).type);
    made.push(api.cache.set('l', 'v'.repeat(4096)).code, api.cache.delete('k').type);
    for (let i = 0; i < 17; i++) api.cache.set(`n${i}`, '');
    made.push(api.cache.set('one more', '').code, api.cache.set('n0', 'again').type);
    api.accessToken.setCustomClaim('https://x/', made);"""
    outcome = await action(sandbox, body, owner="within")
    assert isinstance(outcome, Answer)
    answered: Any = outcome.value

    assert answered["https://x/"] == [
        *(None, 900_000, "1", 5, 86_400_000, "success", None, "success", "error", None),
        *("CacheKeySizeExceeded", "success", "CacheValueSizeExceeded", "success", "CacheSizeExceeded", "success"),
        *("ItemCountExceeded", "success"),
    ]


async def test_an_answer_that_is_no_json_has_failed(sandbox: WasmSandbox):
    """As a hook's."""
    outcome = await action(sandbox, "const a = {}; a.a = a; api.accessToken.setCustomClaim('https://x/', a);")

    assert isinstance(outcome, Failure)
    assert outcome.code == "malformed_answer"
