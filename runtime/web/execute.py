"""The execution API: a token server asks what goes into a token, or tells what happened. The door of the hot path, no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Final

import orjson
from aiohttp import web

from runtime.dispatch import Admit, Dispatch, Executed
from runtime.errors import InvalidBody, NotFound
from runtime.http.busy import busy_response
from runtime.http.routes import REQUEST_ID, Call, Route, Scopes
from runtime.http.trace import traceparent
from runtime.model import Allow, JsonObject
from runtime.repeats import Repeats
from runtime.triggers import TRIGGERS
from runtime.web.admission import Admission
from runtime.web.shapes import dropped_body, execution_summary, fault_body, run_body
from runtime.web.turns import Turns

REPEATED_HEADER: Final = "X-Hook-Repeated"
"""On an answer that was given before: the request came a second time within a minute, and no hook ran for it."""


def execute_routes(dispatch: Dispatch, admission: Admission, turns: Turns, repeats: Repeats) -> list[Route]:
    """`POST /api/v1/triggers/{trigger}/execute`."""
    execution = _execution(dispatch, admission)

    async def execute(call: Call) -> web.StreamResponse:
        turn = turns.wait(call.caller.tenant)
        if turn is not None:
            await turn
        payload = await call.json()
        if REQUEST_ID not in call.request.headers:
            return busy_response(_written(await execution(call, payload)))

        async def make() -> bytes:
            return _written(await execution(call, payload))

        answer, is_repeat = await repeats.answer(_key(call, payload), make)
        response = busy_response(answer)
        if is_repeat:
            response.headers[REPEATED_HEADER] = "true"
        return response

    return [
        Route(
            method="POST",
            path="/api/v1/triggers/{trigger}/execute",
            handler=execute,
            access=Scopes("execute:hooks"),
            audit="",
            busy=tuple({"trigger": trigger.id} for trigger in TRIGGERS.values() if trigger.grant),
        )
    ]


def _execution(dispatch: Dispatch, admission: Admission) -> Callable[[Call, object], Awaitable[Executed]]:
    """What runs the hooks for a request with this body, or refuses it."""

    # No coroutine of its own: each is half a microsecond of every request.
    def run(call: Call, payload: object, admit: Admit | None = None) -> Awaitable[Executed]:
        trace = traceparent(call.request.headers)
        return dispatch.execute(
            call.caller.tenant, call.path("trigger"), payload, request_id=call.request_id, trace=trace, admit=admit
        )

    async def bounded_by_tenant(call: Call, payload: object) -> Executed:
        await _admitted(admission.require(call.caller.tenant))
        return await run(call, payload)

    async def bounded_by_hook(call: Call, payload: object) -> Executed:
        """What is refused for a hook's sake takes nothing of the tenant's, so both are asked when the hooks are known."""
        tenant = call.caller.tenant
        try:
            return await run(call, payload, lambda hooks: admission.require(tenant, hooks))
        except (InvalidBody, NotFound):
            # For no hook at all, and still a request of the tenant's.
            await _admitted(admission.require(tenant))
            raise

    if admission.is_by_hook:
        return bounded_by_hook
    return bounded_by_tenant if admission.is_needed else run


async def _admitted(asked: Awaitable[None] | None) -> None:
    if asked is not None:
        await asked


def _written(executed: Executed) -> bytes:
    return orjson.dumps(decision_body(executed))


def _key(call: Call, payload: object) -> bytes:
    """What makes two requests one. Another body under the same id is another request: it must not get this one's answer."""
    request = call.caller.tenant, call.path("trigger"), call.request_id, payload
    return blake2b(orjson.dumps(request, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def decision_body(executed: Executed) -> dict[str, object]:
    """The answer. A denial is an answer too: its status is 200, for the token server asked rightly."""
    decision, execution, trigger = executed.decision, executed.execution, executed.trigger
    ran = None if execution is None else execution_summary(execution)
    if isinstance(decision, Allow):
        body: dict[str, object] = {"decision": "allow"}
        if trigger.grant:
            body["scope"], body["claims"] = decision.scope, decision.claims
            if trigger.has_id_token:
                body["id_token_claims"] = decision.id_token_claims
            body["dropped"] = dropped_body(decision.dropped)
        elif decision.data is not None:
            body |= decision.data
            body["dropped"] = dropped_body(decision.dropped)
    else:
        body = {"decision": "deny", "error": decision.error, "error_description": decision.description}
        if decision.user_message:
            body["user_message"] = decision.user_message
    body["execution"] = ran
    if len(executed.executions) > 1:
        body["executions"] = [execution_summary(execution) for execution in executed.executions]
    if executed.fault is not None:
        body["hook_error"] = fault_body(executed.fault)
    return body


def trial_body(request: JsonObject, executed: Executed) -> dict[str, object]:
    """What a test run answers: the request, the decision, and what the run took and printed; it has no record."""
    assert executed.execution is not None
    decision = decision_body(executed)
    del decision["execution"]
    return {"request": request, **decision, "run": run_body(executed.execution)}
