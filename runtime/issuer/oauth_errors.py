"""Errors of the token endpoint (RFC 6749 section 5.2) and the authorization endpoint (4.1.2.1), and what Auth0 adds.

    OAuthError
    |- InvalidRequest          400  invalid_request
    |- InvalidClient           401  invalid_client
    |- InvalidGrant            400  invalid_grant
    |- UnauthorizedClient      400  unauthorized_client
    |- UnsupportedGrantType    400  unsupported_grant_type
    |- UnsupportedResponseType 400  unsupported_response_type
    |- InvalidScope            400  invalid_scope
    |- AccessDenied            403  access_denied
    |- LoginRequired           400  login_required
    |- RequestNotSupported     400  request_not_supported
    |- RequestUriNotSupported  400  request_uri_not_supported
    |- TooManyAttempts         429  too_many_attempts
    |- ServerError             500  server_error
    `- TemporarilyUnavailable  503  temporarily_unavailable

The statuses are RFC 6749's, and are not seen where the authorization endpoint answers by redirect; 403 for `access_denied` and 429 for `too_many_attempts`, which the RFC does not know at this
endpoint, are Auth0's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aiohttp import web

from runtime.errors import BodyTooLarge, HookdError, Unavailable, UnsupportedMediaType
from runtime.http.json import json_response

NO_STORE: Mapping[str, str] = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""On every answer of the token endpoint (RFC 6749 section 5.1)."""


class OAuthError(HookdError):
    """An error that an OAuth client sees. `code` is its `error`, `message` its `error_description`."""

    challenge: bool = False
    """Whether the client used the Authorization header, so that the answer must name the scheme."""


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated or malformed."""

    status, error, code = 400, "Bad Request", "invalid_request"


class InvalidClient(OAuthError):
    """Client authentication failed."""

    status, error, code = 401, "Unauthorized", "invalid_client"

    def __init__(self, message: str = "Client authentication failed.", *, challenge: bool = False) -> None:
        super().__init__(message)
        self.challenge = challenge


class InvalidGrant(OAuthError):
    """The password, the code or the refresh token is wrong, over, revoked or somebody else's."""

    status, error, code = 400, "Bad Request", "invalid_grant"


class UnauthorizedClient(OAuthError):
    """The client may not use this grant type."""

    status, error, code = 400, "Bad Request", "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """There is no such grant type here."""

    status, error, code = 400, "Bad Request", "unsupported_grant_type"


class UnsupportedResponseType(OAuthError):
    """There is no such flow at the authorization endpoint (RFC 6749 section 4.1.2.1)."""

    status, error, code = 400, "Bad Request", "unsupported_response_type"


class InvalidScope(OAuthError):
    """The scope is malformed, or exceeds what was granted."""

    status, error, code = 400, "Bad Request", "invalid_scope"


class AccessDenied(OAuthError):
    """The hook denied, or the client is not authorized for this API."""

    status, error, code = 403, "Forbidden", "access_denied"


class LoginRequired(OAuthError):
    """Nobody is logged in, and nobody may be asked (OpenID Connect Core section 3.1.2.6)."""

    status, error, code = 400, "Bad Request", "login_required"


class RequestNotSupported(OAuthError):
    """The authorization request is in a JWT (OpenID Connect Core section 6.1)."""

    status, error, code = 400, "Bad Request", "request_not_supported"


class RequestUriNotSupported(OAuthError):
    """The authorization request is somewhere else (OpenID Connect Core section 6.2)."""

    status, error, code = 400, "Bad Request", "request_uri_not_supported"


class TooManyAttempts(OAuthError):
    """Too many wrong secrets or passwords in a row, in Auth0's words."""

    status, error, code = 429, "Too Many Requests", "too_many_attempts"

    def __init__(self) -> None:
        super().__init__("Your account has been blocked after multiple consecutive login attempts.")


class ServerError(OAuthError):
    """The hook broke, or said that it did."""

    status, error, code = 500, "Internal Server Error", "server_error"


class TemporarilyUnavailable(OAuthError):
    """The runtime did not give a decision: no token without one."""

    status, error, code = 503, "Service Unavailable", "temporarily_unavailable"


DENIALS: Mapping[str, type[OAuthError]] = {
    error.code: error for error in (AccessDenied, InvalidScope, InvalidRequest, ServerError)
}
"""What a hook may answer with; anything else of a decision's `error` is `access_denied`."""


def answer_oauth_error(error: HookdError) -> web.Response:
    """The answer `{"error", "error_description"}` to an error of whatever kind.

    The RFC knows 400 for a request that is wrong in itself, so a body that is too large or of another type (413 and 415
    elsewhere) is that here too (RFC 6749 section 5.2).
    """
    body = {"error": oauth_code(error), "error_description": printable(error.message)}
    headers = dict(NO_STORE)
    if isinstance(error, OAuthError) and error.challenge:
        headers["WWW-Authenticate"] = 'Basic realm="hookd", charset="UTF-8"'
    return json_response(body, _status(error), headers)


def printable(text: str) -> str:
    """The text in the characters that an error_description may have (RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E)."""
    for quote in ('"', "\\"):
        text = text.replace(quote, "'")
    return re.sub(r"[^\x20-\x7e]", "?", re.sub(r"\s+", " ", text)).strip()


def oauth_code(error: HookdError) -> str:
    """The `error` of an answer to an error of whatever kind."""
    if isinstance(error, OAuthError):
        return error.code
    if isinstance(error, Unavailable):
        return TemporarilyUnavailable.code
    return InvalidRequest.code if error.status < 500 else ServerError.code


def _status(error: HookdError) -> int:
    return InvalidRequest.status if isinstance(error, BodyTooLarge | UnsupportedMediaType) else error.status
