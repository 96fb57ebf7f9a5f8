from __future__ import annotations

from runtime.http.routes import Asked, Scopes
from runtime.web.app import web_routes
from runtime.web.dashboard.app import dashboard_routes


async def test_a_session_opens_what_the_pages_need_and_nothing_else(runtime):
    """Hooks, their versions, secrets and policies, and the log. Never a route that runs hooks for a token."""
    taken = {route.path for route in web_routes(runtime) if route.session is not None}

    assert {"/".join(path.split("/")[:4]) for path in taken} == {
        "/api/v2/hooks",
        "/api/v1/hooks",
        "/api/v1/logs",
    }
    for route in (*web_routes(runtime), *dashboard_routes(runtime)):
        if route.session is not None:
            assert isinstance(route.access, Scopes | Asked)
            assert "execute:hooks" not in route.access.any_of
