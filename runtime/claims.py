"""What a hook's outcome does to a token: pure rules, no IO.

A hook may set `scope` and namespaced claims, nothing else (contract 0). What it set beside these is dropped, and each
dropped claim is reported with its reason. A hook that broke never lets a token out by itself: `decide` denies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import cast
from unicodedata import normalize
from urllib.parse import urlsplit

from runtime.grammar import json_type, parse_scopes
from runtime.model import Allow, Answer, Decision, Deny, DroppedClaim, Failure, JsonObject, Outcome, Refusal
from runtime.triggers import TokenRequest

PROTECTED = frozenset(
    # First RFC 7519 4.1, RFC 9068 2.2, RFC 8693 4, RFC 7800 3.1, OIDC core 2 and 3.3.2.11; then what Auth0 reserves
    # beside these (contract-full 9).
    """
    iss sub aud exp nbf iat jti scope client_id azp auth_time nonce acr amr sid act may_act cnf at_hash c_hash s_hash

    active ath attest authorization_details cty dest entitlements events groups gty htm htu internalService jcard jku jwe
    jwk kid mky object_id org_id org_name orig origid permissions roles rph sip_callid sip_cseq_num sip_date sip_from_tag
    sip_via_branch sub_jwk toe txn typ uuid vot vtm x5t#S256
    """.split()  # noqa: SIM905 - eighty quotes and commas hide the words
)
"""Claims that only the issuer sets."""

VENDOR_DOMAINS = ("auth0.com", "webtask.io", "webtask.run")
"""Namespaces that Auth0 kept for itself; code written for it expects them to be ignored (contract 0)."""

REASONS: Mapping[str, str] = {
    "protected": "Only the issuer sets this claim.",
    "not_namespaced": "A custom claim must be named by an http or https URL.",
    "reserved_namespace": "The namespace belongs to the vendor's own domains.",
    "name_too_long": "A claim's name may have 1,024 characters.",
    "nested_too_deeply": "A claim's value may nest 64 arrays and objects.",
    "misplaced": "Beside accessToken and idToken an answer has nothing; the claim belongs into one of them.",
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
# Deeper than any claim is, and far from what JSON writers refuse: orjson 255, Python's json and others some 1,000.
MAX_DEPTH = 64
# Each one that is dropped is reported, in the answer and in the record, at many times its own length.
MAX_MEMBERS = 1000

_ACCESS_TOKEN, _ID_TOKEN = "access_token", "id_token"
_TOKENS = ("accessToken", "idToken")
_NESTED = frozenset({dict, list})
_URL = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
# A domain or an IPv6 address. Programs differ in what a host with %, \ or a mark that nobody sees is.
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*|[\da-f.]*:[\da-f:.]+")


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


def claim_fault(name: str) -> str:
    """Why this name can not be a custom claim: a key of `REASONS`, or "" when it can."""
    # Out here, so that the cache never keeps a long name.
    return "name_too_long" if len(name) > MAX_NAME else _name_fault(name)


@lru_cache(maxsize=4096)
def _name_fault(name: str) -> str:
    if name in PROTECTED:
        return "protected"
    host = _namespace_host(name)
    if not host:
        return "not_namespaced"
    if any(host == domain or host.endswith("." + domain) for domain in VENDOR_DOMAINS):
        return "reserved_namespace"
    return ""


def _namespace_host(name: str) -> str:
    """The host of an http or https URL as browsers fold it, without a closing dot. "" for any other name.

    Stricter than `urlsplit`, which overlooks blanks before and control characters within a URL.
    """
    if _URL.match(name) is None or not name.isprintable():
        return ""
    try:
        url = urlsplit(name)
        _ = url.port  # ValueError when it is none
        if "\\" in url.netloc:  # a browser ends the host there
            return ""
        host = url.hostname or ""
    except ValueError:
        return ""
    if not host.isascii():
        # Wide letters, ideographic full stops (RFC 3490 3.1). Python's IDNA codec does more, in milliseconds a name.
        host = normalize("NFKC", host).replace("\u3002", ".").casefold()
    host = host.removesuffix(".")
    return host if _HOST.fullmatch(host) else ""


def _allow(request: TokenRequest, value: object) -> Allow:
    answer: JsonObject = {} if value is None else _object("The answer", value)
    trigger = request.trigger
    dropped: list[DroppedClaim] = []
    id_token: JsonObject = {}
    if trigger.has_id_token and ("accessToken" in answer or "idToken" in answer):
        dropped += [_dropped(name, _ACCESS_TOKEN, "misplaced") for name in answer if name not in _TOKENS]
        id_token = _optional_object("idToken", answer.get("idToken"))
        answer = _optional_object("accessToken", answer.get("accessToken"))
    elif "idToken" in answer:
        dropped.append(_dropped("idToken", _ID_TOKEN, "no_id_token"))
        answer = {name: member for name, member in answer.items() if name != "idToken"}
    asked = (request.scope or ()) if trigger.keeps_scope else ()
    scope = _scope(answer["scope"]) if answer.get("scope") is not None else asked
    claims = _custom_claims(answer, _ACCESS_TOKEN, dropped)
    id_token_claims = _custom_claims(id_token, _ID_TOKEN, dropped) if id_token else {}
    return Allow(scope=scope, claims=claims, id_token_claims=id_token_claims, dropped=tuple(dropped))


def _custom_claims(answer: JsonObject, token: str, dropped: list[DroppedClaim]) -> dict[str, object]:
    kept: dict[str, object] = {}
    for name, value in answer.items():
        if name == "scope" and token == _ACCESS_TOKEN:
            continue
        fault = claim_fault(name) or ("nested_too_deeply" if type(value) in _NESTED and _is_deep(value) else "")
        if fault:
            dropped.append(_dropped(name, token, fault))
        else:
            kept[name] = value
    return kept


def _dropped(name: str, token: str, reason: str) -> DroppedClaim:
    return DroppedClaim(name=name[:MAX_NAME], token=token, reason=reason)


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level for inner in _members(outer)]
        if not level:
            return False
    return True


def _members(value: object) -> Iterable[object]:
    if type(value) is dict:
        return value.values()
    return value if type(value) is list else ()


def _scope(value: object) -> tuple[str, ...]:
    try:
        return parse_scopes(value)
    except ValueError as fault:
        raise _Malformed(str(fault)) from None


def _object(what: str, value: object) -> JsonObject:
    if type(value) is dict:
        if len(value) > MAX_MEMBERS:
            raise _Malformed(f"{what} has {len(value):,} members; it may have {MAX_MEMBERS:,}.")
        return cast(JsonObject, value)
    raise _Malformed(f"{what} must be an object, not {json_type(value)}.")


def _optional_object(name: str, value: object) -> JsonObject:
    return {} if value is None else _object(f"'{name}'", value)


def _failure_text(failure: Failure) -> str:
    """For the token server's client: says that the hook broke, and nothing of its inside."""
    return f"The hook failed: {failure.code}."
