"""The use cases of the Management API: hooks and their secrets.

Rules:
- A script that does not load may be stored while its hook is disabled (the vendor does not check either, contract 1.1),
  with a warning; it is never enabled.
- After every change that may change what runs, `changed` is told, also when the caller was cancelled meanwhile.
- Secrets are sealed before storage sees them, and never come back.
- Plain webtasks (`model.WEBTASK`) are no hooks of an extensibility point: by id they are not found here (`webtasks` has them).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from runtime.bundle.base import Images, Module, Resolution
from runtime.errors import HookdError, HookNotFound, InvalidBody, Unavailable
from runtime.manifest import (
    SECRETS,
    VALUE_NOT_SHOWN,
    NewHook,
    parse_hook_patch,
    parse_new_hook,
    parse_secret_names,
    parse_secrets,
)
from runtime.model import WASM, WEBTASK, Deploy, Hook, HookVersion, Secrets
from runtime.policies import never_runs, parse_policy
from runtime.sandbox.base import SourceRejected
from runtime.storage.base import HookChange, HookFilter, HookWritten, SecretNotFound, StaleHook, Storage
from runtime.storage.sealing import Sealer
from runtime.ulid import Ulids

T = TypeVar("T")

_ATTEMPTS: Final = 3
_MESSAGE_CHARS: Final = 500
_MODULES_CHARS: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evaluated:
    """What came of loading a version: with its modules, and a new image to keep; or why there can be none.

    `fault` is raised where the version must load.
    """

    found: Resolution
    image: bytes | None = None
    ms: float = 0.0
    rejected: str = ""
    fault: HookdError | None = None


class Admin:
    """Manages the hooks of all tenants."""

    def __init__(
        self,
        *,
        storage: Storage,
        sealer: Sealer,
        images: Images,
        changed: Callable[[str, str], None],
        hooks_most: int,
        engine: str = WASM,
    ) -> None:
        """`engine` is that of hooks that are made without one."""
        self._storage = storage
        self._sealer = sealer
        self._images = images
        self._changed = changed
        self._hooks_most = hooks_most
        self._engine = engine
        self._ids = Ulids()
        self._writing: set[asyncio.Task[Any]] = set()

    async def create_hook(self, tenant: str, body: object) -> HookWritten:
        """A new hook from `{name, script, triggerId, enabled?, dependencies?, engine?}`. `InvalidBody`, `HookNameTaken`, `TooManyHooks`."""
        return await self.add(tenant, parse_new_hook(body))

    async def add(
        self, tenant: str, new: NewHook, *, must_load: bool = False, instead_of: Hook | None = None
    ) -> HookWritten:
        """A new hook, with its secrets. With `must_load` one whose script does not load is not stored, disabled neither.

        `instead_of` is removed in the same moment.
        """
        evaluated = await self._evaluate(tenant, new.version(self._engine))
        _require_loads(evaluated, enabled=new.enabled, stored=must_load)
        hook = self._hook(tenant, new, evaluated.found.version)
        sealed = self._sealer.seal_secrets(tenant, hook.id, new.secrets)
        old = None if instead_of is None else instead_of.id
        await self._offer(evaluated)
        write = self._storage.create_hook(
            hook, most=self._hooks_most, secrets=sealed, instead_of=old, bundle=evaluated.found.bundle
        )
        written = await self._whole(write, hook, *([] if instead_of is None else [instead_of]))
        return await self._finish(written, evaluated)

    async def update_hook(self, tenant: str, hook_id: str, body: object) -> HookWritten:
        """Change name, script, enabled, dependencies or engine. `InvalidBody`, `HookNotFound`, `HookNameTaken`, `StaleHook`."""
        patch = parse_hook_patch(body)

        def decide(seen: Hook) -> HookChange:
            _require_managed(seen)
            return HookChange(name=patch.name, enabled=patch.enabled, version=patch.version(seen.version))

        return await self.change(tenant, hook_id, decide)

    async def set_policy(self, tenant: str, hook_id: str, body: object) -> HookWritten:
        """Change any of clients, audiences, order and on_error. `InvalidBody`, `HookNotFound`, `TooManyEnabled`, `StaleHook`."""
        change = parse_policy(body)
        return await self.change(tenant, hook_id, lambda seen: HookChange(policy=change(seen.policy)))

    async def roll_back(self, tenant: str, hook_id: str, number: int) -> HookWritten:
        """Deploy the version of an earlier deploy again. `HookNotFound`, `VersionNotFound`, `InvalidBody`, `StaleHook`."""
        version = await self._storage.get_version(tenant, hook_id, number)
        return await self.change(tenant, hook_id, lambda _: HookChange(version=version))

    async def list_deploys(self, tenant: str, hook_id: str) -> list[Deploy]:
        """Which versions the hook has had, newest first. `HookNotFound`."""
        return await self._storage.list_deploys(tenant, hook_id)

    async def get_version(self, tenant: str, hook_id: str, number: int) -> HookVersion:
        """The version of one deploy. `HookNotFound`, `VersionNotFound`."""
        return await self._storage.get_version(tenant, hook_id, number)

    async def delete_hook(self, tenant: str, hook_id: str) -> None:
        """Remove a hook and its secrets. `HookNotFound`."""
        await self.remove(await self.get_hook(tenant, hook_id))

    async def remove(self, hook: Hook) -> None:
        """The same, of whatever kind it is. `HookNotFound`."""
        await self._whole(self._storage.delete_hook(hook.tenant, hook.id), hook)

    async def get_hook(self, tenant: str, hook_id: str) -> Hook:
        """One hook. `HookNotFound`."""
        hook = await self._storage.get_hook(tenant, hook_id)
        _require_managed(hook)
        return hook

    async def list_hooks(self, tenant: str, wanted: HookFilter, *, start: int, limit: int) -> tuple[list[Hook], int]:
        """A page of the hooks in order of creation, and how many match in all.

        A page of 100 of the largest scripts is 10 MB.
        """
        return await self._storage.list_hooks(tenant, wanted, start=start, limit=limit)

    async def secret_names(self, tenant: str, hook_id: str) -> list[str]:
        """What a hook's secrets are called, in order. `HookNotFound`."""
        await self.get_hook(tenant, hook_id)
        return sorted(await self._storage.get_secrets(tenant, hook_id))

    async def add_secrets(self, tenant: str, hook_id: str, body: object) -> None:
        """Add secrets `{name: value}`. `InvalidBody`, `HookNotFound`, `SecretNameTaken`, `TooManySecrets`."""
        secrets = parse_secrets(body)
        hook = await self.get_hook(tenant, hook_id)
        sealed = self._sealer.seal_secrets(tenant, hook_id, secrets)
        await self._whole(self._storage.add_secrets(tenant, hook_id, sealed, most=SECRETS), hook)

    async def update_secrets(self, tenant: str, hook_id: str, body: object) -> None:
        """Change secrets `{name: value}`; `_VALUE_NOT_SHOWN_` leaves one. `InvalidBody`, `HookNotFound`, `SecretNotFound`."""
        secrets = parse_secrets(body)
        hook = await self.get_hook(tenant, hook_id)
        if not secrets.keys() <= (await self._storage.get_secrets(tenant, hook_id)).keys():
            raise SecretNotFound
        new = Secrets({name: value for name, value in secrets.items() if value != VALUE_NOT_SHOWN})
        sealed = self._sealer.seal_secrets(tenant, hook_id, new)
        await self._whole(self._storage.update_secrets(tenant, hook_id, sealed), hook)

    async def delete_secrets(self, tenant: str, hook_id: str, body: object) -> None:
        """Remove secrets by an array of names; one that does not exist is no error. `InvalidBody`, `HookNotFound`."""
        names = parse_secret_names(body)
        hook = await self.get_hook(tenant, hook_id)
        await self._whole(self._storage.delete_secrets(tenant, hook_id, names), hook)

    def _hook(self, tenant: str, new: NewHook, version: HookVersion) -> Hook:
        at = time.time()
        return Hook(
            tenant=tenant,
            id=self._ids.new(at),
            name=new.name,
            trigger=new.trigger,
            enabled=new.enabled,
            version=version,
            created_at=at,
            updated_at=at,
            policy=new.policy,
            meta=new.meta,
        )

    async def change(
        self, tenant: str, hook_id: str, decide: Callable[[Hook], HookChange], *, must_load: bool = False
    ) -> HookWritten:
        """Read, decide, write; again, when somebody else wrote in between. `must_load` as for `add`."""
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(StaleHook):
                return await self._change_once(tenant, hook_id, decide, must_load)
        return await self._change_once(tenant, hook_id, decide, must_load)

    async def _change_once(
        self, tenant: str, hook_id: str, decide: Callable[[Hook], HookChange], must_load: bool
    ) -> HookWritten:
        seen = await self._storage.get_hook(tenant, hook_id)
        change = _settled(seen, decide(seen))
        evaluated = await self._evaluate_change(seen, change, must_load)
        if evaluated.found.version.id != (change.version or seen.version).id or evaluated.found.bundle:
            change = replace(change, version=evaluated.found.version, bundle=evaluated.found.bundle)
        await self._offer(evaluated)
        written = await self._whole(self._storage.update_hook(tenant, hook_id, change, time.time(), seen=seen), seen)
        return await self._finish(written, evaluated)

    async def _evaluate_change(self, seen: Hook, change: HookChange, must_load: bool) -> _Evaluated:
        """Load what the change brings to run. `InvalidBody` when it must load and does not."""
        version = change.version or seen.version
        enabled = seen.enabled if change.enabled is None else change.enabled
        if version.id == seen.version.id and enabled <= seen.enabled:
            return _Evaluated(found=Resolution(version=version))
        evaluated = await self._evaluate(seen.tenant, version)
        _require_loads(evaluated, enabled=enabled, stored=must_load)
        return evaluated

    async def modules_of(self, version: HookVersion) -> Sequence[Module]:
        """Which npm modules a version has, the largest first."""
        return await self._images.modules_of(version)

    async def resolve(self, tenant: str, version: HookVersion) -> HookVersion:
        """A version that is not stored, with its modules. `InvalidBody` and `Unavailable` of `bundle.base`."""
        return (await self._images.resolve(version, owner=tenant)).version

    async def _evaluate(self, tenant: str, version: HookVersion) -> _Evaluated:
        try:
            found = await self._images.resolve(version, owner=tenant)
        except (InvalidBody, Unavailable) as fault:
            return _Evaluated(found=Resolution(version=version), rejected=fault.message, fault=fault)
        if await self._storage.get_image(found.version.id, self._images.build_id) is not None:
            return _Evaluated(found=found)
        began = time.perf_counter()
        try:
            image = await self._images.image_of(found.version, owner=tenant)
        except SourceRejected as error:
            return _Evaluated(found=found, rejected=_reason(error))
        return _Evaluated(found=found, image=image, ms=(time.perf_counter() - began) * 1000)

    async def _whole(self, write: Coroutine[Any, Any, T], *hooks: Hook) -> T:
        """Wait for a write and tell that something changed. Happens to its end whether or not the caller waits."""
        task = asyncio.create_task(write)
        self._writing.add(task)

        def tell(done: asyncio.Task[T]) -> None:
            self._writing.discard(done)
            for hook in hooks:
                self._changed(hook.tenant, hook.trigger)

        task.add_done_callback(tell)
        return await asyncio.shield(task)

    async def _offer(self, evaluated: _Evaluated) -> None:
        """Other nodes ask for the image when the hook is there, and would make one each if it came later."""
        if evaluated.image is not None:
            await self._storage.put_image(
                evaluated.found.version.id, self._images.build_id, evaluated.image, ahead=True
            )

    async def _finish(self, written: HookWritten, evaluated: _Evaluated) -> HookWritten:
        """Keep the image, for the first request to find it, and say what is amiss."""
        version = written.hook.version
        if evaluated.image is not None:
            await self._storage.keep_image(version.id, self._images.build_id, evaluated.image)
        warnings = [f"The hook can not be enabled: {evaluated.rejected}"] if evaluated.rejected else []
        warnings += evaluated.found.warnings
        warnings += filter(None, [never_runs(written.hook.trigger, written.hook.policy)])
        return replace(
            written,
            warning=_in_ascii(" ".join(warnings)),
            modules=_modules(evaluated.found.modules),
            timing=f"modules;dur={evaluated.found.ms:.1f}, evaluation;dur={evaluated.ms:.1f}",
        )


def _require_managed(hook: Hook) -> None:
    if hook.trigger == WEBTASK:
        raise HookNotFound


def _settled(seen: Hook, change: HookChange) -> HookChange:
    """The change, less a version that is the hook's already: a range stays what it was found to be."""
    new, old = change.version, seen.version
    if new is None or replace(new, id=old.id, modules=old.modules) != old:
        return change
    return replace(change, version=new if new.modules else None)


def _modules(modules: Sequence[Module]) -> str:
    """The modules in one line, the largest first, as far as a header has room."""
    text = ", ".join(f"{module.name}@{module.version};bytes={module.bytes}" for module in modules)
    if len(text) <= _MODULES_CHARS:
        return _in_ascii(text)
    return _in_ascii(text[:_MODULES_CHARS].rpartition(", ")[0] + ", ...")


def _require_loads(evaluated: _Evaluated, *, enabled: bool, stored: bool) -> None:
    if evaluated.fault and (enabled or stored):
        raise evaluated.fault
    if evaluated.rejected and (enabled or stored):
        raise InvalidBody(f"The hook can not be {'stored' if stored else 'enabled'}: {evaluated.rejected}")


def _reason(error: SourceRejected) -> str:
    """Why a script does not load, in one line."""
    place = f" (line {error.line}, column {error.column})" if error.line else ""
    printable = "".join(char if char.isprintable() else " " for char in error.message[: 2 * _MESSAGE_CHARS])
    message = " ".join(printable.split())
    if len(message) > _MESSAGE_CHARS:
        message = f"{message[:_MESSAGE_CHARS]}..."
    return f"its script does not load: {message.removesuffix('.')}{place}."


def _in_ascii(text: str) -> str:
    # A warning leaves in a header (RFC 9110 section 5.5).
    return text.encode("ascii", "backslashreplace").decode()
