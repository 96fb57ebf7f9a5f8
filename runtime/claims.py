"""What a hook's outcome does to a token, and to a user who signs up: pure rules, no IO.

A hook may set `scope` and namespaced claims, or a user's metadata, nothing else (contract 0). What it set beside these is
dropped, and each dropped member is reported with its reason. A hook that broke never lets a token out by itself: `decide`
denies. Where nobody waits for the decision, nothing is denied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import cast
from unicodedata import normalize
from urllib.parse import urlsplit

from runtime.grammar import is_deep, json_type, parse_scopes
from runtime.model import Allow, Answer, Decision, Deny, DroppedClaim, Failure, JsonObject, Outcome, Refusal
from runtime.triggers import EventRequest, Request, TokenRequest

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
    "name_too_long": "A name may have 1,024 characters.",
    "nested_too_deeply": "A value may nest 64 arrays and objects.",
    "misplaced": "Beside accessToken and idToken an answer has nothing; the claim belongs into one of them.",
    "no_id_token": "This extensibility point issues no ID token.",
    "not_used": "Of an answer only user.user_metadata and user.app_metadata are used.",
    "dot_or_dollar": "A metadata member's name may have no dot in it, and no dollar sign at its beginning.",
}
"""Why a member was dropped: code to what it means."""

PLACES = ("access_token", "id_token", "answer", "user", "user_metadata", "app_metadata")
"""Where a dropped member stood."""

DENIAL_ERRORS: Mapping[str, str] = {
    "InvalidScopeError": "invalid_scope",
    "InvalidRequestError": "invalid_request",
    "ServerError": "server_error",
}
"""The error classes of the starter code and their OAuth codes (contract 0); any other error is `access_denied`."""

MAX_NAME = 1024
MAX_DESCRIPTION = 1000
MAX_LOGGED = 4096
# Deeper than any claim is, and far from what JSON writers refuse: orjson 255, Python's json and others some 1,000.
MAX_DEPTH = 64
# Each one that is dropped is reported, in the answer and in the record, at many times its own length.
MAX_MEMBERS = 1000

_ACCESS_TOKEN, _ID_TOKEN = "access_token", "id_token"
_TOKENS = ("accessToken", "idToken")
_METADATA = ("user_metadata", "app_metadata")
_NESTED = frozenset({dict, list})
_URL = re.compile(r"https?://([^/?#]*)", re.ASCII | re.IGNORECASE)
# Longer than any host with a user before it. Within, marks by the heap and letters that are a sentence: to fold many of them takes
# milliseconds, and they fold to no host.
MAX_AUTHORITY = 320
_HEAPED = re.compile(r"[^\w.:@\[\]-]{3}|[\ufdfa\ufdfb]")
# A domain or an IPv6 address. Programs differ in what a host with %, \ or a mark that nobody sees is.
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*|[\da-f.]*:[\da-f:.]+")


class _Malformed(Exception):
    """The answer breaks the contract; the text says where."""


def decide(request: Request, outcome: Outcome) -> tuple[Decision, Refusal | Failure | None]:
    """The decision for a request, and what the developer should see when the hook denied or broke.

    The second member is the outcome itself, or the `malformed_answer` that this room found in it.
    """
    if isinstance(request, EventRequest):
        return _decide_event(request, outcome)
    if isinstance(outcome, Answer):
        try:
            return _allow(request, outcome.value), None
        except _Malformed as error:
            outcome = _malformed(error)
    return denial(outcome), outcome


def denial(outcome: Refusal | Failure) -> Deny:
    """What a hook that denied or broke means for a token."""
    if isinstance(outcome, Refusal):
        code = DENIAL_ERRORS.get(outcome.name, "access_denied")
        return Deny(error=code, description=outcome.message[:MAX_DESCRIPTION])
    return Deny(error="server_error", description=_failure_text(outcome))


def unchanged(request: Request) -> Allow:
    """The decision where no hook is enabled: what was asked for."""
    if isinstance(request, EventRequest):
        return _nothing_set(request)
    return Allow(request.scope or ())


def logged(request: Request, outcome: Outcome) -> str:
    """What the record keeps of an answer that nothing else is done with (contract 0): the beginning of its JSON, or ""."""
    if not isinstance(request, EventRequest) or request.trigger.answers_user or not isinstance(outcome, Answer):
        return ""
    if is_deep(outcome.value, MAX_DEPTH):
        return '"(nested too deeply)"'
    return "" if outcome.undefined else json.dumps(outcome.value, ensure_ascii=False)[:MAX_LOGGED]


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
    written = _URL.match(name)
    if written is None or len(written[1]) > MAX_AUTHORITY or not name.isprintable():
        return ""
    if not written[1].isascii() and _HEAPED.search(written[1]):
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
    return Allow(scope, claims, id_token_claims, tuple(dropped))


def _custom_claims(answer: JsonObject, token: str, dropped: list[DroppedClaim]) -> dict[str, object]:
    kept: dict[str, object] = {}
    for name, value in answer.items():
        if name == "scope" and token == _ACCESS_TOKEN:
            continue
        fault = claim_fault(name) or (
            "nested_too_deeply" if type(value) in _NESTED and is_deep(value, MAX_DEPTH) else ""
        )
        if fault:
            dropped.append(_dropped(name, token, fault))
        else:
            kept[name] = value
    return kept


def _decide_event(request: EventRequest, outcome: Outcome) -> tuple[Decision, Refusal | Failure | None]:
    if isinstance(outcome, Answer):
        try:
            return (_user(request, outcome.value) if request.trigger.answers_user else _nothing_set(request)), None
        except _Malformed as error:
            outcome = _malformed(error)
    if not request.trigger.blocks:
        return _nothing_set(request), outcome
    if isinstance(outcome, Failure):
        return Deny(error="server_error", description=_failure_text(outcome)), outcome
    friendly = outcome.properties.get("friendlyMessage")
    shown = friendly[:MAX_DESCRIPTION] if isinstance(friendly, str) else ""
    return Deny(error="access_denied", description=outcome.message[:MAX_DESCRIPTION], user_message=shown), outcome


def _nothing_set(request: EventRequest) -> Allow:
    return Allow(data={"user": {}} if request.trigger.answers_user else None)


def _user(request: EventRequest, value: object) -> Allow:
    """The metadata that a new user gets. The starter code answers the whole user: what is as it came is no news."""
    answer: JsonObject = {} if value is None else _object("The answer", value)
    user = _optional_object("user", answer.get("user"))
    dropped = [_dropped(name, "answer", "not_used") for name in answer if name != "user"]
    dropped += [
        _dropped(name, "user", "not_used")
        for name, member in user.items()
        if name not in _METADATA and (name not in request.user or not _is_same(request.user[name], member))
    ]
    kept = {
        name: _metadata(name, _object(f"'user.{name}'", user[name]), dropped)
        for name in _METADATA
        if user.get(name) is not None
    }
    return Allow(dropped=tuple(dropped), data={"user": kept})


def _metadata(place: str, members: JsonObject, dropped: list[DroppedClaim]) -> JsonObject:
    kept: dict[str, object] = {}
    for name, value in members.items():
        fault = _metadata_fault(name) or ("nested_too_deeply" if is_deep(value, MAX_DEPTH) else "")
        if fault:
            dropped.append(_dropped(name, place, fault))
        else:
            kept[name] = value
    return kept


def _is_same(sent: object, answered: object) -> bool:
    # To compare what is deep needs a stack that is as deep.
    return not is_deep(answered, MAX_DEPTH) and sent == answered


def _metadata_fault(name: str) -> str:
    if len(name) > MAX_NAME:
        return "name_too_long"
    return "dot_or_dollar" if "." in name or name.startswith("$") else ""


def _malformed(error: _Malformed) -> Failure:
    return Failure(code="malformed_answer", message=str(error), name="TypeError")


def _dropped(name: str, token: str, reason: str) -> DroppedClaim:
    return DroppedClaim(name=name[:MAX_NAME], token=token, reason=reason)


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
