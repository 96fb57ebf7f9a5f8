"""What an extensibility point is, the table of them, and how a field of a request is read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.errors import InvalidBody, NotFound
from runtime.grammar import json_type
from runtime.model import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One extensibility point. `parameters` are the hook's, less the closing `cb` (contract 0); `fields` are the body's.

    `grant` is the OAuth grant whose token it is about; "" where something else than a token is decided. `keeps_scope` says
    what an answer without `scope` means: the asked scope stays, or the token gets none. Auth0's public page on the client
    credentials exchange says that without it "all scopes are reset" (contract-full 2.7); in the password exchange
    `accessToken.scope` is optional. `answers_user`: the answer is metadata of a user. `blocks`: somebody waits for the
    decision, so the hook can deny; where nobody does, it neither denies nor fails (contract-full 2.7).
    """

    id: str
    title: str
    parameters: tuple[str, ...]
    fields: tuple[str, ...]
    grant: str = ""
    keeps_scope: bool = False
    has_id_token: bool = False
    answers_user: bool = False
    blocks: bool = True

    @property
    def names_client(self) -> bool:
        """Whether its requests say which OAuth client they are about."""
        return bool(self.grant) or "recipient" in self.fields


_USER_EVENT = ("user", "context")

TRIGGERS: Mapping[str, Trigger] = {
    trigger.id: trigger
    for trigger in (
        Trigger(
            id="credentials-exchange",
            title="Client Credentials Exchange",
            parameters=("client", "scope", "audience", "context"),
            fields=("client", "scope", "audience", "context", "user"),
            grant="client_credentials",
        ),
        Trigger(
            id="pre-user-registration",
            title="Pre User Registration",
            parameters=_USER_EVENT,
            fields=_USER_EVENT,
            answers_user=True,
        ),
        Trigger(
            id="post-user-registration",
            title="Post User Registration",
            parameters=_USER_EVENT,
            fields=_USER_EVENT,
            blocks=False,
        ),
        Trigger(
            id="post-change-password",
            title="Post Change Password",
            parameters=_USER_EVENT,
            fields=_USER_EVENT,
            blocks=False,
        ),
        Trigger(
            id="send-phone-message",
            title="Send Phone Message",
            parameters=("recipient", "text", "context"),
            fields=("recipient", "text", "context"),
        ),
        Trigger(
            id="password-exchange",
            title="Password Exchange",
            parameters=("user", "client", "scope", "audience", "context"),
            fields=("client", "scope", "audience", "context", "user"),
            grant="password",
            keeps_scope=True,
            has_id_token=True,
        ),
    )
}
"""Id to trigger, in the vendor's order (contract-full 5.3); the one that the vendor gave up comes last."""

MAX_CLIENT_ID = 256
"""Characters of a client's id: every execution record has it."""

MAX_QUOTED = 100
"""Characters of the caller's text that a message repeats."""


def get(trigger_id: str) -> Trigger:
    """The trigger of this id, or `NotFound` with the list of ids."""
    try:
        return TRIGGERS[trigger_id]
    except KeyError:
        known = ", ".join(TRIGGERS)
        raise NotFound(f"There is no extensibility point {trigger_id!r}; there are: {known}.") from None


def unknown_field(trigger: Trigger, names: set[str]) -> InvalidBody:
    """For a body with members that the trigger's requests do not have."""
    fields = ", ".join(trigger.fields)
    return InvalidBody(f"'{min(names)[:MAX_QUOTED]}' is not a field of an execution request; the fields are: {fields}.")


def wrong(what: str, wanted: str, value: object) -> InvalidBody:
    """For a value that is not what is wanted. null stands for absent as everywhere, but where the body itself is null."""
    if value is None and what.startswith("'"):
        return InvalidBody(f"{what} is missing; it must be {wanted}.")
    return InvalidBody(f"{what} must be {wanted}, not {json_type(value)}.")


def object_of(what: str, value: object) -> JsonObject:
    """An object, or `InvalidBody`. `what` names the field, in quotes, or the body."""
    if type(value) is dict:
        return value
    raise wrong(what, "an object", value)


def string_of(what: str, value: object) -> str:
    """A string, or `InvalidBody`."""
    if type(value) is str:
        return value
    raise wrong(what, "a string", value)


def require_short_id(what: str, client_id: str) -> None:
    """`InvalidBody` for a client's id that is longer than any is."""
    if len(client_id) > MAX_CLIENT_ID:
        raise InvalidBody(f"{what} may have {MAX_CLIENT_ID} characters; it has {len(client_id):,}.")
