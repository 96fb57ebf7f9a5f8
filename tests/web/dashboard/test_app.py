from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.errors import SettingsError
from runtime.http.routes import Asked, Scopes
from runtime.settings import DashboardSettings, Settings
from runtime.web.app import web_routes
from runtime.web.dashboard.app import dashboard_routes, provider_of


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


@pytest.mark.parametrize(
    ("dashboard", "message"),
    [
        (DashboardSettings(oidc_issuer="https://a.example/"), "'dashboard.client_id' is missing"),
        (
            DashboardSettings(oidc_issuer="https://a.example/", client_id="c", scopes=("read:hooks",)),
            "must have 'openid'",
        ),
    ],
)
async def test_a_login_that_could_not_work_is_said_at_the_start(dashboard, message):
    """With the setting's name; without a token server the others do not matter."""
    with pytest.raises(SettingsError, match=message):
        async with provider_of(Settings(dashboard=dashboard)):
            pass
    async with provider_of(Settings(dashboard=replace(dashboard, oidc_issuer=""))) as provider:
        assert provider is None
