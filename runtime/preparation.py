"""What is ready to run: the enabled hooks of each tenant and extensibility point, with their secrets and programs.

And hooks by their names, which their URLs have, enabled or not: each until any hook of its tenant is changed, for then the name
may be another's. Kept by use, up to a number of bytes. `forget` throws it away, and a preparation that `forget` overtakes is not kept. What
other processes changed is forgotten before the next look at anything.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final
from weakref import WeakValueDictionary

from runtime.breaker import Circuit, Circuits
from runtime.bundle.base import Images
from runtime.errors import HookNotFound, Unavailable
from runtime.masking import Mask
from runtime.model import Failure, Hook, HookVersion, Secrets
from runtime.sandbox.base import Program, Sandbox, SourceRejected
from runtime.storage.base import Storage
from runtime.storage.peers import Place
from runtime.storage.sealing import Sealer

_LOG = logging.getLogger("hookd.dispatch")
_REJECTED_SECONDS: Final = 5.0
_MOST_REJECTED: Final = 1_000
# What a cached hook takes beside its image, its script and its secrets: objects.
_OVERHEAD: Final = 4096
# Where an extensibility point would stand, of which none begins so: before a name, and before the hook that is called by it.
_NAME, _ALONE = "/", "//"


@dataclass(slots=True, kw_only=True)
class ReadyHook:
    """An enabled hook with all that a run needs; `rejected` instead of a program when its source does not load."""

    hook: Hook
    secrets: Secrets
    mask: Mask
    program: Program | None
    rejected: Failure | None
    sandbox: Sandbox
    """Whose the program is."""
    circuit: Circuit = field(default_factory=Circuit)
    """The hook's own, whoever has it ready, until it is changed; in a trial one that nobody else has."""

    @property
    def size(self) -> int:
        """Bytes, about."""
        image = self.program.size if self.program else 0
        return image + len(self.hook.version.script) + self.mask.size + _OVERHEAD


@dataclass(slots=True)
class Row:
    """The hooks of a place in the order in which they run."""

    hooks: Sequence[ReadyHook]
    is_bound: bool = field(init=False)
    """Whether some of them pass by some requests."""
    until: float = field(init=False)
    """When to look at it again: a rejected hook was enabled, so it did load, and what hinders it may pass."""

    def __post_init__(self) -> None:
        self.is_bound = any(ready.hook.policy.is_bound for ready in self.hooks)
        self.until = time.monotonic() + _REJECTED_SECONDS if any(ready.rejected for ready in self.hooks) else inf

    def covering(self, client_id: str, audience: str) -> Sequence[ReadyHook]:
        """Those that run for this request."""
        return [ready for ready in self.hooks if ready.hook.policy.covers(client_id, audience)]

    @property
    def size(self) -> int:
        """Bytes, about."""
        return _OVERHEAD + sum(ready.size for ready in self.hooks)


class Preparations:
    """Makes hooks ready, each place once however many ask."""

    def __init__(
        self,
        *,
        storage: Storage,
        sealer: Sealer,
        images: Images,
        sandbox: Sandbox,
        cache_bytes: int,
        others: Mapping[str, Sandbox] | None = None,
    ) -> None:
        """`sandbox` is the wasm engine's, `others` are by their engine's name."""
        self._storage = storage
        self._peers = storage.peers
        self._catching_up: asyncio.Task[None] | None = None
        self._sealer = sealer
        self._images = images
        self._sandbox = sandbox
        self._others = others or {}
        self._rows: OrderedDict[Place, Row] = OrderedDict()
        self._preparing: dict[Place, asyncio.Task[Row]] = {}
        # Those of the two that are of names, by their tenants.
        self._names: dict[str, set[Place]] = {}
        self._most = self._free = cache_bytes
        self.misses = 0
        """How often somebody wanted what was not ready."""
        self.fetched = 0
        """How many images were found in the storage."""
        # One program per version, whichever tenants use it: its image once, what was learnt of its manners for all.
        self._programs: WeakValueDictionary[str, Program] = WeakValueDictionary()
        self._circuits = Circuits()
        # Until when a version is not tried again: to find out that it does not load may take seconds.
        self._rejected: OrderedDict[str, tuple[float, Failure]] = OrderedDict()

    @property
    def count(self) -> int:
        """Places whose hooks are ready."""
        return len(self._rows)

    async def loaded(self) -> int:
        """Places whose hooks can be run now, also without the storage: none where it alone knows what was changed."""
        try:
            if self._rows and self._peers.is_behind:
                await self._catch_up()
        except Unavailable:
            return 0
        return self.count

    @property
    def made(self) -> int:
        """How many images were made in this process, those of deploys and trials too."""
        return self._images.made

    @property
    def bytes(self) -> int:
        """What they take, about."""
        return self._most - self._free

    def kept(self, place: Place) -> Row | None:
        """What is ready there, if anything is: no await on the way of most requests."""
        if self._peers.is_behind:
            return None
        row = self._rows.get(place)
        if row is not None:
            self._rows.move_to_end(place)
            if row.until <= time.monotonic():
                self._drop(place)
                return None
        return row

    async def named(
        self, tenant: str, name: str, find: Callable[[], Coroutine[Any, Any, Hook]]
    ) -> tuple[Hook, Secrets]:
        """The hook of this name and its secrets, as `find` reads it where they are not kept. What `find` raises; `HookNotFound`, `Unavailable`."""

        async def prepare() -> Row:
            hook = await find()
            secrets = await self.secrets(hook)
            # Nothing is loaded for who may not call.
            return Row([self._ready(hook, secrets, None, None)])

        place = tenant, f"{_NAME}{name}"
        row = self.kept(place) or await self.prepared(place, prepare)
        return row.hooks[0].hook, row.hooks[0].secrets

    async def alone(self, hook: Hook, secrets: Secrets) -> ReadyHook:
        """A hook that `named` found. `Unavailable`."""

        async def prepare() -> Row:
            return Row([await self.ready(hook, secrets)])

        # By its state: who asks for what was changed meanwhile leaves nothing to those who come later.
        place = hook.tenant, f"{_ALONE}{hook.id} {_state(hook, secrets)}"
        row = self.kept(place) or await self.prepared(place, prepare)
        return row.hooks[0]

    async def prepared(self, place: Place, prepare: Callable[[], Coroutine[Any, Any, Row]] | None = None) -> Row:
        """What is enabled at this place, or what `prepare` makes. A caller who leaves does not stop it. `Unavailable`."""
        if self._peers.is_behind:
            await self._catch_up()
            if self._peers.is_behind:
                # It may have begun before a change that was answered before this was asked; this one does not.
                await self._catch_up()
            row = self.kept(place)
            if row is not None:
                return row
        self.misses += 1
        task = self._preparing.get(place)
        if task is None:
            task = self._preparing[place] = asyncio.create_task(prepare() if prepare else self._prepare(place))
            if prepare:
                self._names.setdefault(place[0], set()).add(place)
            task.add_done_callback(lambda done: self._keep(place, done))
        return await asyncio.shield(task)

    async def ready(self, hook: Hook, secrets: Secrets | None = None) -> ReadyHook:
        """The hook as it is stored, with its circuit; with its secrets, where they were read already. `HookNotFound`, `Unavailable`."""
        ready = await self.make_ready(hook, secrets)
        # Another hook's change, and room that others need, leave it as it is.
        ready.circuit = self._circuits.of((hook.tenant, hook.id), _state(hook, ready.secrets))
        return ready

    async def make_ready(self, hook: Hook, secrets: Secrets | None = None) -> ReadyHook:
        """One hook, kept nowhere; with these secrets, if they are given. `HookNotFound`, `Unavailable`."""
        if secrets is None:
            secrets = await self.secrets(hook)
        program, rejected = None, self._lately_rejected(hook.version.id)
        if rejected is None:
            try:
                program = await self._program(hook.tenant, hook.version)
            except SourceRejected as error:
                rejected = self._keep_rejected(hook.version.id, error)
        return self._ready(hook, secrets, program, rejected)

    def _ready(self, hook: Hook, secrets: Secrets, program: Program | None, rejected: Failure | None) -> ReadyHook:
        sandbox = self._others.get(hook.version.engine, self._sandbox)
        return ReadyHook(
            hook=hook, secrets=secrets, mask=Mask(secrets), program=program, rejected=rejected, sandbox=sandbox
        )

    async def secrets(self, hook: Hook) -> Secrets:
        """The hook's secrets, opened. `HookNotFound`, `Unavailable`."""
        sealed = await self._storage.get_secrets(hook.tenant, hook.id)
        return self._sealer.open_secrets(hook.tenant, hook.id, sealed)

    def forget(self, place: Place | None) -> None:
        """What is enabled there, or anywhere, a version, a policy or secrets changed: the next request reads them anew."""
        for one in [*self._preparing, *self._rows] if place is None else [place, *self._names.get(place[0], ())]:
            self._preparing.pop(one, None)
            self._drop(one)

    async def _catch_up(self) -> None:
        """Forget what other processes changed: once, however many wait for it."""
        if self._catching_up is None:
            self._catching_up = asyncio.create_task(self._peers.catch_up(self.forget))
            self._catching_up.add_done_callback(self._caught_up)
        await asyncio.shield(self._catching_up)

    def _caught_up(self, _: asyncio.Task[None]) -> None:
        self._catching_up = None

    def _keep(self, place: Place, done: asyncio.Task[Row]) -> None:
        if self._preparing.get(place) is not done:
            return
        del self._preparing[place]
        if done.cancelled() or done.exception() is not None:
            self._unname(place)
            return
        row, before = done.result(), self._rows.pop(place, None)
        if before is not None:  # it was made anew while others' changes came one after the other
            self._free += before.size
        self._rows[place] = row
        self._free -= row.size
        while self._free < 0 and len(self._rows) > 1:
            self._drop(next(iter(self._rows)))

    def _drop(self, place: Place) -> None:
        if place in self._rows:
            self._free += self._rows.pop(place).size
        self._unname(place)

    def _unname(self, place: Place) -> None:
        names = self._names.get(place[0])
        if names and place not in self._preparing and place not in self._rows:
            names.discard(place)
            if not names:
                del self._names[place[0]]

    async def _prepare(self, place: Place) -> Row:
        hooks = await self._storage.enabled_hooks(*place)
        try:
            return Row([await self.ready(hook) for hook in hooks])
        except HookNotFound:  # deleted since; others may be enabled by now
            return await self._prepare(place)

    def _lately_rejected(self, version_id: str) -> Failure | None:
        until, failure = self._rejected.get(version_id, (0.0, None))
        return failure if until > time.monotonic() else None

    def _keep_rejected(self, version_id: str, error: SourceRejected) -> Failure:
        code = "not_a_function" if error.code == "not_a_function" else "source_rejected"
        failure = Failure(code=code, message=error.message, stack=_stack(error))
        self._rejected.pop(version_id, None)
        self._rejected[version_id] = (time.monotonic() + _REJECTED_SECONDS, failure)
        if len(self._rejected) > _MOST_REJECTED:
            self._rejected.popitem(last=False)
        return failure

    async def _program(self, tenant: str, version: HookVersion) -> Program:
        program = self._programs.get(version.id)
        if program is None:
            program = self._programs.setdefault(version.id, await self._load(tenant, version))
        return program

    async def _load(self, tenant: str, version: HookVersion) -> Program:
        """From the image that is kept, or from one made anew."""
        sandbox = self._others.get(version.engine, self._sandbox)
        build_id = self._images.build_id
        image = await self._storage.get_image(version.id, build_id)
        if image is not None:
            try:
                program = sandbox.load(image)
            except ValueError:
                _LOG.warning("a kept image is none, and is made again")
            else:
                self.fetched += 1
                return program
        image = await self._images.image_of(version, owner=tenant)
        await self._storage.keep_image(version.id, build_id, image)
        return sandbox.load(image)


def _state(hook: Hook, secrets: Secrets) -> str:
    """Another one when the hook was changed, or its secrets, of which it tells nothing outside of this process."""
    return f"{hook.version.id} {hook.updated_at!r} {hash(frozenset(secrets.items()))}"


def _stack(error: SourceRejected) -> str:
    """The error's own; where it has none, but a place (the parser's, TypeScript's), that place as one."""
    if error.stack or not error.line:
        return error.stack
    return f"{error.message}\n    at hook.js:{error.line}:{error.column}\n"
