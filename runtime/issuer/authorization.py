"""`/authorize` and its login page (RFC 6749 section 4.1, OpenID Connect Core section 3.1.2): a user comes, a code leaves.

The browser brings the request, gets the login page and sends it to `/login`; who knows the password is sent back to the
client with a code. Nothing is kept of an unfinished login, and nobody stays logged in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from runtime.errors import HookdError, Unavailable
from runtime.http.client_address import client_address
from runtime.http.json import empty_response, read_form
from runtime.http.routes import Call, Handler, Public, Route
from runtime.issuer.authorization_request import Asked, ReplyTo, Unaddressed, asked_of, read_request, reply_to
from runtime.issuer.grants.authorization_code import new_code
from runtime.issuer.issuer import Issuer
from runtime.issuer.login_forms import LoginForms
from runtime.issuer.oauth_errors import AccessDenied, InvalidGrant, TooManyAttempts
from runtime.issuer.pages import error_page, login_page
from runtime.issuer.parameters import BODY_LIMIT
from runtime.issuer.sign_in import sign_in

ASKING: Final = Public("users come here to log in")
LOGGING_IN: Final = Public("the login form, whose attempts are limited")

MOST_NAME: Final = 1_024
"""Characters of a name that is tried; no user's is longer."""


def authorization_routes(issuer: Issuer) -> list[Route]:
    """The authorization endpoint, and where its form goes."""
    endpoint = _Endpoint(issuer, LoginForms(issuer.url, issuer.clock, issuer.form_key))

    def route(method: str, path: str, handler: Handler, access: Public) -> Route:
        return Route(method=method, path=path, handler=handler, access=access, answer_error=error_page)

    return [
        route("GET", "/authorize", endpoint.from_query, ASKING),
        route("POST", "/authorize", endpoint.from_form, ASKING),
        route("POST", "/login", endpoint.log_in, LOGGING_IN),
    ]


@dataclass(frozen=True, slots=True)
class _Endpoint:
    issuer: Issuer
    forms: LoginForms

    async def from_query(self, call: Call) -> web.StreamResponse:
        return await self._authorize(asked_of(_query(call.request)))

    async def from_form(self, call: Call) -> web.StreamResponse:
        # Where the parameters are in the body, those of the address do not count.
        return await self._authorize(asked_of(await _form(call)))

    async def _authorize(self, asked: Asked) -> web.Response:
        reply = await reply_to(self.issuer, asked)
        try:
            await read_request(self.issuer, asked, reply.client)
        except HookdError as error:
            return _sent_back(reply.error_address(error))
        return self._page(asked, reply, username=asked.text("login_hint"))

    async def log_in(self, call: Call) -> web.StreamResponse:
        self.forms.check_sender(call.request.headers)
        fields = _once(await _form(call))
        returned = self.forms.open(fields.get("request", ""))
        asked, reply = returned.asked, await reply_to(self.issuer, returned.asked)
        name, password = fields.get("username", "")[:MOST_NAME], fields.get("password", "")
        try:
            if fields.get("cancel"):
                raise AccessDenied("The user canceled the login.")
            if returned.is_old:
                return self._page(asked, reply, username=name, wrong="This page was open for too long. Log in again.")
            return await self._logged_in(call, asked, reply, name, password)
        except (InvalidGrant, TooManyAttempts, Unavailable) as error:
            # What the user can do something about is no error of the authorization, yet.
            return self._page(asked, reply, username=name, wrong=error.message, status=error.status)
        except HookdError as error:
            return _sent_back(reply.error_address(error))

    async def _logged_in(self, call: Call, asked: Asked, reply: ReplyTo, name: str, password: str) -> web.Response:
        request = await read_request(self.issuer, asked, reply.client)
        user = await sign_in(self.issuer, name, password, client_address(call.request), call.request_id)
        return _sent_back(reply.address(code=await new_code(self.issuer, reply, request, user)))

    def _page(self, asked: Asked, reply: ReplyTo, *, username: str, wrong: str = "", status: int = 200) -> web.Response:
        return login_page(
            client=reply.client.name,
            redirect_uri=reply.redirect_uri,
            sealed=self.forms.seal(asked),
            username=username,
            wrong=wrong,
            status=status,
        )


def _sent_back(address: str) -> web.Response:
    """To the client. 303: a 307 would bring it the password (RFC 9700 section 4.12)."""
    return empty_response(303, {hdrs.LOCATION: address, "Referrer-Policy": "no-referrer"})


def _query(request: web.Request) -> list[tuple[str, str]]:
    raw = request.rel_url.raw_query_string
    try:
        return parse_qsl(raw, keep_blank_values=True, errors="strict")
    except ValueError:
        raise Unaddressed("The address has a query that is not in UTF-8.") from None


async def _form(call: Call) -> list[tuple[str, str]]:
    return await read_form(call.request, min(BODY_LIMIT, call.body_limit))


def _once(fields: list[tuple[str, str]]) -> Mapping[str, str]:
    asked = asked_of(fields)
    if asked.repeated:
        raise Unaddressed("The login form has a field more than once.")
    return asked.values
