"""The extensibility points: what the token server sends, what the hook is called with. Pure.

`parse` is the door: behind it there are no loose dicts, only a `TokenRequest`. A wrong shape is an `InvalidBody` that
names the field, the rule and the type it got.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.errors import InvalidBody, NotFound
from runtime.grammar import json_type, parse_scopes
from runtime.model import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One extensibility point. `parameters` are the hook's, less the closing `cb` (contract 0).

    `keeps_scope` says what an answer without `scope` means: the asked scope stays, or the token gets none. Auth0's
    public page on the client credentials exchange says that without it "all scopes are reset" (contract-full 2.7); in
    the password exchange `accessToken.scope` is optional.
    """

    id: str
    title: str
    grant: str
    parameters: tuple[str, ...]
    keeps_scope: bool
    has_id_token: bool


TRIGGERS: Mapping[str, Trigger] = {
    trigger.id: trigger
    for trigger in (
        Trigger(
            id="credentials-exchange",
            title="Client Credentials Exchange",
            grant="client_credentials",
            parameters=("client", "scope", "audience", "context"),
            keeps_scope=False,
            has_id_token=False,
        ),
        Trigger(
            id="password-exchange",
            title="Password Exchange",
            grant="password",
            parameters=("user", "client", "scope", "audience", "context"),
            keeps_scope=True,
            has_id_token=True,
        ),
    )
}


@dataclass(slots=True, kw_only=True)
class TokenRequest:
    """What a token server asks at an extensibility point. `scope` is None when it sent none (contract 0).

    What `parse` made has well-formed scopes only, each once. Nobody changes one; not frozen, as `model.Allow`.
    """

    trigger: Trigger
    client: JsonObject
    scope: tuple[str, ...] | None
    audience: str
    context: JsonObject
    user: JsonObject | None = None

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
        context = {**self.context, "webtask": {"secrets": secrets}, "secrets": secrets}
        rest: list[object] = [self.client, self.scope, self.audience, context]
        return [self.user, *rest] if self.user is not None else rest


def get(trigger_id: str) -> Trigger:
    """The trigger of this id, or `NotFound` with the list of ids."""
    try:
        return TRIGGERS[trigger_id]
    except KeyError:
        known = ", ".join(TRIGGERS)
        raise NotFound(f"There is no extensibility point {trigger_id!r}; there are: {known}.") from None


def parse(trigger: Trigger, payload: object) -> TokenRequest:
    """A `TokenRequest` from the JSON body `{client, scope?, audience, context?, user?}`, or `InvalidBody`."""
    body = _object("The body", payload)
    if not body.keys() <= _FIELDS:
        name = min(body.keys() - _FIELDS)[:MAX_QUOTED]
        raise InvalidBody(f"'{name}' is not a field of an execution request; the fields are: {_FIELD_LIST}.")
    if trigger.has_id_token:
        user = _object("'user'", body.get("user"))
    elif body.get("user") is None:
        user = None
    else:
        raise InvalidBody(f"'user' is not sent at {trigger.id}: a {trigger.grant} grant has no user.")
    context = body.get("context")
    return TokenRequest(
        trigger=trigger,
        user=user,
        client=_client(body.get("client")),
        scope=_scope(body.get("scope")),
        audience=_string("'audience'", body.get("audience")),
        context={} if context is None else _object("'context'", context),
    )


def sample(trigger_id: str) -> JsonObject:
    """A payload as a token server would send it, for test runs. Invented; the same each time (contract 0)."""
    client = {"tenant": "acme", "id": "client-1", "name": "A client", "metadata": {"plan": "gold"}}
    context = {"ip": "203.0.113.7", "userAgent": "sample/1.0"}
    payload: dict[str, object] = {
        "client": client,
        "scope": ["read:orders"],
        "audience": "https://api.example.com/",
        "context": context,
    }
    if TRIGGERS[trigger_id].has_id_token:
        payload["user"] = {
            "tenant": "acme",
            "id": "user-1",
            "displayName": "Ada",
            "email": "ada@example.com",
            "user_metadata": {"language": "en"},
            "app_metadata": {"roles": ["buyer"]},
        }
    return payload


MAX_CLIENT_ID = 256
"""Characters of a client's id: every execution record has it."""

MAX_QUOTED = 100
"""Characters of the caller's text that a message repeats."""

_FIELDS = frozenset({"client", "scope", "audience", "context", "user"})
_FIELD_LIST = "client, scope, audience, context, user"


def _object(what: str, value: object) -> JsonObject:
    if type(value) is dict:
        return value
    raise InvalidBody(f"{what} must be an object, not {json_type(value)}.")


def _client(value: object) -> JsonObject:
    client = _object("'client'", value)
    client_id = client.get("id")
    if isinstance(client_id, str) and len(client_id) > MAX_CLIENT_ID:
        raise InvalidBody(f"'client.id' may have {MAX_CLIENT_ID} characters; it has {len(client_id):,}.")
    return client


def _string(what: str, value: object) -> str:
    if type(value) is str:
        return value
    raise InvalidBody(f"{what} must be a string, not {json_type(value)}.")


def _scope(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    try:
        return parse_scopes(value)
    except ValueError as fault:
        raise InvalidBody(str(fault)) from None
