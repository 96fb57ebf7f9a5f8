"""The way to the runtime: asks its execution API, over HTTP, what goes into a token.

Rule: no decision, no token. Whatever is not a well-formed decision is `temporarily_unavailable`, or `server_error` where the
runtime refuses the very question (a 4xx) and would again; the log says why.
A request is sent again only when no connection came about, for then no hook has run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import orjson

from runtime.grammar import is_scope
from runtime.issuer.keys import KeyRing
from runtime.issuer.oauth_errors import DENIALS, AccessDenied, OAuthError, ServerError, TemporarilyUnavailable
from runtime.issuer_settings import Issuer as IssuerSettings

log = logging.getLogger("hookd.issuer")

CONNECT_SECONDS: Final = 2.0
CONNECT_PAUSES: Final = (0.05, 0.2)
"""Seconds between the tries."""

CONNECTIONS: Final = 100
MAX_ANSWER: Final = 4_194_304
"""Bytes of a decision; the runtime's own cap on a hook's answer is a quarter of it."""

OWN_TOKEN_SECONDS: Final = 300
OWN_TOKEN_SPARE: Final = 60
"""A self-signed token is replaced this many seconds before it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A decision for the token: its scopes, and the hook's claims by name."""

    scope: tuple[str, ...]
    claims: Mapping[str, object] = field(default_factory=dict)
    id_token_claims: Mapping[str, object] = field(default_factory=dict)


class OwnToken:
    """The bearer token that we show the runtime: the configured one, or one that we sign, for a few minutes each."""

    def __init__(self, settings: IssuerSettings, issuer: str, keys: KeyRing, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._issuer = issuer
        self._keys = keys
        self._clock = clock
        self._signed = ""
        self._kid = ""
        self._replace_at = 0.0

    async def get(self) -> str:
        """A token that is good for a minute at least."""
        if self._settings.runtime_token:
            return self._settings.runtime_token
        if self._clock() >= self._replace_at or self._kid != self._keys.kid:
            await self._sign()
        return self._signed

    async def _sign(self) -> None:
        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "sub": "hookd-issuer",
            "aud": self._settings.runtime_audience,
            "ten": self._settings.tenant,
            "scope": "execute:hooks",
            "iat": now,
            "exp": now + OWN_TOKEN_SECONDS,
        }
        self._signed = await self._keys.sign(claims)
        self._kid = self._keys.kid
        self._replace_at = now + OWN_TOKEN_SECONDS - OWN_TOKEN_SPARE


class Decisions:
    """The runtime's execution API. An async context manager: it keeps connections open while its block runs."""

    def __init__(self, settings: IssuerSettings, token: OwnToken) -> None:
        self._url = settings.runtime_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=settings.runtime_timeout, sock_connect=CONNECT_SECONDS)
        self._token = token
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=self._timeout,
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def decide(self, trigger: str, payload: Mapping[str, object], request_id: str) -> Allowed:
        """What the hook allows. An `OAuthError` when it denies, or when there is no decision."""
        status, body = await self._ask(trigger, orjson.dumps(payload), request_id)
        if status != 200:
            log.error(
                "the runtime refused %s: %d %s [%s]", trigger, status, body[:500].decode(errors="replace"), request_id
            )
            raise ServerError(_REFUSED) if _is_final(status) else TemporarilyUnavailable(_NO_DECISION)
        try:
            return _read(body)
        except _Malformed as fault:
            log.error("the runtime's decision on %s is malformed: %s [%s]", trigger, fault, request_id)  # noqa: TRY400 - the place says nothing
            raise TemporarilyUnavailable(_NO_DECISION) from None

    async def _ask(self, trigger: str, body: bytes, request_id: str) -> tuple[int, bytes]:
        headers = {
            "Authorization": f"Bearer {await self._token.get()}",
            "Content-Type": "application/json",
            "X-Request-Id": request_id,
        }
        url = f"{self._url}/api/v1/triggers/{trigger}/execute"
        for pause in (*CONNECT_PAUSES, None):
            try:
                return await self._post(url, body, headers)
            except aiohttp.ClientConnectorError as error:
                if pause is None:
                    raise self._unreachable(error, request_id) from None
                await asyncio.sleep(pause)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise self._unreachable(error, request_id) from None
        raise AssertionError

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            read = bytearray()
            async for chunk in answer.content.iter_any():
                read += chunk
                if len(read) > MAX_ANSWER:
                    raise aiohttp.ClientPayloadError(f"more than {MAX_ANSWER} bytes")
            return answer.status, bytes(read)

    def _unreachable(self, error: Exception, request_id: str) -> OAuthError:
        log.error("the runtime at %s gave no decision: %r [%s]", self._url, error, request_id)
        return TemporarilyUnavailable(_NO_DECISION)


_NO_DECISION: Final = "The hook runtime gave no decision, so no token is issued. Try again later."
_REFUSED: Final = "The hook runtime refused to decide on this request, so no token is issued."


def _is_final(status: int) -> bool:
    """Whether the same question would be refused again: 408 and 429, by whoever stands in between, are for now only."""
    return 400 <= status < 500 and status not in (408, 429)


class _Malformed(Exception):
    """Not a decision; the text says where."""


def _read(body: bytes) -> Allowed:
    """The decision `{"decision": "allow" | "deny", ...}`; a denial is raised."""
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _Malformed(f"not JSON: {error}") from None
    if not isinstance(answer, dict):
        raise _Malformed("not an object")
    match answer.get("decision"):
        case "allow":
            return Allowed(
                scope=_scope(answer.get("scope")),
                claims=_claims(answer, "claims"),
                id_token_claims=_claims(answer, "id_token_claims"),
            )
        case "deny":
            raise _denial(answer)
        case other:
            raise _Malformed(f"decision is {other!r}")


def _denial(answer: Mapping[str, object]) -> OAuthError:
    code, description = answer.get("error"), answer.get("error_description")
    kind = DENIALS.get(code, AccessDenied) if isinstance(code, str) else AccessDenied
    return kind(description if isinstance(description, str) and description else "The hook denied the request.")


def _scope(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Malformed("scope is not an array")
    for item in value:
        if not isinstance(item, str) or not is_scope(item):
            raise _Malformed(f"{item!r} is not a scope")
    return tuple(dict.fromkeys(value))


def _claims(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = answer.get(name, {})
    if not isinstance(value, dict):
        raise _Malformed(f"{name} is not an object")
    return value
