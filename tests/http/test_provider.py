"""A provider of the test's own, which says what it is told; the real one is in tests/web/dashboard/test_oidc.py."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from runtime.errors import Unavailable
from runtime.http.app import serve
from runtime.http.provider import (
    MAX_BYTES,
    RETRY_SECONDS,
    Attempt,
    LoginRefused,
    Provider,
    Tokens,
    _metadata_fault,
    open_provider,
)
from tests.http.conftest import public_row

RSA, OTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
EC = ec.generate_private_key(ec.SECP256R1())
ATTEMPT = Attempt(state="s", nonce="n", verifier="v" * 43, redirect_uri="https://hookd.example/dashboard/callback")


@dataclass
class Server:
    """In the provider's place. `metadata` and `answer` are sent as they are; None takes a member away."""

    url: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(
        default_factory=lambda: {"access_token": "a", "id_token": "i", "token_type": "Bearer"}
    )
    status: int = 200
    body: bytes | None = None
    asked: list[tuple[str, dict[str, str], str | None]] = field(default_factory=list)
    """Path, form and Authorization of every request."""

    @property
    def issuer(self) -> str:
        return f"{self.url}/"

    def document(self) -> dict[str, Any]:
        whole = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return {name: value for name, value in (whole | self.metadata).items() if value is not None}

    async def tell(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, dict(parse_qsl(await request.text())), request.headers.get("Authorization")))
        if request.path == "/keys":
            keys = [public_row(key) | {"kid": kid} for kid, key in (("rsa", RSA), ("ec", EC))]
            return web.json_response({"keys": keys})
        body = orjson.dumps(self.answer if request.path == "/token" else self.document())
        headers = {"Location": f"{self.url}/elsewhere"} if self.status == 302 else {}
        return web.Response(
            body=body if self.body is None else self.body,
            status=self.status,
            content_type="application/json",
            headers=headers,
        )


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", server.tell)
    async with serve(app, "127.0.0.1", 0) as address:
        server.url = address.url
        yield server


@pytest.fixture
async def provider(server: Server) -> AsyncIterator[Provider]:
    async with open_provider(issuer=server.issuer, client_id="c:1", client_secret="hush/+") as provider:
        yield provider


def identity(server: Server, *, key: Any = RSA, kid: str = "rsa", algorithm: str = "RS256", **claims: Any) -> Tokens:
    """Tokens of this provider; None takes a claim away."""
    now = int(time.time())
    own = {"iss": server.issuer, "aud": "c:1", "sub": "ada", "iat": now, "exp": now + 60, "nonce": "n"}
    given = {name: value for name, value in (own | claims).items() if value is not None}
    return Tokens(access_token="access", id_token=jwt.encode(given, key, algorithm, headers={"kid": kid}))


async def test_the_way_there_has_all_that_makes_an_attempt(server, provider):
    """Code flow with PKCE, state and nonce; the secret and the verifier stay here."""
    address = await provider.address(ATTEMPT, ("openid", "read:hooks"), "urn:hookd")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()

    assert dict(parse_qsl(urlsplit(address).query)) == {
        "tenant": "1",
        "response_type": "code",
        "client_id": "c:1",
        "redirect_uri": ATTEMPT.redirect_uri,
        "scope": "openid read:hooks",
        "state": "s",
        "nonce": "n",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "audience": "urn:hookd",
    }
    assert "audience" not in await provider.address(ATTEMPT, ("openid",), "")
    assert [path for path, _, _ in server.asked] == ["/.well-known/openid-configuration"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example/"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": ["https://a.example/"]},
        {"authorization_endpoint": "https://a.example/#x"},
        {"authorization_endpoint": "https://[/"},
        {"authorization_endpoint": "https://a.example/\r\nSet-Cookie: a=b"},
        {"authorization_endpoint": "https://a.example/\n"},
        {"authorization_endpoint": "https://a.example/\0"},
        {"token_endpoint": "https://a.example/ b"},
    ],
)
async def test_metadata_that_can_not_be_right_are_not_used(server, provider, metadata):
    """Above all those of another issuer (OpenID Connect Discovery section 4.3)."""
    server.metadata = metadata

    with pytest.raises(Unavailable):
        await provider.metadata()


async def test_a_provider_that_can_not_be_had_is_asked_again_after_a_while(server):
    """Not for everybody who begins a login: and no redirect is followed, no endless answer read."""
    now = [0.0]
    async with open_provider(issuer=server.issuer, client_id="c", clock=lambda: now[0]) as provider:
        for status, body in ((500, None), (302, None), (200, b"[]"), (200, b"{"), (200, b" " * (MAX_BYTES + 1))):
            server.status, server.body = status, body
            now[0] += RETRY_SECONDS + 1
            before = len(server.asked)
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await provider.metadata()
            assert len(server.asked) == before + 1, (status, body)
        server.status, server.body = 200, None
        now[0] += RETRY_SECONDS + 1
        assert (await provider.metadata()).token_endpoint == f"{server.url}/token"


async def test_nobody_listening_is_a_503():
    """The login page says so; nothing hangs."""
    async with open_provider(issuer="http://127.0.0.1:1", client_id="c") as provider:
        with pytest.raises(Unavailable, match="can not be reached"):
            await provider.metadata()


def test_of_https_nothing_leads_to_http():
    """An issuer that is asked over TLS names no endpoint without."""
    document = dict.fromkeys(("authorization_endpoint", "token_endpoint", "jwks_uri"), "https://a.example/x")
    document["issuer"] = "https://a.example"

    assert _metadata_fault(document, "https://a.example") == ""
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        assert "not https" in _metadata_fault(document | {name: "http://a.example/x"}, "https://a.example")


async def test_a_code_is_redeemed_as_the_client(server, provider):
    """By Basic, percent-encoded (RFC 6749 section 2.3.1), or by the body where the provider wants that."""
    assert await provider.tokens(ATTEMPT, "the-code") == Tokens(access_token="a", id_token="i")
    path, form, authorization = server.asked[-1]
    assert (path, authorization) == ("/token", "Basic " + base64.b64encode(b"c%3A1:hush%2F%2B").decode())
    assert form == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": ATTEMPT.redirect_uri,
        "code_verifier": "v" * 43,
    }
    server.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    async with open_provider(issuer=server.issuer, client_id="c:1", client_secret="hush/+") as by_body:
        await by_body.tokens(ATTEMPT, "the-code")
    assert server.asked[-1][1:] == (form | {"client_id": "c:1", "client_secret": "hush/+"}, None)
    async with open_provider(issuer=server.issuer, client_id="public") as public:
        await public.tokens(ATTEMPT, "the-code")
    assert server.asked[-1][1:] == (form | {"client_id": "public"}, None)


@pytest.mark.parametrize(
    "status, answer",
    [
        (400, {"error": "invalid_grant"}),
        (500, {}),
        (302, {"access_token": "a", "id_token": "i", "token_type": "Bearer"}),
        (200, {"access_token": "a", "token_type": "Bearer"}),
        (200, {"id_token": "i", "token_type": "Bearer"}),
        (200, {"access_token": "a", "id_token": "i"}),
        (200, {"access_token": "a", "id_token": "i", "token_type": "DPoP"}),
        (200, {"access_token": ["a"], "id_token": "i", "token_type": "Bearer"}),
    ],
)
async def test_what_is_no_answer_gives_no_tokens(server, provider, status, answer):
    """A bearer token and an ID token, or nothing."""
    await provider.metadata()
    server.status, server.answer = status, answer

    with pytest.raises(LoginRefused):
        await provider.tokens(ATTEMPT, "code")


async def test_an_id_token_says_who_it_is(server, provider):
    """Of either algorithm; with one audience among several when we are the authorized party."""
    half = base64.urlsafe_b64encode(hashlib.sha256(b"access").digest()[:16]).rstrip(b"=").decode()
    for tokens in (
        identity(server),
        identity(server, key=EC, kid="ec", algorithm="ES256"),
        identity(server, at_hash=half),
        identity(server, aud=["c:1", "other"], azp="c:1"),
        identity(server, iat=int(time.time()) + 3),
    ):
        assert await provider.subject(tokens, "n") == "ada"


HALF = "x" * 22
WRONG: list[dict[str, Any]] = [
    {"iss": "https://evil.example/"},
    {"iss": None},
    {"aud": "another"},
    {"aud": ["another"]},
    {"aud": None},
    {"aud": ["c:1", "other"]},
    {"aud": ["c:1", "other"], "azp": "other"},
    {"azp": "other"},
    {"exp": 1},
    {"exp": None},
    {"exp": "99999999999"},
    {"iat": None},
    {"iat": 99_999_999_999},
    {"nbf": 99_999_999_999},
    {"nonce": "another"},
    {"nonce": None},
    {"nonce": 1},
    {"nonce": "n\u00e4"},
    {"nonce": "\ud800"},
    {"sub": None},
    {"sub": ""},
    {"at_hash": HALF},
    {"at_hash": 1},
    {"at_hash": "\udfff"},
    {"key": OTHER},
    {"kid": "unknown"},
    {"kid": "ec"},
    {"key": "a secret of more than thirty-two characters", "algorithm": "HS256"},
]


async def test_an_id_token_that_is_not_for_this_login_is_refused(server, provider):
    """Another's, another login's, another access token's, too old, too new, or by another key (Core section 3.1.3.7)."""
    for claims in WRONG:
        with pytest.raises(LoginRefused):
            await provider.subject(identity(server, **claims), "n")
    head, body, _ = identity(server).id_token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for text in ("", "a.b.c", f"{head}.{body}.", f"{none}.{body}.", "é"):
        with pytest.raises(LoginRefused):
            await provider.subject(replace(identity(server), id_token=text), "n")


async def test_an_answer_names_who_answers(server, provider):
    """RFC 9207: another's never counts; none only where the provider does not say that it names itself."""
    await provider.check_sender(server.issuer)
    await provider.check_sender("")
    with pytest.raises(LoginRefused):
        await provider.check_sender("https://evil.example/")
    server.metadata = {"authorization_response_iss_parameter_supported": True}
    async with open_provider(issuer=server.issuer, client_id="c") as strict:
        await strict.check_sender(server.issuer)
        with pytest.raises(LoginRefused):
            await strict.check_sender("")


async def test_keys_and_metadata_are_fetched_once(server, provider):
    """However many log in."""
    for _ in range(3):
        await provider.address(ATTEMPT, ("openid",), "")
        await provider.subject(identity(server), "n")

    assert sorted(path for path, _, _ in server.asked) == ["/.well-known/openid-configuration", "/keys"]


def test_no_token_is_in_a_repr():
    """Nor in a log that has one."""
    assert "hush" not in repr(Tokens(access_token="hush", id_token="hush"))
