"""The dashboard's own route table. What its pages call beside these are the APIs' routes that take a session (`web.app`)."""

from __future__ import annotations

from runtime.bootstrap import Runtime
from runtime.http.routes import Route
from runtime.web.dashboard.files import file_routes
from runtime.web.dashboard.login import login_routes
from runtime.web.dashboard.overview import overview_routes
from runtime.web.dashboard.session import Sessions


def dashboard_routes(runtime: Runtime) -> list[Route]:
    """Every route under `/dashboard`."""
    sessions = Sessions(runtime.session_sealer)
    return [*login_routes(sessions), *overview_routes(runtime, sessions.bearer), *file_routes()]
