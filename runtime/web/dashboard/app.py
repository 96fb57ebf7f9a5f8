"""The dashboard's own route table. What its pages call beside these are the APIs' routes that take a session (`web.app`)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runtime.bootstrap import Runtime
from runtime.errors import SettingsError
from runtime.http.provider import Provider, open_provider
from runtime.http.routes import Route
from runtime.settings import Settings
from runtime.web.dashboard.files import file_routes
from runtime.web.dashboard.login import login_routes
from runtime.web.dashboard.oidc import oidc_routes
from runtime.web.dashboard.overview import overview_routes
from runtime.web.dashboard.session import Sessions


def dashboard_routes(runtime: Runtime, provider: Provider | None = None) -> list[Route]:
    """Every route under `/dashboard`. With a provider people may log in there, beside with API tokens."""
    sessions = Sessions(runtime.session_sealer, runtime.ended_sessions)
    return [
        *login_routes(sessions, oidc=provider is not None),
        *(
            []
            if provider is None
            else oidc_routes(sessions, runtime.session_sealer, runtime.settings.dashboard, provider)
        ),
        *overview_routes(runtime, sessions.bearer),
        *file_routes(),
    ]


@asynccontextmanager
async def provider_of(settings: Settings) -> AsyncIterator[Provider | None]:
    """The OpenID provider of these settings, as long as the block runs; None where none is named. `SettingsError`."""
    dashboard = settings.dashboard
    if not dashboard.oidc_issuer:
        yield None
        return
    if not dashboard.client_id:
        raise SettingsError(
            "'dashboard.client_id' is missing: the client that the dashboard is at 'dashboard.oidc_issuer'."
        )
    if "openid" not in dashboard.scopes:
        raise SettingsError("'dashboard.scopes' must have 'openid': without it there is no ID token.")
    async with open_provider(
        issuer=dashboard.oidc_issuer,
        client_id=dashboard.client_id,
        client_secret=dashboard.client_secret,
        leeway=settings.auth.leeway,
    ) as provider:
        yield provider
