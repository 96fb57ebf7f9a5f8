"""What a hook's outcome does to a token: pure rules, no IO.

A hook may set `scope` and namespaced claims, nothing else (contract 0). What it set beside these is dropped, and each
dropped claim is reported with its reason. A hook that broke never lets a token out by itself: `decide` denies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeGuard, cast
from urllib.parse import urlsplit

from runtime.model import Allow, Answer, Decision, Deny, DroppedClaim, Failure, JsonObject, Outcome, Refusal
from runtime.triggers import TokenRequest, json_type

PROTECTED = frozenset(
    # RFC 7519 4.1, RFC 9068 2.2, RFC 8693 4, RFC 7800 3.1, OIDC core 2 and 3.3.2.11, and Auth0's own gty, org_id, permissions.
    "iss sub aud exp nbf iat jti scope client_id azp gty auth_time nonce acr amr sid act may_act cnf at_hash c_hash s_hash "
    "org_id org_name permissions events txn".split()
)
"""Claims that only the issuer sets."""

VENDOR_DOMAINS = ("auth0.com", "webtask.io", "webtask.run")
"""Namespaces that Auth0 kept for itself; code written for it expects them to be ignored (contract 0)."""

REASONS: Mapping[str, str] = {
    "protected": "Only the issuer sets this claim.",
    "not_namespaced": "A custom claim must be named by an http or https URL.",
    "reserved_namespace": "The namespace belongs to the vendor's own domains.",
    "name_too_long": "A claim's name may have 1,024 characters.",
    "no_id_token": "This extensibility point issues no ID token.",
}
"""Why a claim was dropped: code to what it means."""

DENIAL_ERRORS: Mapping[str, str] = {
    "InvalidScopeError": "invalid_scope",
    "InvalidRequestError": "invalid_request",
    "ServerError": "server_error",
}
"""The error classes of the starter code and their OAuth codes (contract 0); any other error is `access_denied`."""

MAX_NAME = 1024
MAX_DESCRIPTION = 1000
# RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


class _Malformed(Exception):
    """The answer breaks the contract; the text says where."""


def decide(request: TokenRequest, outcome: Outcome) -> tuple[Decision, Refusal | Failure | None]:
    """The decision for a request, and what the developer should see when the hook denied or broke.

    The second member is the outcome itself, or the `malformed_answer` that this room found in it.
    """
    if isinstance(outcome, Answer):
        try:
            return _allow(request, outcome.value), None
        except _Malformed as error:
            outcome = Failure(code="malformed_answer", message=str(error), name="TypeError")
    if isinstance(outcome, Refusal):
        code = DENIAL_ERRORS.get(outcome.name, "access_denied")
        return Deny(error=code, description=outcome.message[:MAX_DESCRIPTION]), outcome
    return Deny(error="server_error", description=_failure_text(outcome)), outcome


def unchanged(request: TokenRequest) -> Allow:
    """The decision where no hook is enabled: what was asked for."""
    return Allow(scope=request.scope or ())


@lru_cache(maxsize=4096)
def claim_fault(name: str) -> str:
    """Why this name can not be a custom claim: a key of `REASONS`, or "" when it can."""
    if name in PROTECTED:
        return "protected"
    if len(name) > MAX_NAME:
        return "name_too_long"
    try:
        url = urlsplit(name)
        host = url.hostname
    except ValueError:
        return "not_namespaced"
    if url.scheme not in ("http", "https") or not host:
        return "not_namespaced"
    host = host.rstrip(".")
    if any(host == domain or host.endswith("." + domain) for domain in VENDOR_DOMAINS):
        return "reserved_namespace"
    return ""


def _allow(request: TokenRequest, value: object) -> Allow:
    answer: JsonObject = {} if value is None else _object("The answer", value)
    trigger = request.trigger
    dropped: list[DroppedClaim] = []
    id_token: JsonObject = {}
    if trigger.has_id_token and ("accessToken" in answer or "idToken" in answer):
        outer = {name: answer[name] for name in answer if name not in ("accessToken", "idToken")}
        _custom_claims(outer, "access_token", dropped)
        id_token = _optional_object("idToken", answer.get("idToken"))
        answer = _optional_object("accessToken", answer.get("accessToken"))
    asked = (request.scope or ()) if trigger.keeps_scope else ()
    scope = _scope(answer["scope"]) if answer.get("scope") is not None else asked
    claims = _custom_claims(answer, "access_token", dropped)
    id_token_claims = _custom_claims(id_token, "id_token", dropped)
    return Allow(scope=scope, claims=claims, id_token_claims=id_token_claims, dropped=tuple(dropped))


def _custom_claims(answer: JsonObject, token: str, dropped: list[DroppedClaim]) -> dict[str, object]:
    kept: dict[str, object] = {}
    for name, value in answer.items():
        if name == "scope" and token == "access_token":
            continue
        fault = claim_fault(name)
        if fault:
            dropped.append(DroppedClaim(name=name[:MAX_NAME], token=token, reason=fault))
        else:
            kept[name] = value
    return kept


def _scope(value: object) -> tuple[str, ...]:
    if type(value) is not list:
        raise _Malformed(f"'scope' must be an array of strings, not {json_type(value)}.")
    if not _all_strings(value):
        index = next(index for index, item in enumerate(value) if type(item) is not str)
        raise _Malformed(f"'scope[{index}]' must be a string, not {json_type(value[index])}.")
    for index, item in enumerate(value):
        if _SCOPE_TOKEN.fullmatch(item) is None:
            raise _Malformed(f"'scope[{index}]' is not a scope: one or more printable ASCII characters without space, \" and \\.")
    return tuple(dict.fromkeys(value))


def _all_strings(items: Iterable[object]) -> TypeGuard[list[str]]:
    return all(type(item) is str for item in items)


def _object(what: str, value: object) -> JsonObject:
    if type(value) is dict:
        return cast(JsonObject, value)
    raise _Malformed(f"{what} must be an object, not {json_type(value)}.")


def _optional_object(name: str, value: object) -> JsonObject:
    return {} if value is None else _object(f"'{name}'", value)


def _failure_text(failure: Failure) -> str:
    """For the token server's client: says that the hook broke, and nothing of its inside."""
    return f"The hook failed: {failure.code}."
