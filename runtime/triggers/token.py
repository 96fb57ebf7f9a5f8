"""A token request: what a token server sends before it signs, at the two exchanges. Pure; the door of the hot path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from runtime.errors import InvalidBody
from runtime.grammar import parse_scopes
from runtime.model import JsonObject
from runtime.triggers.base import Trigger, object_of, require_short_id, string_of, unknown_field


@dataclass(slots=True)
class TokenRequest:
    """What a token server asks about a token. `scope` is None when it sent none (contract 0).

    `webtask` is what `context.webtask` has beside the secrets (contract-full 2.4). What `parse_token` made has well-formed
    scopes only, each once. Nobody changes one; not frozen and made by position, as `model.Allow`.
    """

    trigger: Trigger
    client: JsonObject
    scope: tuple[str, ...] | None
    audience: str
    context: JsonObject
    user: JsonObject | None = None
    webtask: JsonObject = field(default_factory=dict)
    confidential: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """As in an `EventRequest`: there is nothing of the kind here."""

    @property
    def client_id(self) -> str:
        """The OAuth client's id, or "" where the token server named none."""
        client_id = self.client.get("id")
        return client_id if isinstance(client_id, str) else ""

    def arguments(self, secrets: Mapping[str, str]) -> list[object]:
        """The hook's arguments in order, less `cb`. None at the top level becomes `undefined` in the guest.

        `context.webtask.secrets` is where hooks look (contract 0); `context.secrets` is the short way. What the token
        server sent under these two names is not passed on: secrets come from hookd only.
        """
        context = {**self.context, "webtask": {**self.webtask, "secrets": secrets}, "secrets": secrets}
        rest: list[object] = [self.client, self.scope, self.audience, context]
        return [self.user, *rest] if self.user is not None else rest


def parse_token(trigger: Trigger, payload: object) -> TokenRequest:
    """A `TokenRequest` from the JSON body `{client, scope?, audience, context?, user?}`, or `InvalidBody`."""
    body = object_of("The body", payload)
    if not body.keys() <= _FIELDS:
        raise unknown_field(trigger, body.keys() - _FIELDS)
    if trigger.has_id_token:
        user = object_of("'user'", body.get("user"))
    elif body.get("user") is None:
        user = None
    else:
        raise InvalidBody(f"'user' is not sent at {trigger.id}: a {trigger.grant} grant has no user.")
    context = body.get("context")
    return TokenRequest(
        trigger,
        _client(body.get("client")),
        _scope(body.get("scope")),
        string_of("'audience'", body.get("audience")),
        {} if context is None else object_of("'context'", context),
        user,
    )


_FIELDS = frozenset({"client", "scope", "audience", "context", "user"})


def _client(value: object) -> JsonObject:
    client = object_of("'client'", value)
    client_id = client.get("id")
    if isinstance(client_id, str):
        require_short_id("'client.id'", client_id)
    return client


def _scope(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    try:
        return parse_scopes(value)
    except ValueError as fault:
        raise InvalidBody(str(fault)) from None
