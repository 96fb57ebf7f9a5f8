"""The runtime's route table, from its services' tables. `http.routes.install` puts it into an application."""

from __future__ import annotations

from dataclasses import replace

from runtime.bootstrap import Runtime
from runtime.http.routes import Route
from runtime.web.admission import Admission
from runtime.web.dashboard.session import Sessions
from runtime.web.execute import execute_routes
from runtime.web.health import health_routes
from runtime.web.logs import log_routes
from runtime.web.manage import manage_routes
from runtime.web.metrics import Exposition, metrics_routes
from runtime.web.openapi import openapi_routes
from runtime.web.policy import policy_routes
from runtime.web.run import run_routes
from runtime.web.summary import summary_routes
from runtime.web.turns import Turns
from runtime.web.versions import version_routes
from runtime.web.webtask import webtask_routes
from runtime.web.webtask_logs import webtask_log_routes
from runtime.web.webtask_modules import webtask_module_routes


def web_routes(runtime: Runtime, exposition: Exposition | None = None) -> list[Route]:
    """Every route of the runtime's APIs, and who may call it. What the dashboard's pages call takes its session, too.

    `exposition` is what `/metrics` has, if not that of this process alone.
    """
    # One of each: what runs a hook has its share of the same, by whichever route.
    admission, turns = Admission(runtime.settings.server, runtime.rates), Turns()
    bearer = Sessions(runtime.session_sealer, runtime.ended_sessions).bearer
    steering = (
        *manage_routes(runtime.admin),
        *policy_routes(runtime.admin),
        *version_routes(runtime.admin, runtime.dispatch, runtime.storage, runtime.recorder.flush),
        *log_routes(runtime.storage, runtime.tail, runtime.relay, runtime.recorder.flush),
        *summary_routes(runtime.storage, runtime.recorder.flush),
    )
    return [
        *execute_routes(runtime.dispatch, admission, turns, runtime.repeats),
        *(replace(route, session=bearer) for route in steering),
        *run_routes(runtime.webtasks, runtime.dispatch, admission, turns),
        *webtask_routes(runtime.webtasks, runtime.webtask_tokens),
        *webtask_log_routes(runtime.tail),
        *webtask_module_routes(),
        *metrics_routes(runtime.settings.metrics.token, exposition or Exposition(runtime)),
        *health_routes(
            runtime.storage,
            runtime.sandbox,
            runtime.settings.limits.limits(),
            runtime.preparations.loaded,
            lambda: runtime.recorder.refusal,
        ),
        *openapi_routes(),
    ]
