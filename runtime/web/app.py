"""The runtime's route table, from its services' tables. `http.routes.install` puts it into an application."""

from __future__ import annotations

from runtime.bootstrap import Runtime
from runtime.http.routes import Route
from runtime.web.execute import execute_routes
from runtime.web.health import health_routes
from runtime.web.logs import log_routes
from runtime.web.manage import manage_routes
from runtime.web.openapi import openapi_routes
from runtime.web.policy import policy_routes
from runtime.web.run import run_routes
from runtime.web.summary import summary_routes
from runtime.web.versions import version_routes
from runtime.web.webtask import webtask_routes
from runtime.web.webtask_logs import webtask_log_routes
from runtime.web.webtask_modules import webtask_module_routes


def web_routes(runtime: Runtime) -> list[Route]:
    """Every route of the runtime, and who may call it."""
    return [
        *execute_routes(runtime.dispatch),
        *manage_routes(runtime.admin),
        *policy_routes(runtime.admin),
        *version_routes(runtime.admin, runtime.dispatch, runtime.storage, runtime.recorder.flush),
        *run_routes(runtime.webtasks, runtime.dispatch),
        *log_routes(runtime.storage, runtime.tail, runtime.recorder.flush),
        *summary_routes(runtime.storage, runtime.recorder.flush),
        *webtask_routes(runtime.webtasks, runtime.webtask_tokens),
        *webtask_log_routes(runtime.tail),
        *webtask_module_routes(),
        *health_routes(runtime.storage, runtime.sandbox, runtime.settings.limits.limits()),
        *openapi_routes(),
    ]
