"""Authorization requests (RFC 6749 section 4.1.1, RFC 7636 section 4.3, OpenID Connect Core section 3.1.2.1).

Rule: first who asks and where the answer goes; until both are known, and registered, nothing is redirected. What is wrong
after that goes there. Whoever may register clients is an administrator, so their redirection URIs are trusted with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from runtime.errors import HookdError
from runtime.issuer.grants.requests import find_api, not_authorized
from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import (
    InvalidRequest,
    LoginRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
    oauth_code,
    printable,
)
from runtime.issuer.records import Client, ResourceServer
from runtime.issuer.scopes import parse_scope

GRANT: Final = "authorization_code"
PROMPTS: Final = ("none", "login", "consent", "select_account")
"""Nobody stays logged in here, so the last three are what happens anyway."""

MOST_CHARS: Final = 4_096
"""Characters of one parameter."""

_S256: Final = re.compile("[A-Za-z0-9_-]{43}").fullmatch


class Unaddressed(HookdError):
    """Nobody can be told what is wrong but the user: who asks is not known, or may not be answered there."""

    status, error, code = 400, "Bad Request", "invalid_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a browser brought: the parameters that are there once and not empty, and the names of those that are there again."""

    values: Mapping[str, str] = field(repr=False)
    repeated: frozenset[str] = frozenset()

    def text(self, name: str) -> str:
        """The parameter, or ""."""
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """Where the answer goes: a registered redirection URI of a client; `issuer` is the parameter `iss` (RFC 9207)."""

    client: Client
    redirect_uri: str
    state: str
    issuer: str

    def address(self, **answer: str) -> str:
        """The redirection URI with this answer in its query (RFC 6749 section 4.1.2)."""
        state = {"state": self.state} if self.state else {}
        query = urlencode({**answer, **state, "iss": self.issuer})
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{query}"

    def error_address(self, error: HookdError) -> str:
        """The same for an error (RFC 6749 section 4.1.2.1)."""
        return self.address(error=oauth_code(error), error_description=printable(error.message))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What is asked for, checked: only the user is missing."""

    api: ResourceServer
    scope: tuple[str, ...]
    nonce: str
    challenge: str
    login_hint: str


def asked_of(fields: Iterable[tuple[str, str]]) -> Asked:
    """The parameters of a query or a form. Empty ones are absent (RFC 6749 section 3.1)."""
    pairs = [(name, value) for name, value in fields if value]
    counts = Counter(name for name, _ in pairs)
    return Asked(
        values={name: value for name, value in pairs if counts[name] == 1},
        repeated=frozenset(name for name, count in counts.items() if count > 1),
    )


async def reply_to(issuer: Issuer, asked: Asked) -> ReplyTo:
    """Who asks, and where the answer goes. `Unaddressed` when that is not registered exactly so."""
    for name in ("client_id", "redirect_uri"):
        if name in asked.repeated:
            raise Unaddressed(f"The parameter {name} is there more than once.")
        if not asked.text(name):
            raise Unaddressed(f"The parameter {name} is missing.")
    client = await issuer.store.clients.get(asked.text("client_id"))
    if client is None:
        raise Unaddressed("There is no application with this client_id.")
    redirect_uri = asked.text("redirect_uri")
    if redirect_uri not in client.callbacks:
        raise Unaddressed("The redirect_uri is not among the callbacks of this application.")
    state = asked.text("state")
    return ReplyTo(
        client=client,
        redirect_uri=redirect_uri,
        state=state if len(state) <= MOST_CHARS else "",
        issuer=issuer.name,
    )


async def read_request(issuer: Issuer, asked: Asked, client: Client) -> AuthorizationRequest:
    """What this client asks for, or the `OAuthError` to answer."""
    _check_form(asked)
    _check_flow(asked, client)
    _check_prompt(asked.text("prompt"))
    scope = parse_scope(asked.text("scope"))
    api = await find_api(issuer, _required(asked, "audience"))
    if (
        api.is_system
        and await issuer.store.client_grants.find(client_id=client.client_id, audience=api.identifier) is None
    ):
        raise not_authorized(api)
    return AuthorizationRequest(
        api=api,
        scope=scope,
        nonce=asked.text("nonce"),
        challenge=_challenge(asked),
        login_hint=asked.text("login_hint"),
    )


def _check_form(asked: Asked) -> None:
    if asked.repeated:
        raise InvalidRequest(f"The parameter {min(asked.repeated)[:100]} is there more than once.")
    for name, value in asked.values.items():
        if len(value) > MOST_CHARS:
            raise InvalidRequest(f"The parameter {name[:100]} has more than {MOST_CHARS:,} characters.")


def _check_flow(asked: Asked, client: Client) -> None:
    if asked.text("request"):
        raise RequestNotSupported("Request objects are not supported.")
    if asked.text("request_uri"):
        raise RequestUriNotSupported("Request objects are not supported.")
    if _required(asked, "response_type") != "code":
        raise UnsupportedResponseType("The only response_type is code.")
    if asked.text("response_mode") not in ("", "query"):
        raise InvalidRequest("The only response_mode is query.")
    if not client.may_use(GRANT):
        raise UnauthorizedClient(f"Grant type '{GRANT}' not allowed for the client.")


def _check_prompt(prompt: str) -> None:
    words = [word for word in prompt.split(" ") if word]
    for word in words:
        if word not in PROMPTS:
            raise InvalidRequest(f"The prompt must be of {', '.join(PROMPTS)}.")
    if "none" in words:
        if len(words) > 1:
            raise InvalidRequest("The prompt none stands alone.")
        raise LoginRequired("Nobody stays logged in at this token server, so a user must be asked.")


def _challenge(asked: Asked) -> str:
    challenge = asked.text("code_challenge")
    if not challenge:
        raise InvalidRequest("The parameter code_challenge is missing (RFC 7636).")
    if asked.text("code_challenge_method") != "S256":
        raise InvalidRequest("The only code_challenge_method is S256; without one it would be plain.")
    if _S256(challenge) is None:
        raise InvalidRequest("The code_challenge is no SHA-256 in base64url: 43 letters, digits, '-' and '_'.")
    return challenge


def _required(asked: Asked, name: str) -> str:
    value = asked.text(name)
    if not value:
        raise InvalidRequest(f"The parameter {name} is missing.")
    return value
