"""The parameters of one token request: a form (RFC 6749) or a JSON object (Auth0), read once.

Rule: absent, null and empty are the same (RFC 6749 section 3.1; Auth0's SDKs send nulls), and nothing that is secret
leaves by `disclosed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import hdrs

from runtime.grammar import json_type
from runtime.http.client_address import client_address
from runtime.http.json import read_json_or_form
from runtime.http.routes import Call
from runtime.issuer.oauth_errors import InvalidRequest
from runtime.issuer.scopes import parse_scope

BODY_LIMIT: Final = 65_536
"""Bytes of a token request."""

SECRET_PARAMETERS: Final = frozenset(
    "client_secret client_assertion password refresh_token code code_verifier assertion subject_token actor_token "  # noqa: SIM905 - fourteen lines otherwise
    "mfa_token otp oob_code binding_code recovery_code".split()
)
"""Parameters that no hook and no log sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a client sent. `values` has no nulls and no empty strings."""

    values: Mapping[str, object] = field(repr=False)
    authorization: str | None = field(default=None, repr=False)
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""

    def text(self, name: str) -> str:
        """The parameter, or "" when it is absent. `InvalidRequest` when it is no string."""
        value = self.values.get(name, "")
        if isinstance(value, str):
            return value
        raise InvalidRequest(f"The parameter {name} must be a string, not {json_type(value)}.")

    def required(self, name: str) -> str:
        """The parameter, or `InvalidRequest` when it is absent."""
        value = self.text(name)
        if not value:
            raise InvalidRequest(f"The parameter {name} is missing.")
        return value

    def scope(self) -> tuple[str, ...]:
        """The scopes that were asked for; none when there is no such parameter."""
        return parse_scope(self.values.get("scope", ""))

    def disclosed(self) -> dict[str, object]:
        """The body without its secrets, for the hook's `context`."""
        return {name: value for name, value in self.values.items() if name not in SECRET_PARAMETERS}


async def read_parameters(call: Call) -> Parameters:
    """The parameters of this request; `InvalidRequest` when the body is no object, `InvalidBody` when it is unreadable."""
    request = call.request
    body = await read_json_or_form(request, min(BODY_LIMIT, call.body_limit))
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object or a form.")
    return Parameters(
        values={name: value for name, value in body.items() if value is not None and value != ""},
        authorization=request.headers.get(hdrs.AUTHORIZATION),
        ip=client_address(request),
        user_agent=_readable(request.headers.get(hdrs.USER_AGENT, "")),
        request_id=call.request_id,
    )


def _readable(header: str) -> str:
    """A header's text without the surrogates that aiohttp puts in place of bytes that are no UTF-8: JSON has none."""
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
