"""Logging in at the real token server, in the same process at the same port, as `hookd dev` has them."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import orjson
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from runtime.bootstrap import Runtime, open_runtime
from runtime.cli.demo import MANAGER_SCOPES, open_demo, write_environment
from runtime.http.app import create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.routes import install
from runtime.issuer.app import Issuer, issuer_routes, local_jwks_url, open_issuer, own_trust
from runtime.settings import Settings
from runtime.storage.sealing import Sealer, derive_key
from runtime.web.app import web_routes
from runtime.web.dashboard.app import dashboard_routes, provider_of
from runtime.web.dashboard.login import MOST_FAILURES
from runtime.web.dashboard.oidc import ATTEMPT_SECONDS, ERRORS
from tests.issuer.conftest import CHEAP
from tests.ports import free_port

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
LOGIN_PAGE = Path(__file__).parents[3] / "runtime" / "dashboard" / "src" / "pages" / "login.tsx"


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the browser got."""

    status: int
    headers: CIMultiDictProxy[str]
    text: str

    @property
    def location(self) -> str:
        return self.headers["Location"]

    @property
    def answer(self) -> dict[str, str]:
        """What the address that it leads to has in its query."""
        return dict(parse_qsl(urlsplit(self.location).query))


@dataclass(kw_only=True)
class Demo:
    """A demo that runs, and a browser with its cookies. It follows no redirect by itself."""

    url: str
    username: str
    password: str
    runtime: Runtime
    issuer: Issuer
    http: aiohttp.ClientSession

    async def get(self, address: str, **sent: Any) -> Page:
        return await self.send("GET", address, **sent)

    async def send(self, method: str, address: str, **sent: Any) -> Page:
        url = address if address.startswith("http") else self.url + address
        async with self.http.request(method, url, allow_redirects=False, **sent) as answer:
            return Page(status=answer.status, headers=answer.headers, text=await answer.text())

    async def at_the_token_server(self, **fields: str) -> Page:
        """Begun in the dashboard, logged in at the token server: the answer that sends the browser back."""
        begun = await self.get("/dashboard/login/oidc")
        page = await self.get(begun.location)
        match = re.search('name="request" value="([^"]*)"', page.text)
        assert match is not None, page.text
        form = {"request": unescape(match[1]), "username": self.username, "password": self.password} | fields
        return await self.send("POST", "/login", data=form, headers={"Origin": self.url})

    @property
    def port(self) -> int:
        return URL(self.url).port or 0

    def cookies(self) -> dict[str, str]:
        """By their names without the port, which they all have."""
        return {cookie.key.removesuffix(f"_{self.port}"): cookie.value for cookie in self.http.cookie_jar}

    def has(self, **cookies: str) -> None:
        """The browser has these, as if they had been set."""
        named = {f"{name}_{self.port}": value for name, value in cookies.items()}
        self.http.cookie_jar.update_cookies(named, response_url=URL(self.url))


@asynccontextmanager
async def opened(folder: Path, cache: Path, change: Callable[[Settings], Settings]) -> AsyncIterator[Demo]:
    """The services of a demo as `hookd dev` opens them, their settings changed."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    kept = open_demo(folder)
    settings = kept.settings(url, port, {})
    settings = replace(settings, sandbox=replace(settings.sandbox, cache_directory=str(cache), threads=1))
    own = own_trust(settings.issuer, local_jwks_url("127.0.0.1", port))
    settings = change(replace(settings, auth=replace(settings.auth, trusted=(*settings.auth.trusted, *own))))
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(settings))
        issuer = await stack.enter_async_context(open_issuer(settings.issuer, cost=CHEAP))
        provider = await stack.enter_async_context(provider_of(settings))
        authenticator = Authenticator(settings.auth.trusted)
        stack.push_async_callback(authenticator.close)
        app = create_app()
        routes = [*web_routes(runtime), *dashboard_routes(runtime, provider), *issuer_routes(issuer)]
        install(app, routes, authenticator)
        await stack.enter_async_context(serve(app, "127.0.0.1", port))
        jar = aiohttp.CookieJar(unsafe=True)  # aiohttp's word for addresses of numbers
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        yield Demo(
            url=url, username="manager", password=kept.manager_password, runtime=runtime, issuer=issuer, http=http
        )


@pytest.fixture(scope="session")
def sown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo's folder with keys and seeds, of another port: making them anew for every test takes long."""
    folder = tmp_path_factory.mktemp("sown")

    async def make() -> None:
        kept = open_demo(folder)
        async with open_issuer(kept.settings("http://127.0.0.1:1", 1, {}).issuer, cost=CHEAP):
            write_environment(kept.environment_file, kept.environment("http://127.0.0.1:1", ""))

    asyncio.run(make())
    return folder


@pytest.fixture
async def opening(tmp_path: Path, engine_cache: Path, sown: Path) -> AsyncIterator[Callable[..., Any]]:
    shutil.copytree(sown, tmp_path / "demo")
    async with AsyncExitStack() as stack:

        async def opening(change: Callable[[Settings], Settings] = lambda settings: settings) -> Demo:
            return await stack.enter_async_context(opened(tmp_path / "demo", engine_cache, change))

        yield opening


@pytest.fixture
async def demo(opening: Callable[..., Any]) -> Demo:
    made: Demo = await opening()
    return made


async def test_a_login_at_the_token_server_is_a_session(demo):
    """The demo's user: there, back with a code, and then on the hooks' page with all that the dashboard does."""
    begun = await demo.get("/dashboard/login/oidc")
    back = await demo.at_the_token_server()
    done = await demo.get(back.location)

    assert (begun.status, back.status, done.status) == (303, 303, 303)
    assert begun.answer["redirect_uri"] == f"{demo.url}/dashboard/callback"
    assert begun.answer["code_challenge_method"] == "S256"
    assert back.location.startswith(f"{demo.url}/dashboard/callback?code=")
    assert done.location == "/dashboard/hooks"
    session = orjson.loads((await demo.get("/dashboard/session", headers=SAME_ORIGIN)).text)
    assert (session["tenant"], session["subject"].partition("|")[0]) == ("demo", "auth0")
    assert session["scopes"] == sorted(("openid", *MANAGER_SCOPES))
    headers = SAME_ORIGIN | {"X-CSRF-Token": session["csrf"]}
    hook = {"name": "mine", "triggerId": "credentials-exchange", "script": "module.exports = (a, b, c, d, cb) => cb();"}
    made = await demo.send("POST", "/api/v2/hooks", json=hook, headers=headers)
    assert made.status == 201, made.text
    assert (await demo.get("/api/v1/logs", headers=SAME_ORIGIN)).status == 200


async def test_the_login_page_knows_that_there_is_a_token_server(demo, opening):
    """`/dashboard/login.json`; without one the way there is a page like any other."""
    without = await opening(lambda settings: replace(settings, dashboard=replace(settings.dashboard, oidc_issuer="")))

    assert orjson.loads((await demo.get("/dashboard/login.json")).text) == {"oidc": True}
    assert orjson.loads((await without.get("/dashboard/login.json")).text) == {"oidc": False}
    assert "Location" not in (await without.get("/dashboard/login/oidc")).headers


async def test_no_token_is_where_a_script_or_a_log_could_read_it(demo, caplog):
    """Not in an address, an answer or a log: in the one cookie that is sealed, HttpOnly and strict."""
    caplog.set_level(logging.DEBUG)
    begun = await demo.get("/dashboard/login/oidc")
    back = await demo.at_the_token_server()
    done = await demo.get(back.location)

    kept = {line.partition("=")[0].rpartition("_")[0]: line for line in begun.headers.getall("Set-Cookie")}
    assert {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={ATTEMPT_SECONDS}"} <= set(kept["hookd_login"].split("; "))
    given = {line.partition("=")[0].rpartition("_")[0]: line for line in done.headers.getall("Set-Cookie")}
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(given["hookd_session"].split("; "))
    assert "Max-Age=0" in given["hookd_login"]
    assert (done.headers["Cache-Control"], done.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    everywhere = f"{back.location} {done.location} {done.text} {caplog.text} {begun.headers} {done.headers}"
    assert "eyJ" not in everywhere
    assert "code_verifier" not in everywhere
    assert back.answer["code"] not in caplog.text


async def refused(demo: Demo, address: str) -> str:
    """What the login page is told when the browser comes back so; there is no session."""
    page = await demo.get(address)
    assert page.status == 303, page.text
    assert page.location.startswith("/dashboard/login?error="), page.location
    assert "hookd_session" not in demo.cookies()
    assert page.answer["error"] in ERRORS
    return page.answer["error"]


async def test_an_answer_to_another_login_is_refused(demo):
    """Login CSRF, mix-up, a code of somebody else's login: state, `iss` and nonce; the login itself can still be ended."""
    back = await demo.at_the_token_server()
    callback, answer = back.location.partition("?")[0], back.answer

    def with_(**fields: str | None) -> str:
        changed: dict[str, Any] = answer | fields
        return f"{callback}?{urlencode({name: value for name, value in changed.items() if value is not None})}"

    for state in ("another", "", "é", None):
        assert await refused(demo, with_(state=state)) == "login_expired"
    assert await refused(demo, callback) == "login_expired"
    assert (await demo.get(back.location)).location == "/dashboard/hooks"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"iss": "https://evil.example/\n2026-01-01 forged"}, "login_refused"),
        ({"iss": None}, "login_refused"),
        ({"code": "nonsense"}, "login_refused"),
        ({"code": None}, "login_refused"),
        ({"code": "x" * 5_000}, "login_refused"),
        ({"error": "access_denied"}, "access_denied"),
        ({"error": "<script>\n", "error_description": "<script>alert(1)</script>\n"}, "login_refused"),
    ],
)
async def test_an_answer_that_is_not_good_ends_the_attempt(demo, caplog, fields, error):
    """With a word for the login page that is one of ours, and one line in the log; the same answer, mended, comes too late."""
    back = await demo.at_the_token_server()
    changed: dict[str, Any] = back.answer | fields
    query = urlencode({name: value for name, value in changed.items() if value is not None})

    caplog.set_level(logging.WARNING, "hookd.dashboard")

    assert await refused(demo, f"/dashboard/callback?{query}") == error
    (line,) = [record.getMessage() for record in caplog.records if record.name == "hookd.dashboard"]
    assert "\n" not in line
    assert await refused(demo, back.location) == "login_expired"


async def test_a_parameter_that_comes_twice_is_refused(demo):
    """Which of the two counts, nobody could say."""
    back = await demo.at_the_token_server()

    assert await refused(demo, f"{back.location}&code=other") == "login_refused"


async def test_the_answer_is_for_the_browser_that_asked(demo):
    """Without its cookie, with another's, or with a forged one, the best code is worth nothing."""
    back = await demo.at_the_token_server()
    mine = demo.cookies()["hookd_login"]
    forged = Sealer(derive_key(bytes(32), "dashboard sessions")).seal("dashboard login", '{"at":1}')
    for value in ("", "nonsense", "é", base64.urlsafe_b64encode(forged).decode(), mine[:-8], mine[4:]):
        demo.http.cookie_jar.clear()
        demo.has(hookd_login=value)
        assert await refused(demo, back.location) == "login_expired"
    session = demo.runtime.session_sealer.seal("dashboard session", "csrf.token")
    demo.has(hookd_login=base64.urlsafe_b64encode(session).decode())
    assert await refused(demo, back.location) == "login_expired"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"nonce": "of another login"}, "login_refused"),
        ({"verifier": "v" * 43}, "login_refused"),
        ({"redirect_uri": "https://app.example.com/cb"}, "login_refused"),
        ({"at": time.time() - ATTEMPT_SECONDS - 1}, "login_expired"),
    ],
)
async def test_an_attempt_is_what_was_begun(demo, change, error):
    """The ID token is of this login, the code was asked for with this proof and for this place, ten minutes ago at most."""
    back = await demo.at_the_token_server()
    sealer = demo.runtime.session_sealer
    kept = orjson.loads(sealer.open("dashboard login", base64.urlsafe_b64decode(demo.cookies()["hookd_login"] + "==")))
    sealed = sealer.seal("dashboard login", orjson.dumps(kept | change).decode())
    demo.has(hookd_login=base64.urlsafe_b64encode(sealed).decode())

    assert await refused(demo, back.location) == error


async def test_a_code_comes_once(demo):
    """The way back, walked again: the attempt is over, and at the token server the code is too."""
    back = await demo.at_the_token_server()
    attempt = demo.cookies()["hookd_login"]
    assert (await demo.get(back.location)).location == "/dashboard/hooks"
    demo.http.cookie_jar.clear()

    assert await refused(demo, back.location) == "login_expired"
    demo.has(hookd_login=attempt)
    assert await refused(demo, back.location) == "login_refused"


async def test_who_cancels_or_may_do_nothing_is_told_so(demo):
    """By the token server: a user without permissions, and one who went back."""
    canceled = await demo.at_the_token_server(cancel="1")
    assert await refused(demo, canceled.location) == "access_denied"
    manager = await demo.issuer.store.users.find(username="manager")
    await demo.issuer.store.users.change(manager.user_id, lambda user: replace(user, permissions=()))
    assert await refused(demo, (await demo.at_the_token_server()).location) == "access_denied"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            lambda settings: replace(settings, auth=replace(settings.auth, trusted=settings.auth.trusted[:1])),
            "token_refused",
        ),
        (
            lambda settings: replace(settings, dashboard=replace(settings.dashboard, scopes=("openid",))),
            "insufficient_scope",
        ),
        (
            lambda settings: replace(settings, dashboard=replace(settings.dashboard, client_secret="x" * 20)),
            "login_refused",
        ),
    ],
)
async def test_a_token_that_opens_nothing_here_is_no_session(opening, change, error):
    """Not of an [[auth.trusted]], without a scope of use; a wrong secret gives none at all."""
    demo = await opening(change)

    assert await refused(demo, (await demo.at_the_token_server()).location) == error


async def test_a_token_server_that_is_not_there_is_said_so(opening):
    """Before the browser goes anywhere; the log has the reason."""
    demo = await opening(
        lambda settings: replace(settings, dashboard=replace(settings.dashboard, oidc_issuer="http://127.0.0.1:1/"))
    )

    assert await refused(demo, "/dashboard/login/oidc") == "unavailable"


async def test_who_fails_often_waits(demo):
    """Each failure has cost a request to the token server; coming by without a login has not, and counts for nothing."""
    for _ in range(MOST_FAILURES + 1):
        assert await refused(demo, "/dashboard/callback?code=x") == "login_expired"
    back = await demo.at_the_token_server()
    attempt = demo.cookies()["hookd_login"]
    query = urlencode(back.answer | {"code": "x"})
    for _ in range(MOST_FAILURES):
        demo.has(hookd_login=attempt)
        assert await refused(demo, f"/dashboard/callback?{query}") == "login_refused"

    demo.has(hookd_login=attempt)
    assert await refused(demo, back.location) == "too_many_attempts"


async def test_over_a_network_it_is_https(demo):
    """The callback that is asked for, and the cookie: by a host that is not this machine, nothing goes in the clear."""
    begun = await demo.get("/dashboard/login/oidc", headers={"Host": "hookd.example"})
    (cookie,) = begun.headers.getall("Set-Cookie")

    assert begun.answer["redirect_uri"] == "https://hookd.example/dashboard/callback"
    assert cookie.startswith("__Host-hookd_login=")
    assert "; Secure" in cookie
    assert "not among the callbacks" in (await demo.get(begun.location)).text
    assert (await demo.get("/dashboard/login/oidc", headers={"Host": "hookd.example/x?y"})).status == 400


def test_the_login_page_has_a_sentence_for_each_word():
    """And none for a word that there is not."""
    listed = re.search(r"const ERRORS = new Map\(\[(.*?)\]\);", LOGIN_PAGE.read_text(), re.DOTALL)

    assert listed is not None
    assert tuple(re.findall(r'^  \["(\w+)",', listed[1], re.MULTILINE)) == ERRORS
