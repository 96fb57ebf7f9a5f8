"""The use case of a token request: run the enabled hooks, decide, record. The middle of the hot path.

execute -> triggers.parse -> (preparation: what is ready to run) -> sandbox.run -> claims.decide -> recorder
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeAlias

import orjson

from runtime import chain, claims, triggers
from runtime.breaker import OPEN, Breaker
from runtime.logs.base import Recorder
from runtime.masking import Mask
from runtime.model import (
    Allow,
    Answer,
    Decision,
    Deny,
    Execution,
    Failure,
    Hook,
    HookVersion,
    Limits,
    Outcome,
    Refusal,
    Secrets,
)
from runtime.preparation import Preparations, ReadyHook
from runtime.recording import recordable
from runtime.sandbox.base import Run
from runtime.triggers import Request, Trigger
from runtime.ulid import Ulids

_LOG: Final = logging.getLogger("hookd.dispatch")

REQUEST_BYTES: Final = 16_384
"""A longer request is not kept in the record."""

ROW_MS: Final = 20_000
"""What all hooks of a request may take together, as for the vendor (contract-full 10); one alone has `Limits.wall_ms`."""

# Characters searched, times what they are searched for: a millisecond, or ten of a text that is made for it.
_MASKED_INLINE: Final = 500_000
# Characters to make a mask of: two milliseconds.
_HIDDEN_INLINE: Final = 4_096
_NOTHING: Final = Mask({})


@dataclass(slots=True)
class Executed:
    """What came of a token request: the decision, and the executions of the hooks that ran for it, in their order.

    `fault` is what the developer should see of the last hook that denied or broke; secrets are masked in it. Nobody changes
    one; not frozen, and made by position, as everything on the way of a token request is: a microsecond each.
    """

    decision: Decision
    fault: Refusal | Failure | None
    executions: Sequence[Execution]
    trigger: Trigger

    @property
    def execution(self) -> Execution | None:
        """That of the hook that had the last word; None where no hook is enabled, and the decision changes nothing then."""
        return self.executions[-1] if self.executions else None


class Runnable(Protocol):
    """What a hook can be run for.

    `client_id` is for the record, `confidential` is what it may not hold, `arguments` are the hook's, less `cb`.
    """

    @property
    def client_id(self) -> str:  # noqa: D102 - see above
        ...

    @property
    def confidential(self) -> Mapping[str, str]:  # noqa: D102 - see above
        ...

    def arguments(self, secrets: Mapping[str, str]) -> list[object]:  # noqa: D102 - see above
        ...


Admit: TypeAlias = Callable[[Sequence[Hook]], Awaitable[None] | None]
"""Raises where these hooks, all that a request is for, may not run now; where that is not known yet, what to await, which does."""


@dataclass(slots=True)
class Called:
    """What a hook answered that was called by its name. Secrets are masked in an outcome that is no answer.

    Where it was left alone, it is tried again in so many `seconds`.
    """

    outcome: Outcome
    execution: Execution
    seconds: float = 0.0


class Dispatch:
    """Runs hooks for token requests. One per process."""

    def __init__(
        self,
        *,
        preparations: Preparations,
        recorder: Recorder,
        limits: Limits,
        breaker: Breaker,
        keeps_requests: bool = False,
    ) -> None:
        self._preparations = preparations
        self._recorder = recorder
        self._limits = limits
        self._breaker = breaker
        self._keeps_requests = keeps_requests
        self._ids = Ulids()

    async def execute(
        self,
        tenant: str,
        trigger_id: str,
        payload: object,
        *,
        request_id: str = "",
        trace: str = "",
        admit: Admit | None = None,
    ) -> Executed:
        """Decide a token request. `payload` is the parsed JSON body, see `triggers.parse`; `trace` as for `Execution`.

        `NotFound` for an unknown extensibility point, `InvalidBody` for a wrong payload, before `admit` is asked; what that
        raises, before anything runs; `Unavailable` when storage or sandbox can not take it now. Whatever the hook does is a
        decision, never an error.
        """
        began = time.perf_counter()
        trigger = triggers.get(trigger_id)
        request = triggers.parse(trigger, payload)
        place = (tenant, trigger_id)
        row = self._preparations.kept(place) or await self._preparations.prepared(place)
        hooks = row.covering(request.client_id, request.audience) if row.is_bound else row.hooks
        if admit is not None:
            asked = admit([ready.hook for ready in hooks])
            if asked is not None:
                await asked
        if not hooks:
            return Executed(claims.unchanged(request), None, (), trigger)
        return await self._run(hooks, request, began, request_id, trace)

    async def test(
        self,
        hook: Hook,
        version: HookVersion,
        payload: object,
        *,
        secrets: Secrets | None = None,
        request_id: str = "",
    ) -> Executed:
        """What `execute` would decide if only the hook were enabled and this its version, by the same code.

        `secrets` stand in place of the hook's own. Nothing is recorded. `InvalidBody` for a wrong payload, `HookNotFound` when
        the hook is gone, `Unavailable`.
        """
        request = triggers.parse(triggers.get(hook.trigger), payload)
        ready = await self._preparations.make_ready(replace(hook, version=version), secrets)
        return await self._run([ready], request, time.perf_counter(), request_id, "", dry=True)

    async def call(
        self, hook: Hook, secrets: Secrets, request: Runnable, *, request_id: str = "", trace: str = ""
    ) -> Called:
        """Run one hook, enabled or not, and record it; what its outcome means is the caller's to say.

        Both are as `named` says. The record's decision is allow where the hook answered. `Unavailable`.
        """
        began, at = time.perf_counter(), time.time()
        ready = await self._preparations.alone(hook, secrets)
        run = await self._begin(ready, request, self._limits)
        if ready.circuit.failures or isinstance(run.outcome, Failure):
            self._note(ready, run.outcome)
        await self._hide(run, (ready.mask, await _hidden(request)))
        fault = None if isinstance(run.outcome, Answer) else run.outcome
        decision = Allow() if fault is None else claims.denial(fault)
        execution = self._execution(hook, request, run, decision, fault, at, began, request_id)
        execution.trace = trace
        self._recorder.record(execution)
        is_left_alone = isinstance(run.outcome, Failure) and run.outcome.code == OPEN
        return Called(run.outcome, execution, ready.circuit.until - time.perf_counter() if is_left_alone else 0.0)

    async def named(
        self, tenant: str, name: str, find: Callable[[], Coroutine[Any, Any, Hook]]
    ) -> tuple[Hook, Secrets]:
        """See `Preparations.named`. The secrets are to know a caller by, too."""
        return await self._preparations.named(tenant, name, find)

    def forget(self, tenant: str, trigger_id: str) -> None:
        """See `Preparations.forget`."""
        self._preparations.forget((tenant, trigger_id))

    async def _run(
        self,
        hooks: Sequence[ReadyHook],
        request: Request,
        began: float,
        request_id: str,
        trace: str,
        *,
        dry: bool = False,
    ) -> Executed:
        """The hooks one after the other, until one denies: the code path of issuance and of the test run.

        Each is recorded when it ends: what ran has run, also where there is no room for the next hook.
        """
        executions: list[Execution] = []
        record = _ignore if dry else self._recorder.record
        left: Allow | None = None
        last: Refusal | Failure | None = None
        # Few awaits: each is half a microsecond of every request.
        hidden = _NOTHING if request.trigger.grant else await _hidden(request)
        first, limits = began, self._limits
        for ready in hooks:
            if left is not None:
                request, began = chain.following(request, left), time.perf_counter()
                limits = _within(limits, ROW_MS - (began - first) * 1000)
            at = time.time()
            run = await self._begin(ready, request, limits, dry=dry)
            if ready.circuit.failures or isinstance(run.outcome, Failure):
                self._note(ready, run.outcome)
            if ready.mask.hides or hidden.hides:
                await self._hide(run, (ready.mask, hidden))
            decision, fault = _decide(ready, request, run, hidden)
            last = fault or last
            execution = self._execution(ready.hook, request, run, decision, fault, at, began, request_id)
            execution.trace = trace
            if self._keeps_requests or not request.trigger.grant:
                self._complete(execution, request, run, (ready.mask, hidden))
            record(execution)
            executions.append(execution)
            if isinstance(decision, Deny):
                return Executed(decision, last, executions, request.trigger)
            left = decision if left is None else chain.joined(left, decision)
        assert left is not None
        return Executed(left, last, executions, request.trigger)

    def _note(self, ready: ReadyHook, outcome: Outcome) -> None:
        if self._breaker.note(ready.circuit, outcome, time.perf_counter()):
            hook = ready.hook
            told = {"tenant": hook.tenant, "trigger": hook.trigger, "hook": hook.name, "failure": ready.circuit.last}
            _LOG.warning("a hook broke too often, and is left alone for a while", extra={"fields": told})

    def _begin(self, ready: ReadyHook, request: Runnable, limits: Limits, *, dry: bool = False) -> Awaitable[Run]:
        if ready.program is None:
            assert ready.rejected is not None
            return _not_run(ready.rejected)
        if ready.circuit.failures:
            left_alone = self._breaker.refusal(ready.circuit, time.perf_counter())
            if left_alone is not None:
                return _not_run(left_alone)
        arguments = orjson.dumps(request.arguments(ready.secrets))
        return ready.sandbox.run(ready.program, arguments, limits, owner=ready.hook.tenant, hook=ready.hook.id, dry=dry)

    def _execution(
        self,
        hook: Hook,
        request: Runnable,
        run: Run,
        decision: Decision,
        fault: Refusal | Failure | None,
        at: float,
        began: float,
        request_id: str,
    ) -> Execution:
        execution = Execution(
            # Of its end: listeners get executions in the order of the ids.
            self._ids.new(time.time()),
            hook.tenant,
            hook.trigger,
            hook.id,
            hook.name,
            hook.version.id,
            request.client_id,
            at,
            "allow" if isinstance(decision, Allow) else "deny",
            (time.perf_counter() - began) * 1000,
            run.cpu_ms,
            run.memory_bytes,
            request_id,
            run.console,
            fault,
        )
        if run.operations:
            execution.operations = run.operations
        if isinstance(decision, Allow):
            execution.dropped = decision.dropped
        else:
            execution.error, execution.description = decision.error, decision.description
        return execution

    def _complete(self, execution: Execution, request: Request, run: Run, masks: Sequence[Mask]) -> None:
        """What most records do not have."""
        # Looked at before it is masked: what is long takes long.
        if self._keeps_requests and len(orjson.dumps(request.arguments({}))) <= REQUEST_BYTES:
            execution.request = recordable(request, masks)
        execution.answer = claims.logged(request, run.outcome)
        for mask in masks:
            execution.answer = mask.text(execution.answer)

    async def _hide(self, run: Run, masks: Sequence[Mask]) -> None:
        """Take the secrets out of what the hook said. Much text and many secrets are a matter for a thread."""
        for mask in masks:
            for operation in run.operations:
                operation.host = mask.text(operation.host)
            if mask.work(run.outcome, run.console) <= _MASKED_INLINE:
                run.outcome, run.console = mask.outcome(run.outcome), mask.console(run.console)
            else:
                run.outcome = await asyncio.to_thread(mask.outcome, run.outcome)
                run.console = await asyncio.to_thread(mask.console, run.console)


def _within(limits: Limits, rest_ms: float) -> Limits:
    """The limits of a hook that has so much time at most."""
    return limits if rest_ms >= limits.wall_ms else replace(limits, wall_ms=max(1, int(rest_ms)))


def _ignore(_: Execution) -> None:
    """A test run is not recorded."""


async def _not_run(failure: Failure) -> Run:
    return Run(failure, (), 0.0, 0.0, 0)


async def _hidden(request: Runnable) -> Mask:
    """What no record may hold of the request. A password of a megabyte is a matter for a thread."""
    confidential = request.confidential
    if not confidential:
        return _NOTHING
    if sum(map(len, confidential.values())) <= _HIDDEN_INLINE:
        return Mask(confidential)
    return await asyncio.to_thread(Mask, confidential)


def _decide(ready: ReadyHook, request: Request, run: Run, hidden: Mask) -> tuple[Decision, Refusal | Failure | None]:
    """As `claims.decide`, by the hook's policy."""
    decision, fault = claims.decide(request, run.outcome)
    if isinstance(decision, Deny):
        # Of two answers one may have been a denial, as one before a throw: `if (bad) cb(error);`, and it went on.
        is_failure = isinstance(fault, Failure) and fault.code != "answered_twice" and not fault.refused
        return (claims.unchanged(request) if is_failure and ready.hook.policy.on_error == "allow" else decision), fault
    if decision.dropped:
        for mask in (ready.mask, hidden):
            decision.dropped = mask.dropped(decision.dropped)
    return decision, fault
