"""A token server on a real port, and a real HTTP server in the runtime's place that answers what a test tells it.

The real runtime stands behind it in test_app.py. What it would never answer (nonsense, nothing, too late) only a server
of the test's own can.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import orjson
import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet

from runtime.http.app import create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.routes import Route, install
from runtime.issuer.app import Issuer, issuer_routes, local_jwks_url, open_issuer, own_trust
from runtime.issuer.passwords import HashCost
from runtime.issuer_settings import ClientGrantSettings, ClientSettings, ResourceServerSettings, UserSettings
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.settings import TrustedIssuer
from tests.ports import free_port

HOST = "127.0.0.1"
CHEAP = HashCost(memory_kib=64, passes=1)
"""A true Argon2id hash of the least cost: what a hash costs is no matter of these tests."""

API = "https://api.example.com/"
CALLBACK = "https://app.example.com/cb"
VERIFIER = "a-verifier.of_43~characters-or-more-0123456789"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ORDERS = ("read:orders", "write:orders")
SECRET = "m2m-secret-0123456789"
PASSWORD = "correct horse battery staple"
ELSEWHERE = TrustedIssuer(issuer="urn:elsewhere", audience="urn:hookd", algorithm="HS256", secret="elsewhere" * 4)
"""Another trusted issuer, whose tokens say themselves to which tenant they belong."""

ODD_ID, ODD_SECRET = "odd:id%2Bä", "p%41ss+word/ü:&=?"


@dataclass
class Decider:
    """In the runtime's place. `decision` None allows the scope that is asked for; `body`, if given, is sent as it is."""

    url: str = ""
    decision: dict[str, object] | None = None
    status: int = 200
    body: bytes | None = None
    blocked: asyncio.Event | None = None
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """Path, Authorization and payload of every request."""
    request_ids: list[str] = field(default_factory=list)
    connections: set[object] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.Response:
        payload = orjson.loads(await request.read())
        self.asked.append((request.path, request.headers["Authorization"], payload))
        self.request_ids.append(request.headers["X-Request-Id"])
        self.connections.add(request.get_extra_info("peername"))
        if self.blocked is not None:
            await self.blocked.wait()
        allow = {"decision": "allow", "scope": payload["scope"], "claims": {}, "dropped": [], "execution": None}
        body = orjson.dumps(allow if self.decision is None else self.decision) if self.body is None else self.body
        return web.Response(status=self.status, body=body, content_type="application/json")


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a browser is answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def location(self) -> str:
        """Where it is sent, without what is told there."""
        return urlsplit(self.headers["Location"])._replace(query="").geturl()

    @property
    def sent_back(self) -> dict[str, str]:
        """What is told there."""
        assert self.status == 303, self.text
        return dict(parse_qsl(urlsplit(self.headers["Location"]).query, keep_blank_values=True))

    @property
    def sealed(self) -> str:
        """What the login form carries."""
        match = re.search('name="request" value="([^"]*)"', self.text)
        assert match is not None, self.text
        return unescape(match[1])


@dataclass
class TokenServer:
    """A token server and a client's view of it."""

    url: str
    issuer: Issuer
    http: aiohttp.ClientSession

    async def token(self, *, status: int = 200, headers: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        """POST /oauth/token with these fields as JSON; the answer's body."""
        async with self.http.post(f"{self.url}/oauth/token", json=fields, headers=headers) as answer:
            body: dict[str, Any] = await answer.json()
            assert answer.status == status, body
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Pragma"] == "no-cache"
            return body

    async def m2m(self, *, status: int = 200, **fields: Any) -> dict[str, Any]:
        """A client credentials request of the client `m2m`."""
        own: dict[str, Any] = {
            "grant_type": "client_credentials",
            "client_id": "m2m",
            "client_secret": SECRET,
            "audience": API,
        }
        return await self.token(status=status, **(own | fields))

    async def password(self, *, status: int = 200, **fields: Any) -> dict[str, Any]:
        """A password request of the client `app` for the user `ada`."""
        own: dict[str, Any] = {"grant_type": "password", "client_id": "app", "client_secret": SECRET, "audience": API}
        return await self.token(status=status, **(own | {"username": "ada", "password": PASSWORD} | fields))

    async def refresh(self, token: str = "", *, status: int = 200, **fields: Any) -> dict[str, Any]:
        """A refresh request of the client `app`."""
        own: dict[str, Any] = {
            "grant_type": "refresh_token",
            "client_id": "app",
            "client_secret": SECRET,
            "refresh_token": token,
        }
        return await self.token(status=status, **(own | fields))

    def asking(self, **fields: Any) -> dict[str, str]:
        """The parameters of an authorization request of the client `web`; None takes one away."""
        own = {
            "response_type": "code",
            "client_id": "web",
            "redirect_uri": CALLBACK,
            "scope": "openid read:orders",
            "audience": API,
            "state": "the-state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (own | fields).items() if value is not None}

    async def authorize(self, *, method: str = "GET", **fields: Any) -> Page:
        """The answer to an authorization request of a browser."""
        kind = "params" if method == "GET" else "data"
        return await self.browse(method, "/authorize", **{kind: self.asking(**fields)})

    async def log_in(self, page: Page, *, headers: Mapping[str, str] | None = None, **fields: str) -> Page:
        """The page's form sent as a browser sends it, by the user `ada` if nothing else is said."""
        form = {"request": page.sealed, "username": "ada", "password": PASSWORD} | fields
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        return await self.browse("POST", "/login", data=form, headers=own if headers is None else headers)

    async def browse(self, method: str, path: str, **sent: Any) -> Page:
        """A request of a browser that follows no redirect."""
        async with self.http.request(method, f"{self.url}{path}", allow_redirects=False, **sent) as answer:
            return Page(status=answer.status, headers=answer.headers, text=await answer.text())

    async def code(self, **fields: Any) -> str:
        """A code for `ada`."""
        return (await self.log_in(await self.authorize(**fields))).sent_back["code"]

    async def redeem(self, code: str, *, status: int = 200, **fields: Any) -> dict[str, Any]:
        """A code's tokens, for the client `web`."""
        own: dict[str, Any] = {
            "grant_type": "authorization_code",
            "client_id": "web",
            "client_secret": SECRET,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return await self.token(status=status, **(own | fields))

    async def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that joserfc, which does not sign them, verifies by the JWKS."""
        async with self.http.get(f"{self.url}/.well-known/jwks.json") as answer:
            keys = KeySet.import_key_set(await answer.json())
        return jwt.decode(token, keys, algorithms=["RS256"]).claims

    async def management_token(self, **fields: Any) -> str:
        """A token of the client `admin` for the management API."""
        body = await self.m2m(client_id="admin", audience=f"{self.url}/api/v2/", **fields)
        return str(body["access_token"])

    async def manage(
        self, method: str, path: str, json: object = None, *, status: int = 200, token: str | None = None
    ) -> Any:
        """A call of the management API; the answer's body."""
        bearer = await self.management_token() if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"}
        sent: dict[str, Any] = {} if json is None else {"json": json}
        async with self.http.request(method, f"{self.url}/api/v2/{path}", headers=headers, **sent) as answer:
            body = await answer.json() if answer.status != 204 else None
            assert answer.status == status, body
            return body


Opening: TypeAlias = Callable[..., Any]


def basic(client_id: str, secret: str) -> dict[str, str]:
    """An Authorization header of the two as they stand."""
    return {"Authorization": "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()}


def seeded(**fields: Any) -> IssuerSettings:
    """Settings with clients, an API, grants and users; `url` must be among the fields."""
    m2m = ClientSettings(client_id="m2m", client_secret=SECRET, name="Machine", metadata={"plan": "gold"})
    user_grants = ("password", "refresh_token")
    clients = (
        m2m,
        replace(m2m, client_id="admin", metadata={}),
        replace(m2m, client_id="ungranted"),
        ClientSettings(client_id="app", client_secret=SECRET, name="App", grant_types=user_grants),
        ClientSettings(client_id="other-app", client_secret=SECRET, grant_types=user_grants),
        ClientSettings(
            client_id="spa",
            grant_types=("client_credentials", "password", "refresh_token"),
            token_endpoint_auth_method="none",
        ),
        ClientSettings(client_id=ODD_ID, client_secret=ODD_SECRET),
        *browser_clients(),
    )
    grants = [ClientGrantSettings(client_id=name, audience=API, scope=ORDERS) for name in ("m2m", "spa", ODD_ID)]
    everything = (*ORDERS, "read:clients")
    users = (
        UserSettings(
            username="ada",
            password=PASSWORD,
            email="ada@example.com",
            name="Ada Lovelace",
            permissions=("read:hooks", "update:hooks", "read:logs"),
            user_metadata={"hobby": "engines"},
            app_metadata={"roles": ["admin"]},
        ),
        UserSettings(username="Grace@Example.com", password=PASSWORD),
    )
    apis = (
        ResourceServerSettings(identifier=API, name="Orders", scopes=everything, allow_offline_access=True),
        ResourceServerSettings(identifier="urn:strict", scopes=("read",), token_lifetime=60),
    )
    management = [
        ClientGrantSettings(client_id=name, audience=f"{fields['url']}/api/v2/", scope=scope)
        for name, scope in (("admin", MANAGEMENT_SCOPES), ("web", ("read:hooks", "create:hooks", "read:logs")))
    ]
    rows = {"clients": clients, "client_grants": (*grants, *management), "users": users, "resource_servers": apis}
    return IssuerSettings(**(rows | fields))


def browser_clients() -> list[ClientSettings]:
    """Clients that users come from: a confidential one, another, a public one."""
    web = ClientSettings(
        client_id="web",
        client_secret=SECRET,
        name="Web",
        grant_types=("authorization_code", "refresh_token"),
        callbacks=(CALLBACK, "https://app.example.com/cb?tenant=1"),
    )
    native = replace(
        web,
        client_id="native",
        client_secret="",
        token_endpoint_auth_method="none",
        callbacks=("com.example.app:/cb", CALLBACK),
    )
    return [web, replace(web, client_id="other-web"), native]


MANAGEMENT_SCOPES = tuple(
    f"{verb}:{noun}"
    for noun in ("clients", "resource_servers", "client_grants", "users", "signing_keys", "hooks")
    for verb in ("read", "create", "update", "delete")
    if (verb, noun) != ("delete", "signing_keys")
)


@pytest.fixture(scope="session")
def sown_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with keys and seeds: making them anew for every test takes long."""
    path = tmp_path_factory.mktemp("issuer") / "sown.db"
    settings = seeded(url="http://127.0.0.1:1", database=str(path))

    async def make() -> None:
        async with open_issuer(settings, clock=lambda: 1_700_000_000.0, cost=CHEAP):
            pass

    asyncio.run(make())
    return path


@pytest.fixture
def database(tmp_path: Path, sown_database: Path) -> Path:
    """A database of the test's own."""
    return Path(shutil.copy(sown_database, tmp_path / "issuer.db"))


@pytest.fixture
async def decider() -> AsyncIterator[Decider]:
    """A server in the runtime's place."""
    decider = Decider()
    app = web.Application()
    app.router.add_post("/api/v1/triggers/{trigger}/execute", decider.answer)
    async with serve(app, HOST, 0) as address:
        decider.url = address.url
        yield decider


@asynccontextmanager
async def token_server_of(
    settings: IssuerSettings, beside: Iterable[Route] = (), *, port: int | None = None, **options: Any
) -> AsyncIterator[TokenServer]:
    """The token server of these settings, listening at the port of their `url` or another; other routes beside its own."""
    port = int(settings.url.rpartition(":")[2]) if port is None else port
    async with AsyncExitStack() as stack:
        issuer = await stack.enter_async_context(open_issuer(settings, cost=CHEAP, **options))
        authenticator = Authenticator([*own_trust(settings, local_jwks_url(HOST, port)), ELSEWHERE])
        stack.push_async_callback(authenticator.close)
        app = create_app()
        install(app, [*issuer_routes(issuer), *beside], authenticator)
        address = await stack.enter_async_context(serve(app, HOST, port))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield TokenServer(url=address.url, issuer=issuer, http=http)


@pytest.fixture
async def opened(database: Path, decider: Decider) -> AsyncIterator[Opening]:
    """Opens token servers: with these settings in place of the usual ones, and with a clock of the test's."""
    async with AsyncExitStack() as stack:

        async def opening(
            *, clock: Callable[[], float] | None = None, beside: Iterable[Route] = (), **fields: Any
        ) -> TokenServer:
            url = f"http://{HOST}:{free_port()}"
            known = {"url": url, "database": str(database), "runtime_url": url if beside else decider.url}
            options: dict[str, Any] = {} if clock is None else {"clock": clock}
            return await stack.enter_async_context(token_server_of(seeded(**(known | fields)), beside, **options))

        yield opening


@pytest.fixture
async def tokens(opened: Opening) -> TokenServer:
    """The usual token server."""
    server: TokenServer = await opened()
    return server
