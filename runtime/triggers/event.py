"""An event request: what a server sends where no token is issued: a user signs up, a password changes, a code is sent. Pure.

The checks are the vendor's (contract-full 2.3), null standing for absent as everywhere; what they leave open arrives as it
was sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from runtime.errors import InvalidBody
from runtime.model import JsonObject
from runtime.triggers.base import MAX_QUOTED, Trigger, object_of, require_short_id, string_of, unknown_field, wrong

_WRITTEN: Final = frozenset({str, int, float})


@dataclass(slots=True)
class EventRequest:
    """What a server asks, or tells, at one of the four extensibility points without a token.

    `inputs` are the hook's arguments before `context`: the user, or the recipient and the text. `client_id` is "" where no
    OAuth client is named. `webtask` as in `TokenRequest`. Nobody changes one.
    """

    trigger: Trigger
    inputs: tuple[object, ...]
    context: JsonObject
    client_id: str = ""
    webtask: JsonObject = field(default_factory=dict)

    @property
    def audience(self) -> str:
        """There is no API in an event."""
        return ""

    @property
    def user(self) -> JsonObject:
        """Whom it is about."""
        user = self.inputs[0] if self.trigger.fields[0] == "user" else self.context["user"]
        assert isinstance(user, dict)
        return user

    @property
    def confidential(self) -> Mapping[str, str]:
        """What the hook is shown and no record may hold: the password of a sign-up, the code of a message. Name to value."""
        found = {"password": self.user.get("password"), "code": self.context.get("code")}
        return {name: str(value) for name, value in found.items() if type(value) in _WRITTEN}

    def arguments(self, secrets: Mapping[str, str]) -> list[object]:
        """The hook's arguments in order, less `cb`. Secrets as in `TokenRequest.arguments`."""
        context = {**self.context, "webtask": {**self.webtask, "secrets": secrets}, "secrets": secrets}
        return [*self.inputs, context]

    def with_user(self, user: JsonObject) -> EventRequest:
        """The same of a user as another hook has left them."""
        return replace(self, inputs=(user,))


def parse_event(trigger: Trigger, payload: object) -> EventRequest:
    """An `EventRequest` from the JSON body `{user, context}` or `{recipient, text, context}`, or `InvalidBody`."""
    body = object_of("The body", payload)
    if not body.keys() <= set(trigger.fields):
        raise unknown_field(trigger, body.keys() - set(trigger.fields))
    return _phone_message(trigger, body) if "recipient" in trigger.fields else _user_event(trigger, body)


def _user_event(trigger: Trigger, body: JsonObject) -> EventRequest:
    user = object_of("'user'", body.get("user"))
    context = object_of("'context'", body.get("context"))
    object_of("'context.connection'", context.get("connection"))
    if not trigger.answers_user and "password" in user:
        # Only who decides about the sign-up is shown it (contract 0); the others might log it.
        user = {name: value for name, value in user.items() if name != "password"}
    return EventRequest(trigger, (user,), context)


def _phone_message(trigger: Trigger, body: JsonObject) -> EventRequest:
    recipient = string_of("'recipient'", body.get("recipient"))
    text = string_of("'text'", body.get("text"))
    context = object_of("'context'", body.get("context"))
    _require_one_of("'context.message_type'", context.get("message_type"), MESSAGE_TYPES)
    _require_one_of("'context.action'", context.get("action"), ACTIONS)
    for name in ("language", "code", "ip", "user_agent"):
        string_of(f"'context.{name}'", context.get(name))
    client = context.get("client")
    client_id = "" if client is None else _client_id(object_of("'context.client'", client))
    object_of("'context.user'", context.get("user"))
    return EventRequest(trigger, (recipient, text), context, client_id)


MESSAGE_TYPES = ("sms", "voice")
ACTIONS = ("enrollment", "second-factor-authentication")


def _client_id(client: JsonObject) -> str:
    client_id = string_of("'context.client.client_id'", client.get("client_id"))
    require_short_id("'context.client.client_id'", client_id)
    string_of("'context.client.name'", client.get("name"))
    if client.get("client_metadata") is not None:
        object_of("'context.client.client_metadata'", client["client_metadata"])
    return client_id


def _require_one_of(what: str, value: object, words: Collection[str]) -> None:
    if value in words:
        return
    wanted = " or ".join(map(repr, words))
    if isinstance(value, str):
        raise InvalidBody(f"{what} must be {wanted}, not '{value[:MAX_QUOTED]}'.")
    raise wrong(what, wanted, value)
