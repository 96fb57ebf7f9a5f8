from __future__ import annotations

import pytest

from runtime.http.routes import Public, Scopes
from runtime.settings import Settings
from runtime.ulid import Ulids
from runtime.web.app import web_routes
from runtime.web.dashboard.app import dashboard_routes
from tests.web.conftest import ALL_SCOPES, Api, opened, token

PUBLIC = {"/livez", "/readyz", "/metrics", "/openapi.json", "/api/env/node/modules/{name}"}


VARIABLES = {
    "id": Ulids().new(0),
    "trigger": "credentials-exchange",
    "number": "1",
    "container": "acme",
    "name": "a-hook",
}
STREAMS = ("/api/v1/logs/tail", "/api/logs/tenant/{container}")


def path_of(template: str) -> str:
    return template.format_map(VARIABLES)


async def test_only_health_and_discovery_are_public(api: Api):
    """A new route without a token must be named here first."""
    routes = web_routes(api.runtime)
    assert {route.path for route in routes if isinstance(route.access, Public)} == PUBLIC
    assert all(route.access.why for route in routes if isinstance(route.access, Public))
    assert {scope for route in routes if isinstance(route.access, Scopes) for scope in route.access.any_of} == set(
        ALL_SCOPES.split()
    )


@pytest.mark.parametrize(
    "bearer, status, code",
    [
        (None, 401, "invalid_token"),
        ("nonsense", 401, "invalid_token"),
        (token(exp=1), 401, "invalid_token"),
        (token(aud="urn:other"), 401, "invalid_token"),
        (token(iss="urn:other"), 401, "invalid_token"),
        (token(ten=None), 401, "invalid_token"),
        (token(scope=""), 403, "insufficient_scope"),
        (token(scope="openid profile"), 403, "insufficient_scope"),
    ],
    ids=["none", "nonsense", "expired", "audience", "issuer", "tenant", "no scope", "other scopes"],
)
async def test_every_route_refuses_a_bad_token(api: Api, bearer, status, code):
    """Walks the route table: each guarded route refuses, with the usual body, before it looks at anything else."""
    stranger = api.with_token(bearer)
    for route in web_routes(api.runtime):
        if not isinstance(route.access, Scopes):
            continue
        answer = await stranger.call(route.method, path_of(route.path))
        assert (route.path, answer.status, answer.body["errorCode"]) == (route.path, status, code)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_every_route_wants_its_own_scope(api: Api):
    """All scopes but the right ones are not enough, and the right one alone is."""
    for route in web_routes(api.runtime):
        if not isinstance(route.access, Scopes):
            continue
        others = " ".join(scope for scope in ALL_SCOPES.split() if scope not in route.access.any_of)
        refused = await api.with_token(token(scope=others)).call(route.method, path_of(route.path))
        assert (route.path, refused.status) == (route.path, 403)
        assert refused.body["message"] == f"Insufficient scope; expected any of: {', '.join(route.access.any_of)}."
        if route.path not in STREAMS:
            right = token(scope=route.access.any_of[0])
            assert (await api.with_token(right).call(route.method, path_of(route.path))).status not in (401, 403)


async def test_public_routes_want_no_token(api: Api):
    """And do not mind a bad one. That of /metrics is its own."""
    for path in PUBLIC - {"/metrics"}:
        for bearer in (None, "nonsense"):
            assert (await api.with_token(bearer).call("GET", path_of(path))).status == 200


async def test_unknown_paths_and_methods_tell_nothing(api: Api):
    """404 and 405 in the usual shape, with or without a token."""
    for bearer in (None, api.bearer):
        caller = api.with_token(bearer)
        assert (await caller.call("GET", "/api/v2/rules")).status == 404
        wrong = await caller.call("PUT", "/api/v2/hooks")
        assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, POST")


async def test_every_answer_has_the_security_headers_and_tells_nothing_of_the_server(settings: Settings):
    """Walks the route table, the dashboard too, with a token and without: whatever the status, no version, no path, no traceback."""
    async with opened(settings, dashboard=True) as api:
        for route in [*web_routes(api.runtime), *dashboard_routes(api.runtime)]:
            path = route.path.replace("{rest:.*}", "x").replace("{page:.*}", "hooks").format_map(VARIABLES)
            for headers in ({}, api.headers) if route.path not in STREAMS else ({},):
                async with api.client.request(route.method, api.url + path, headers=headers) as answer:
                    text = f"{dict(answer.headers)} {await answer.text()}"
                    assert answer.headers["X-Content-Type-Options"] == "nosniff", route.path
                    assert answer.headers["Server"] == "hookd"
                    assert "Cache-Control" in answer.headers
                    assert answer.headers["X-Request-Id"]
                    told = [
                        word
                        for word in ("aiohttp", "Python/", "Traceback", ".py", str(settings.storage.url)[10:])
                        if word in text
                    ]
                    assert not told, (route.path, answer.status, told)
                    if "text/html" in answer.headers.get("Content-Type", ""):
                        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                        assert answer.headers["X-Frame-Options"] == "DENY"
