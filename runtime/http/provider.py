"""An OpenID provider as a client of it sees it: discovery, the way there, a code's tokens, and whose they are.

OpenID Connect Core and Discovery 1.0, with PKCE (RFC 7636) and `iss` in the answer (RFC 9207).

Rule: no redirect is followed, nothing that is fetched is larger than `MAX_BYTES`, and no token is in a message or a log.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
import jwt
import orjson

from runtime.errors import HookdError, Unavailable
from runtime.http.jwks import KeySet
from runtime.http.openid import challenge_of, half_hash

log = logging.getLogger("hookd.auth")

ALGORITHMS: Final = ("RS256", "ES256")
METADATA_SECONDS: Final = 3_600.0
"""The metadata are asked for again after this."""

RETRY_SECONDS: Final = 5.0
"""And not sooner than this while they can not be had: anybody may begin a login."""

REQUEST_SECONDS: Final = 10.0
MAX_BYTES: Final = 262_144
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class LoginRefused(HookdError):
    """The provider, or what it sent, says no. `debug` is for the log."""

    status, error, code = 401, "Unauthorized", "login_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What of a provider's metadata a client needs."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    takes_basic: bool
    names_itself: bool
    """Whether its authorization responses say who answers (RFC 9207 section 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A login that was begun: what only this browser and we know of it, until it is back."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a code gave. The ID token is one that `Provider.subject` has still to verify."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)


class Provider:
    """One OpenID provider and our registration with it. Make it with `open_provider`. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        leeway: int,
        clock: Callable[[], float],
    ) -> None:
        self.issuer = issuer
        self._session = session
        self._client_id = client_id
        self._client_secret = client_secret
        self._leeway = leeway
        self._clock = clock
        self._turn = asyncio.Lock()
        self._metadata: tuple[Metadata | Unavailable, float] | None = None
        self._keys: dict[tuple[str, str], KeySet] = {}

    async def close(self) -> None:
        """Let go of the connections for keys."""
        for keys in self._keys.values():
            await keys.close()

    async def address(self, attempt: Attempt, scopes: Sequence[str], audience: str) -> str:
        """Where the browser goes to log in (OpenID Connect Core section 3.1.2.1). `Unavailable` without a provider."""
        metadata = await self.metadata()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": attempt.redirect_uri,
            "scope": " ".join(scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge_of(attempt.verifier),
            "code_challenge_method": "S256",
            **({"audience": audience} if audience else {}),
        }
        separator = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{separator}{urlencode(asked)}"

    async def check_sender(self, issuer: str) -> None:
        """`LoginRefused` unless the answer that names this issuer ("" where it names none) can be the provider's (RFC 9207)."""
        if issuer != self.issuer and (issuer or (await self.metadata()).names_itself):
            raise LoginRefused("The answer is of another token server than was asked.", debug=repr(issuer[:200]))

    async def tokens(self, attempt: Attempt, code: str) -> Tokens:
        """What the provider gives for a code (OpenID Connect Core section 3.1.3)."""
        metadata = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = {"Accept": "application/json"}
        if self._client_secret and metadata.takes_basic:
            headers["Authorization"] = _basic(self._client_id, self._client_secret)
        else:
            form |= {"client_id": self._client_id}
            form |= {"client_secret": self._client_secret} if self._client_secret else {}
        status, answer = await self._ask("POST", metadata.token_endpoint, data=form, headers=headers)
        if status != 200:
            raise LoginRefused("The token server gave no token.", debug=f"{status} {_error_of(answer)}")
        return _tokens(answer)

    async def subject(self, tokens: Tokens, nonce: str) -> str:
        """Whose tokens these are: `sub` of the ID token, verified as OpenID Connect Core section 3.1.3.7 has it."""
        try:
            header = jwt.get_unverified_header(tokens.id_token)
            claims = jwt.decode(
                tokens.id_token,
                await self._key(header.get("alg"), header.get("kid")),
                algorithms=[str(header.get("alg"))],
                audience=self._client_id,
                issuer=self.issuer,
                leeway=self._leeway,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, OverflowError, RecursionError) as error:
            raise LoginRefused("The ID token is not good.", debug=repr(error)) from None
        fault = _fault(claims, self._client_id, nonce, tokens.access_token)
        if fault:
            raise LoginRefused("The ID token is not good.", debug=fault)
        return str(claims["sub"])

    async def metadata(self) -> Metadata:
        """The provider's metadata, asked for once an hour. `Unavailable`."""
        async with self._turn:
            known = self._metadata
            if known is None or self._clock() - known[1] > _seconds(known[0]):
                known = self._metadata = await self._discovered(), self._clock()
        if isinstance(known[0], Unavailable):
            raise Unavailable(known[0].message, debug=known[0].debug)
        return known[0]

    async def _discovered(self) -> Metadata | Unavailable:
        try:
            return await self._discover()
        except Unavailable as error:
            return error

    async def _discover(self) -> Metadata:
        address = f"{self.issuer.removesuffix('/')}/.well-known/openid-configuration"
        status, document = await self._ask("GET", address, headers={"Accept": "application/json"})
        fault = f"status {status}" if status != 200 else _metadata_fault(document, self.issuer)
        if fault:
            log.error("The metadata at %s are of no use: %s", address, fault)
            raise Unavailable("The token server says of itself what can not be right.", debug=fault)
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Metadata(
            **{name: document[name] for name in _ENDPOINTS},
            takes_basic=isinstance(methods, list) and "client_secret_basic" in methods,
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )

    async def _key(self, algorithm: object, key_id: object) -> Any:
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError(f"signed with {algorithm!r:.50}")
        address = (await self.metadata()).jwks_uri
        keys = self._keys.setdefault((address, algorithm), KeySet(address, algorithm))
        key = await keys.get(key_id if isinstance(key_id, str) else None)
        if key is None:
            raise jwt.InvalidKeyError("signed with a key that is not published")
        return key

    async def _ask(self, method: str, address: str, **sent: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of an answer; an empty object where there is none."""
        try:
            async with self._session.request(method, address, allow_redirects=False, **sent) as answer:
                body = bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > MAX_BYTES:
                        raise aiohttp.ClientPayloadError(f"more than {MAX_BYTES} bytes")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("The token server at %s can not be asked: %r", address, error)
            raise Unavailable("The token server can not be reached.", debug=repr(error)) from None
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            document = None
        return answer.status, document if isinstance(document, dict) else {}


@asynccontextmanager
async def open_provider(
    *, issuer: str, client_id: str, client_secret: str = "", leeway: int = 5, clock: Callable[[], float] = time.time
) -> AsyncIterator[Provider]:
    """A provider to log in with, as long as the block runs. Nothing is fetched before the first login."""
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        provider = Provider(
            session, issuer=issuer, client_id=client_id, client_secret=client_secret, leeway=leeway, clock=clock
        )
        try:
            yield provider
        finally:
            await provider.close()


def _seconds(known: Metadata | Unavailable) -> float:
    return RETRY_SECONDS if isinstance(known, Unavailable) else METADATA_SECONDS


def _metadata_fault(document: Mapping[str, Any], issuer: str) -> str:
    if document.get("issuer") != issuer:
        return f"the issuer is not {issuer!r}"
    for name in _ENDPOINTS:
        address = document.get(name)
        if not isinstance(address, str) or not _is_address(address):
            return f"{name} is no address"
        if issuer.startswith("https:") and not address.startswith("https:"):
            return f"{name} is not https"
    return ""


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    # `urlsplit` takes line breaks out of what it looks at; what is sent would have them.
    is_line = text.isprintable() and " " not in text
    return is_line and parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.fragment


def _tokens(answer: Mapping[str, Any]) -> Tokens:
    access, identity, kind = (answer.get(name) for name in ("access_token", "id_token", "token_type"))
    if not isinstance(access, str) or not isinstance(kind, str) or kind.lower() != "bearer":
        raise LoginRefused("The token server gave no bearer token.")
    if not isinstance(identity, str):
        raise LoginRefused("The token server gave no ID token: the scope openid is needed.")
    return Tokens(access_token=access, id_token=identity)


def _fault(claims: Mapping[str, Any], client_id: str, nonce: str, access_token: str) -> str:
    """What PyJWT does not look at."""
    if any(type(claims[name]) not in (int, float) for name in ("exp", "iat")):
        return "a date is not a number"
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        return "sub is no text"
    if claims.get("azp", client_id) != client_id or (
        isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and "azp" not in claims
    ):
        return "it is for another client"
    if not _equal(claims.get("nonce"), nonce):
        return "another nonce"
    is_its = "at_hash" not in claims or _equal(claims["at_hash"], half_hash(access_token))
    return "" if is_its else "another access token's"


def _equal(given: object, wanted: str) -> bool:
    # JSON can have halves of surrogate pairs, which UTF-8 has not.
    return isinstance(given, str) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _error_of(answer: Mapping[str, Any]) -> str:
    return f"{answer.get('error')!r:.100} {answer.get('error_description')!r:.200}"


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749 section 2.3.1: both are percent-encoded first."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
