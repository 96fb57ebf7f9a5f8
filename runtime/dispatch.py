"""The use case of a token request: find the enabled hook, run it, decide, record. The middle of the hot path.

    execute -> triggers.parse -> (the enabled hook, ready to run) -> sandbox.run -> claims.decide -> recorder

What is ready to run is kept per tenant and extensibility point, by use, up to a number of bytes. It is thrown away by
`forget`, and a preparation that `forget` overtakes is not kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TypeAlias
from weakref import WeakValueDictionary

import orjson

from runtime import claims, triggers
from runtime.bundle.base import Images
from runtime.errors import HookNotFound
from runtime.logs.base import Recorder
from runtime.masking import Mask
from runtime.model import Allow, Decision, Deny, Execution, Failure, Hook, HookVersion, Limits, Refusal, Secrets
from runtime.sandbox.base import Program, Run, Sandbox, SourceRejected
from runtime.storage.base import Storage
from runtime.storage.sealing import Sealer
from runtime.triggers import TokenRequest, Trigger
from runtime.ulid import Ulids

Place: TypeAlias = tuple[str, str]
"""A tenant and the id of an extensibility point."""

_LOG = logging.getLogger("hookd.dispatch")
_REJECTED_SECONDS = 5.0
# Characters searched, times what they are searched for: a millisecond, or ten of a text that is made for it.
_MASKED_INLINE = 500_000
# What a cached hook takes beside its image, its script and its secrets: objects.
_OVERHEAD = 4096


@dataclass(slots=True, kw_only=True)
class Executed:
    """What came of a token request. `execution` is None where no hook is enabled, and the decision changes nothing then.

    `fault` is what the hook's developer should see when it denied or broke; secrets are masked in it.
    """

    decision: Decision
    fault: Refusal | Failure | None
    execution: Execution | None
    trigger: Trigger


@dataclass(slots=True, kw_only=True)
class _Ready:
    """An enabled hook with all that a run needs; `rejected` instead of a program when its source does not load."""

    hook: Hook
    secrets: Secrets
    mask: Mask
    program: Program | None
    rejected: Failure | None
    until: float
    """When a rejection is to be looked at again: the hook was enabled, so it did load, and what hinders it may pass."""

    @property
    def size(self) -> int:
        image = self.program.size if self.program else 0
        return image + len(self.hook.version.script) + self.mask.size + _OVERHEAD


class Dispatch:
    """Runs hooks for token requests. One per process."""

    def __init__(
        self,
        *,
        storage: Storage,
        sealer: Sealer,
        sandbox: Sandbox,
        images: Images,
        recorder: Recorder,
        limits: Limits,
        cache_bytes: int,
    ) -> None:
        self._storage = storage
        self._sealer = sealer
        self._sandbox = sandbox
        self._images = images
        self._recorder = recorder
        self._limits = limits
        self._ids = Ulids()
        self._ready: OrderedDict[Place, _Ready | None] = OrderedDict()
        self._preparing: dict[Place, asyncio.Task[_Ready | None]] = {}
        self._free = cache_bytes
        # One program per version, whichever tenants use it: its image once, what was learnt of its manners for all.
        self._programs: WeakValueDictionary[str, Program] = WeakValueDictionary()

    async def execute(self, tenant: str, trigger_id: str, payload: object, *, request_id: str = "") -> Executed:
        """Decide a token request. `payload` is the parsed JSON body `{client, scope?, audience, context?, user?}`.

        `NotFound` for an unknown extensibility point, `InvalidBody` for a wrong payload, `Unavailable` when storage or
        sandbox can not take it now. Whatever the hook does is a decision, never an error.
        """
        began = time.perf_counter()
        trigger = triggers.get(trigger_id)
        request = triggers.parse(trigger, payload)
        place = (tenant, trigger_id)
        if place in self._ready:
            ready = self._ready[place]
            self._ready.move_to_end(place)
            if ready is not None and ready.rejected is not None and time.monotonic() >= ready.until:
                self._drop(place)
                ready = await self._prepared(place)
        else:
            ready = await self._prepared(place)
        if ready is None:
            return Executed(decision=claims.unchanged(request), fault=None, execution=None, trigger=trigger)
        executed = await self._run(ready, request, began, request_id)
        assert executed.execution is not None
        self._recorder.record(executed.execution)
        return executed

    async def test(self, hook: Hook, version: HookVersion, payload: object, *, request_id: str = "") -> Executed:
        """What `execute` would decide if the hook were enabled and this its version, by the same code. Nothing is recorded.

        `InvalidBody` for a wrong payload, `HookNotFound` when the hook is gone, `Unavailable`.
        """
        request = triggers.parse(triggers.get(hook.trigger), payload)
        ready = await self._make_ready(replace(hook, version=version))
        return await self._run(ready, request, time.perf_counter(), request_id)

    async def _run(self, ready: _Ready, request: TokenRequest, began: float, request_id: str) -> Executed:
        """A run, its decision and its record. The code path of issuance and of the test run."""
        at, tenant = time.time(), ready.hook.tenant
        if ready.program is None:
            assert ready.rejected is not None
            run = Run(outcome=ready.rejected, console=(), cpu_ms=0.0, wall_ms=0.0, memory_bytes=0)
        else:
            arguments = orjson.dumps(request.arguments(ready.secrets))
            run = await self._sandbox.run(ready.program, arguments, self._limits, owner=tenant)
        if ready.mask.hides:
            await self._mask(ready.mask, run)
        decision, fault = claims.decide(request, run.outcome)
        if isinstance(decision, Allow) and decision.dropped and ready.mask.hides:
            decision.dropped = ready.mask.dropped(decision.dropped)
        execution = self._execution(ready, request, run, decision, fault, at, began, request_id)
        return Executed(decision=decision, fault=fault, execution=execution, trigger=request.trigger)

    def forget(self, tenant: str, trigger_id: str) -> None:
        """The enabled hook, its version or its secrets changed: the next request reads them anew."""
        place = (tenant, trigger_id)
        self._preparing.pop(place, None)
        self._drop(place)

    def _execution(
        self,
        ready: _Ready,
        request: TokenRequest,
        run: Run,
        decision: Decision,
        fault: Refusal | Failure | None,
        at: float,
        began: float,
        request_id: str,
    ) -> Execution:
        hook = ready.hook
        denied = decision if isinstance(decision, Deny) else None
        return Execution(
            id=self._ids.new(at),
            tenant=hook.tenant,
            trigger=hook.trigger,
            hook_id=hook.id,
            hook_name=hook.name,
            version_id=hook.version.id,
            client_id=request.client_id,
            at=at,
            decision="deny" if denied else "allow",
            error=denied.error if denied else "",
            description=denied.description if denied else "",
            failure=fault,
            dropped=decision.dropped if isinstance(decision, Allow) else (),
            console=run.console,
            duration_ms=(time.perf_counter() - began) * 1000,
            cpu_ms=run.cpu_ms,
            memory_bytes=run.memory_bytes,
            request_id=request_id,
        )

    async def _prepared(self, place: Place) -> _Ready | None:
        """What is enabled at this place, prepared once however many ask. A caller who leaves does not stop it."""
        task = self._preparing.get(place)
        if task is None:
            task = self._preparing[place] = asyncio.create_task(self._prepare(place))
            task.add_done_callback(lambda done: self._keep(place, done))
        return await asyncio.shield(task)

    def _keep(self, place: Place, done: asyncio.Task[_Ready | None]) -> None:
        if self._preparing.get(place) is not done:
            return
        del self._preparing[place]
        if done.cancelled() or done.exception() is not None:
            return
        ready = done.result()
        self._ready[place] = ready
        self._free -= _size(ready)
        while self._free < 0 and len(self._ready) > 1:
            self._drop(next(iter(self._ready)))

    def _drop(self, place: Place) -> None:
        if place in self._ready:
            self._free += _size(self._ready.pop(place))

    async def _prepare(self, place: Place) -> _Ready | None:
        hook = await self._storage.enabled_hook(*place)
        if hook is None:
            return None
        try:
            return await self._make_ready(hook)
        except HookNotFound:  # deleted since; another may be enabled by now
            return await self._prepare(place)

    async def _make_ready(self, hook: Hook) -> _Ready:
        sealed = await self._storage.get_secrets(hook.tenant, hook.id)
        secrets = self._sealer.open_secrets(hook.tenant, hook.id, sealed)
        program, rejected = None, None
        try:
            program = await self._program(hook.tenant, hook.version)
        except SourceRejected as error:
            rejected = Failure(code="source_rejected", message=error.message, stack=error.stack)
        until = time.monotonic() + _REJECTED_SECONDS
        return _Ready(hook=hook, secrets=secrets, mask=Mask(secrets), program=program, rejected=rejected, until=until)

    async def _program(self, tenant: str, version: HookVersion) -> Program:
        program = self._programs.get(version.id)
        if program is None:
            program = self._programs.setdefault(version.id, await self._load(tenant, version))
        return program

    async def _load(self, tenant: str, version: HookVersion) -> Program:
        """From the image that is kept, or from one made anew."""
        build_id = self._images.build_id
        image = await self._storage.get_image(version.id, build_id)
        if image is not None:
            try:
                return self._sandbox.load(image)
            except ValueError:
                _LOG.warning("a kept image is none, and is made again")
        image = await self._images.image_of(version, owner=tenant)
        await self._storage.keep_image(version.id, build_id, image)
        return self._sandbox.load(image)

    async def _mask(self, mask: Mask, run: Run) -> None:
        """Take the secrets out of what the hook said. Much text and many secrets are a matter for a thread."""
        if mask.work(run.outcome, run.console) <= _MASKED_INLINE:
            run.outcome, run.console = mask.outcome(run.outcome), mask.console(run.console)
        else:
            run.outcome = await asyncio.to_thread(mask.outcome, run.outcome)
            run.console = await asyncio.to_thread(mask.console, run.console)


def _size(ready: _Ready | None) -> int:
    return ready.size if ready else _OVERHEAD
