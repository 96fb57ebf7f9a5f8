"""The webtask extension protocol: what a token server sends to `/api/run`, and what it is answered. Pure.

The checks, their order and their texts are those of npm auth0-ext-compilers 6.1.0 (contract-full 2.3), and so are the
envelopes (2.5); where that crashes on a null it is the text of the same check here. What plain webtasks answer is
webtask-runtime's (2.8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from runtime.model import WEBTASK, Answer, Failure, JsonObject, Outcome, Refusal
from runtime.triggers import TRIGGERS
from runtime.triggers.base import MAX_CLIENT_ID

UNAUTHORIZED: Final = "Unauthorized extensibility point"

# What `undefined` is to JavaScript: a member that is not there.
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as JSON, and its status."""

    status: int
    body: JsonObject | object


def unauthorized() -> Reply:
    """For a caller who does not know the secret. Its HTTP status is 200 as every envelope's."""
    return _error(UNAUTHORIZED, statusCode=500)


def refused(status: int, error: str, message: str) -> Reply:
    """For a call whose hook was not run, as webtask says it of one that broke."""
    return Reply(status, _runtime_error(status, error, "Error", message))


def is_bearer(header: str, secret: str) -> bool:
    """Whether an `Authorization` header has the secret: trimmed, the scheme in any case, as the vendor compared it.

    How much of it is right is not to be seen in the time that it takes.
    """
    text = header.strip()
    given = text[7:].encode("utf-8", "surrogateescape")
    return text[:7].lower() == "bearer " and compare_digest(given, secret.encode("utf-8", "surrogateescape"))


# What a body must be


def body_fault(trigger: str, body: object) -> Reply | None:
    """The envelope for the first check that a body does not pass, or None. A body that was no JSON is `None`."""
    for check in _CHECKS.get(trigger, ()):
        if check.within and _member(body, check.within) is _MISSING:
            continue
        if not check.fits(_member(body, check.path)):
            shown = "".join(f".{name}" for name in check.path)
            space = " " if check.path and trigger == "credentials-exchange" else ""
            return _error(f"Body{space}{shown} received by extensibility point {check.rule}")
    return None


def _member(body: object, path: Sequence[str]) -> object:
    for name in path:
        body = body.get(name, _MISSING) if isinstance(body, dict) else _MISSING
    return body


def _is_object(value: object) -> bool:
    return isinstance(value, dict | list)  # an array is an object, to `typeof`


def _is_object_or_null(value: object) -> bool:
    return value is None or _is_object(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_scope(value: object) -> bool:
    return value is _MISSING or isinstance(value, list) or not (value or isinstance(value, dict))


@dataclass(frozen=True, slots=True)
class _Check:
    path: tuple[str, ...]
    fits: Callable[[object], bool]
    rule: str
    within: tuple[str, ...] = ()
    """Only where this member is there."""


def _check(path: str, fits: Callable[[object], bool], rule: str = "", within: str = "") -> _Check:
    return _Check(tuple(path.split()), fits, rule or _RULES[fits], tuple(within.split()))


_RULES: Final[Mapping[Callable[[object], bool], str]] = {
    _is_object: "is not an object",
    _is_object_or_null: "is not an object",
    _is_text: "is not a string",
    _is_scope: "is neither empty nor an array",
}


def _one_of(*words: str) -> Callable[[object], bool]:
    return lambda value: value in words


_USER: Final = (
    _check("", _is_object),
    _check("user", _is_object),
    _check("context", _is_object),
    _check("context connection", _is_object),
)
_ACTIONS: Final = ("enrollment", "second-factor-authentication")
_CLIENT: Final = "context client"

_CHECKS: Final[Mapping[str, tuple[_Check, ...]]] = {
    "credentials-exchange": (
        _check("", _is_object),
        _check("client", _is_object_or_null),
        _check("scope", _is_scope),
        _check("audience", _is_text),
    ),
    "password-exchange": (
        _check("", _is_object),
        _check("audience", _is_text),
        _check("scope", _is_scope),
        _check("user", _is_object),
        _check("client", _is_object),
    ),
    "pre-user-registration": _USER,
    "post-user-registration": _USER,
    "post-change-password": _USER,
    "send-phone-message": (
        _check("", _is_object),
        _check("recipient", _is_text),
        _check("text", _is_text),
        _check("context", _is_object),
        _check("context message_type", _one_of("sms", "voice"), "is not `sms` or `voice`"),
        _check("context action", _one_of(*_ACTIONS), f"is not `{_ACTIONS[0]}` or `{_ACTIONS[1]}`"),
        *(_check(f"context {name}", _is_text) for name in ("language", "code", "ip", "user_agent")),
        _check(_CLIENT, _is_object, within=_CLIENT),
        _check(f"{_CLIENT} client_id", _is_text, within=_CLIENT),
        _check(f"{_CLIENT} name", _is_text, within=_CLIENT),
        _check(f"{_CLIENT} client_metadata", _is_object_or_null, within=f"{_CLIENT} client_metadata"),
        _check("context user", _is_object_or_null),
    ),
}


# What the hook is called with


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One call of a hook by its URL: `body` has passed `body_fault`, `webtask` is the context without the secrets.

    `http` is `{method, url}`, what a plain webtask's `req` is made of; `merged` is `metadata.merges_body`.
    """

    trigger: str
    body: object
    webtask: JsonObject
    http: JsonObject = field(default_factory=dict)
    merged: bool = False

    @property
    def client_id(self) -> str:
        """The OAuth client's id, for the record; "" where none is named."""
        named = _member(self.body, ("context", "client", "client_id"))
        if self.trigger != "send-phone-message":
            named = _member(self.body, ("client", "id"))
        return named[:MAX_CLIENT_ID] if isinstance(named, str) and self.trigger != WEBTASK else ""

    @property
    def confidential(self) -> Mapping[str, str]:
        """As `EventRequest.confidential`."""
        if self.trigger == WEBTASK or TRIGGERS[self.trigger].grant:
            return {}
        found = {"password": _member(self.body, ("user", "password")), "code": _member(self.body, ("context", "code"))}
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def arguments(self, secrets: Mapping[str, str]) -> list[object]:
        """The hook's arguments in order, less `cb` (contract-full 2.4)."""
        context = webtask_context(self.webtask, self.body, secrets, merged=self.merged)
        if self.trigger == WEBTASK:
            return [context | {"request": self.http}]
        assert isinstance(self.body, dict)
        given = self.body.get("context")
        own = {**(given if isinstance(given, dict) else {}), "webtask": context}
        names = TRIGGERS[self.trigger].parameters
        return [own if name == "context" else self.body.get(name) for name in names]


def webtask_context(
    context: JsonObject, body: object, secrets: Mapping[str, str], *, merged: bool
) -> dict[str, object]:
    """`{data, headers, id, params, query, secrets, meta, body?, body_raw?}`.

    `data` has the query, the secrets and, where it is `merged`, the members of the body that are called otherwise.
    """
    query, params = context.get("query"), context.get("params")
    data: dict[str, object] = {}
    for source in (query, params, secrets):
        data |= source if isinstance(source, Mapping) else {}
    if merged and isinstance(body, dict):
        data = {**body, **data}
    return {"data": data, **context, "secrets": dict(secrets)}


# What the caller is answered


def reply(trigger: str, outcome: Outcome) -> Reply:
    """The envelope of protocol v6, or what webtask answered for a hook that broke outside of it."""
    if isinstance(outcome, Answer):
        return Reply(200, {"statusCode": 200, "headers": {}, "status": "success", **_data(trigger, outcome)})
    if isinstance(outcome, Refusal):
        return Reply(200, {"status": "error", "data": _own_properties(outcome)})
    if outcome.code == "malformed_answer":
        return _error("Error when JSON serializing the result of the extension point")
    if outcome.code == "source_rejected":
        name, description = _named(outcome)
        return _error(_NOT_COMPILED, name, error_description=description)
    return _broken(outcome)


_NOT_COMPILED: Final = "Unable to compile the extensibility code as javascript"
_ANSWERS_OBJECT: Final = frozenset({"pre-user-registration", "post-user-registration", "post-change-password"})
_CLASSES: Final = frozenset(
    {"InvalidScopeError", "InvalidRequestError", "ServerError", "PreUserRegistrationError", "SendPhoneMessageError"}
)
_BUILT_IN: Final = frozenset(
    {"Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"}
)


def _data(trigger: str, answer: Answer) -> dict[str, object]:
    if trigger in _ANSWERS_OBJECT:
        return {"data": answer.value if _is_truthy(answer.value) else {}}
    return {} if answer.undefined else {"data": answer.value}


def _is_truthy(value: object) -> bool:
    return bool(value) or _is_object(value)


def _error(message: str, name: str = "Error", **more: object) -> Reply:
    return Reply(200, {"status": "error", "data": {"stack": f"{name}: {message}", "message": message, **more}})


def _own_properties(refusal: Refusal) -> dict[str, object]:
    """`stack`, `message` and what else is the error's own.

    Of what is no error, and so has no stack, the vendor keeps the text alone. An Action's denial has none either: its class,
    which says the OAuth error, is kept.
    """
    head = f"{refusal.name}: {refusal.message}" if refusal.stack else f"Error: {refusal.message}"
    stack = refusal.stack if refusal.stack.startswith(refusal.name) else f"{head}\n{refusal.stack}".rstrip()
    own: dict[str, object] = {"stack": stack, "message": refusal.message}
    if (refusal.stack and refusal.name not in _BUILT_IN) or refusal.name in _CLASSES:  # others have it from their class
        own["name"] = refusal.name
    return {**own, **refusal.properties}


def _broken(failure: Failure) -> Reply:
    error = _UNHANDLED.get(failure.code, "Script exceeded a limit." if "limit" in failure.code else "Server error")
    name, message = _named(failure)
    status = 503 if failure.code == "circuit_open" else 500
    return Reply(
        status, _runtime_error(status, error, "TypeError" if failure.code == "not_a_function" else name, message)
    )


_UNHANDLED: Final = {
    "threw": "Script generated an unhandled synchronous exception.",
    "not_a_function": "Script generated an unhandled synchronous exception.",
    "no_answer": "Script ended without an answer.",
    "answered_twice": "Script answered more than once.",
    "circuit_open": "Script is left alone for a while.",
}


def _runtime_error(code: int, error: str, name: str, message: str) -> JsonObject:
    return {"code": code, "error": error, "details": f"{name}: {message}", "name": name, "message": message}


def _named(failure: Failure) -> tuple[str, str]:
    """Name and message; of what did not load the message has both."""
    name, colon, message = failure.message.partition(": ")
    if colon and _ERROR_NAME.fullmatch(name) and failure.name == "Error":
        return name, message
    return failure.name, failure.message


_ERROR_NAME: Final = re.compile("[A-Za-z]{0,100}Error")


def plain_reply(outcome: Outcome) -> Reply:
    """What a plain webtask answered by `cb`: the value as JSON, or webtask's own errors."""
    if isinstance(outcome, Answer):
        return Reply(200, outcome.value if _is_truthy(outcome.value) else {})
    if isinstance(outcome, Refusal):
        return Reply(400, _runtime_error(400, "Script returned an error.", outcome.name, outcome.message))
    if outcome.code == "malformed_answer":
        error = "Error when JSON serializing the result of the JavaScript code."
        return Reply(400, _runtime_error(400, error, outcome.name, outcome.message))
    if outcome.code == "not_a_function":
        text = f"Unable to compile submitted JavaScript. {outcome.message}"
        return Reply(400, {"code": 400, "details": text, "message": text})
    if outcome.code == "source_rejected":
        error = f"Unable to compile submitted JavaScript: {outcome.message}"
        return Reply(400, _runtime_error(400, error, *_named(outcome)))
    return _broken(outcome)
