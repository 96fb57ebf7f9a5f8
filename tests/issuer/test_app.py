"""The token server and the real runtime at one address, as `hookd dev` has them; clients as users have them."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shutil
from asyncio.subprocess import PIPE
from pathlib import Path

import aiohttp
import httpx
import pytest
from auth0.authentication import GetToken
from auth0.management.client import Auth0
from authlib.common.security import generate_token  # type: ignore[import-untyped]  # likewise
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # authlib has no types
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # likewise
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from requests_oauthlib import OAuth2Session as RequestsSession

from runtime.http.routes import Public, Scopes
from runtime.issuer.app import issuer_routes
from runtime.issuer.records import CONNECTION
from runtime.web.app import web_routes
from tests.installed import NODE, npm_packages

API, CALLBACK = "https://api.example.com/", "https://app.example.com/cb"
OPENID_CLIENT = Path(__file__).parent / "openid_client"
VERIFIER = "a-verifier.of_43~characters-or-more-0123456789"
SECRET, PASSWORD = "m2m-secret-0123456789", "correct horse battery staple"
SEED = (
    "module.exports = function(client, scope, audience, context, cb) { var access_token = {};"
    " access_token['https://foo.com/claim'] = 'bar'; access_token.scope = scope; access_token.scope.push('extra');"
    " cb(null, access_token); };"
)
PASSWORD_HOOK = """module.exports = function (user, client, scope, audience, context, cb) {
  cb(null, {
    accessToken: { scope: scope.concat('extra'), 'https://foo.com/roles': user.app_metadata.roles, sub: 'forged' },
    idToken: { 'https://foo.com/hobby': user.user_metadata.hobby },
  });
};"""


@pytest.fixture(autouse=True)
def insecure(monkeypatch):
    """The clients must be told that http is meant."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
async def domain(opened, runtime):
    """Both services in one application; between them HTTP."""
    return await opened(beside=web_routes(runtime))


async def deploy(domain, script, trigger="credentials-exchange"):
    """An enabled hook, uploaded with a token that this domain issued."""
    body = {"name": "hook", "script": script, "triggerId": trigger, "enabled": True}
    return await domain.manage("POST", "hooks", body, status=201)


async def signed_past_the_hook(domain):
    """A management token for when the hook denies everybody, its author included."""
    claims = {"iss": f"{domain.url}/", "aud": f"{domain.url}/api/v2/", "ten": "demo", "scope": "update:hooks"}
    return await domain.issuer.keys.sign(claims | {"exp": 9_999_999_999})


async def test_the_seed_case(domain):
    """The hook's claim and scope are in the signed token; then it denies, and there is none."""
    hook = await deploy(domain, SEED)
    body = await domain.m2m()
    claims = await domain.claims(body["access_token"])

    assert body["scope"] == claims["scope"] == "read:orders write:orders extra"
    assert claims["https://foo.com/claim"] == "bar"

    denying = {"script": "module.exports = (client, scope, audience, context, cb) => cb(new Error('access denied'));"}
    await domain.manage("PATCH", f"hooks/{hook['id']}", denying, token=await signed_past_the_hook(domain))
    assert await domain.m2m(status=403) == {"error": "access_denied", "error_description": "access denied"}


@pytest.mark.parametrize(
    "body, status, error",
    [
        ("cb(new InvalidScopeError('no'))", 400, {"error": "invalid_scope", "error_description": "no"}),
        ("cb(new InvalidRequestError('no'))", 400, {"error": "invalid_request", "error_description": "no"}),
        ("cb(new ServerError('no'))", 500, {"error": "server_error", "error_description": "no"}),
        ("for (;;);", 500, {"error": "server_error", "error_description": "The hook failed: cpu_limit."}),
    ],
)
async def test_what_a_hook_answers_instead_of_a_token(domain, body, status, error):
    """Contract 0 and 2."""
    await deploy(domain, f"module.exports = function (client, scope, audience, context, cb) {{ {body} }};")

    assert await domain.m2m(status=status) == error


async def test_a_password_hook_sets_both_tokens(domain):
    """Members accessToken and idToken apart; a protected claim is not its to set."""
    await deploy(domain, PASSWORD_HOOK, "password-exchange")
    body = await domain.password(scope="openid read:orders")
    access, identity = await domain.claims(body["access_token"]), await domain.claims(body["id_token"])

    assert body["scope"] == "openid read:orders extra"
    assert access["https://foo.com/roles"] == ["admin"]
    assert identity["https://foo.com/hobby"] == "engines"
    assert access["sub"] == identity["sub"] != "forged"


async def test_without_a_hook_the_token_is_as_asked(domain):
    """No enabled hook: allow, unchanged."""
    assert (await domain.m2m(scope="read:orders"))["scope"] == "read:orders"
    assert (await domain.password(scope="read:orders"))["scope"] == "read:orders"


async def test_authlib_gets_tokens(domain):
    """By Basic and by body; for a client, for a user, and again."""

    def ask():
        for method in ("client_secret_basic", "client_secret_post"):
            with OAuth2Session("m2m", SECRET, token_endpoint_auth_method=method) as session:
                yield session.fetch_token(f"{domain.url}/oauth/token", grant_type="client_credentials", audience=API)
        with OAuth2Session("app", SECRET, scope="openid offline_access") as session:
            address = f"{domain.url}/oauth/token"
            yield session.fetch_token(address, username="ada", password=PASSWORD, audience=API)
            yield session.refresh_token(address)

    answers = await asyncio.to_thread(lambda: list(ask()))

    for answer in answers:
        assert (await domain.claims(answer["access_token"]))["aud"] == API
    assert (await domain.claims(answers[3]["id_token"]))["aud"] == "app"
    assert answers[2]["refresh_token"] != answers[3]["refresh_token"]


async def test_requests_oauthlib_gets_tokens(domain):
    """It compares the scope in the answer with the one it asked for."""

    def ask():
        client = BackendApplicationClient(client_id="m2m", scope=["read:orders"])
        with RequestsSession(client=client) as session:
            address = f"{domain.url}/oauth/token"
            yield session.fetch_token(address, client_id="m2m", client_secret=SECRET, audience=API)
        user = LegacyApplicationClient(client_id="app", scope=["openid", "offline_access", "read:orders"])
        with RequestsSession(client=user) as session:
            fields = {"username": "ada", "password": PASSWORD, "audience": API}
            yield session.fetch_token(address, client_id="app", client_secret=SECRET, **fields)
            yield session.refresh_token(address, auth=("app", SECRET))

    answers = await asyncio.to_thread(lambda: list(ask()))

    for answer in answers:
        assert (await domain.claims(answer["access_token"]))["aud"] == API


async def test_authlib_logs_a_user_in(domain):
    """PKCE by its own means, for a client with a secret and for one without; it checks state and the ID token."""
    for client_id, secret in (("web", SECRET), ("native", None)):
        method = "client_secret_basic" if secret else "none"
        session = OAuth2Session(
            client_id,
            secret,
            token_endpoint_auth_method=method,
            redirect_uri=CALLBACK,
            scope="openid offline_access read:orders",
            code_challenge_method="S256",
        )
        verifier = generate_token(48)
        address, state = session.create_authorization_url(
            f"{domain.url}/authorize", code_verifier=verifier, audience=API, nonce="n"
        )
        page = await domain.browse("GET", address.removeprefix(domain.url))
        back = (await domain.log_in(page)).headers["Location"]
        tokens = await asyncio.to_thread(
            session.fetch_token,
            f"{domain.url}/oauth/token",
            authorization_response=back,
            state=state,
            code_verifier=verifier,
        )
        refreshed = await asyncio.to_thread(session.refresh_token, f"{domain.url}/oauth/token")

        claims = CodeIDToken(
            await domain.claims(tokens["id_token"]),
            {},
            {"iss": {"value": f"{domain.url}/"}, "aud": {"value": client_id}},
            {"nonce": "n", "client_id": client_id, "access_token": tokens["access_token"]},
        )
        claims.header = {"alg": "RS256"}
        claims.validate()
        assert (await domain.claims(refreshed["access_token"]))["sub"] == claims["sub"]
        session.close()


async def test_requests_oauthlib_logs_a_user_in(domain):
    """It makes its own verifier, and compares state and scope."""
    with RequestsSession("web", redirect_uri=CALLBACK, scope=["openid", "read:orders"], pkce="S256") as session:
        address, _ = session.authorization_url(f"{domain.url}/authorize", audience=API)
        back = (await domain.log_in(await domain.browse("GET", address.removeprefix(domain.url)))).headers["Location"]
        tokens = await asyncio.to_thread(
            session.fetch_token,
            f"{domain.url}/oauth/token",
            authorization_response=back,
            client_secret=SECRET,
            include_client_id=True,
        )

    assert (await domain.claims(tokens["access_token"]))["aud"] == API


@pytest.mark.parametrize("client_id, secret", [("web", SECRET), ("native", "")])
async def test_openid_client_logs_a_user_in(domain, client_id, secret):
    """npm's, which is certified by the OpenID Foundation: discovery, iss in the answer, at_hash, nonce, refresh."""
    modules = await asyncio.to_thread(npm_packages, OPENID_CLIENT)
    script = modules.parent / "login.js"  # modules are found from where a script lies
    await asyncio.to_thread(shutil.copy, OPENID_CLIENT / "login.js", script)
    words = (f"{domain.url}/", client_id, secret, CALLBACK, API, "ada", PASSWORD)
    process = await asyncio.create_subprocess_exec(NODE, script, *words, stdout=PIPE, stderr=PIPE)
    said, complaint = await process.communicate()

    assert process.returncode == 0, complaint.decode()
    answer = json.loads(said)
    assert answer["scope"] == "openid email offline_access read:orders"
    assert answer["claims"]["email"] == "ada@example.com"
    assert answer["claims"]["sub"] == answer["refreshed"]["sub"]


async def test_auth0_python_gets_tokens(domain):
    """JSON bodies with nulls, password-realm by default."""
    host = domain.url.removeprefix("http://")

    def ask():
        yield GetToken(host, "m2m", SECRET, protocol="http").client_credentials(API)
        app = GetToken(host, "app", SECRET, protocol="http")
        yield app.login("ada", PASSWORD, scope="openid offline_access", audience=API)
        yield app.login("ada", PASSWORD, scope="offline_access", audience=API, grant_type="password")

    answers = await asyncio.to_thread(lambda: list(ask()))
    refreshed = await asyncio.to_thread(
        GetToken(host, "app", SECRET, protocol="http").refresh_token, answers[1]["refresh_token"]
    )

    for answer in (*answers, refreshed):
        assert (await domain.claims(answer["access_token"]))["aud"] == API


async def test_no_route_is_open_by_accident(domain):
    """Public are the token endpoint, which authenticates its clients itself, the login, and discovery; nothing else."""
    routes = issuer_routes(domain.issuer)
    public = {route.path for route in routes if isinstance(route.access, Public)}

    assert public == {
        "/oauth/token",
        "/authorize",
        "/login",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
    }
    async with aiohttp.ClientSession() as http:
        for route in routes:
            if isinstance(route.access, Scopes):
                async with http.request(route.method, domain.url + re.sub(r"\{\w+\}", "x", route.path)) as answer:
                    assert answer.status == 401, route


async def test_no_secret_is_written_anywhere(domain, caplog, tmp_path):
    """Not into the log at its most talkative, not into any file, not into an answer or an execution record."""
    caplog.set_level(logging.DEBUG)
    await deploy(
        domain, "module.exports = (u, c, s, a, x, cb) => { console.log(x); cb(null, {}); };", "password-exchange"
    )
    first = (await domain.password(scope="offline_access"))["refresh_token"]
    code = await domain.code(scope="openid offline_access", login_hint="ada")
    third = (await domain.redeem(code))["refresh_token"]
    await domain.log_in(await domain.authorize(), password="wrong-hush")
    second = (await domain.refresh(first))["refresh_token"]
    await domain.password(status=400, password="wrong-hush")
    await domain.m2m(status=401, client_secret="wrong-hush")
    await domain.refresh("wrong-hush", status=400)
    bearer = await domain.management_token()
    answers = [await domain.manage("GET", path, token=bearer) for path in ("clients", "users", "keys/signing")]

    files = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    everywhere = f"{caplog.text} {answers} {files.decode(errors='replace')}"
    for secret in (SECRET, PASSWORD, first, second, code, VERIFIER, third, "wrong-hush"):
        assert secret not in everywhere
    assert bearer not in everywhere


async def test_auth0_pythons_management_client_works(tokens):
    """The vendor's own SDK, its models and its pagers, against everything that is managed here."""
    bearer = await tokens.management_token()

    def manage(http):
        client = Auth0(base_url=f"{tokens.url}/api/v2", token=bearer, httpx_client=http)
        made = client.clients.create(name="New", app_type="non_interactive", grant_types=["client_credentials"])
        api = client.resource_servers.create(identifier="urn:new", scopes=[{"value": "a", "description": "b"}])
        grant = client.client_grants.create(client_id=made.client_id, audience="urn:new", scope=["a"])
        user = client.users.create(connection=CONNECTION, email="z@example.com", password="hush-hush")
        yield made.client_secret, client.clients.rotate_secret(made.client_id).client_secret
        yield client.clients.update(made.client_id, description="x").description, "x"
        yield made.client_id in {row.client_id for row in client.clients.list()}, True
        yield client.resource_servers.get("urn:new").id, api.id
        yield [row.id for row in client.client_grants.list(client_id=made.client_id)], [grant.id]
        yield user.user_id in {row.user_id for row in client.users.list()}, True
        yield client.keys.signing.rotate().kid, client.keys.signing.list()[0].kid

    with httpx.Client() as http:
        answers = await asyncio.to_thread(lambda: list(manage(http)))

    assert answers[0][0] != answers[0][1]
    assert [found for found, _ in answers[1:]] == [expected for _, expected in answers[1:]]
