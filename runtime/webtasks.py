"""The use cases of the Webtask API: hooks by name and with metadata, and plain webtasks beside them.

Rules:
- A webtask's name is its own in its container. Hooks of two extensibility points may share one (Management API): then the
  one that was made here is meant. Of several, or none, made here nothing is touched, because nobody could say which is meant.
- An extension whose script does not load is not stored: the command line would show no warning. What is no extension is
  stored as it is and answers each call with its error, as webtask did.
- A webtask's secrets are shown, as webtask's tools need it, to who may write its code: code can read them anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runtime.admin import Admin
from runtime.errors import Conflict, HookNameTaken, HookNotFound, InsufficientScope, InvalidBody, NotFound
from runtime.manifest import SECRETS, NewHook
from runtime.model import WEBTASK, Hook, Secrets
from runtime.storage.base import Document, HookChange, HookFilter, HookWritten, Storage, TooManySecrets
from runtime.storage.sealing import Sealer
from runtime.webtask import metadata
from runtime.webtask.metadata import SECRET, Binding
from runtime.webtask.upload import Upload

_PAGE: Final = 50
_ATTEMPTS: Final = 3
_EVERY: Final = HookFilter()
_NO_DATA: Final = Document("{}", "")


class WebtaskNotFound(NotFound):
    """There is none of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no webtask {name[:128]!r} in this container.")


class NameShared(Conflict):
    """Several hooks have the name, each at an extensibility point of its own."""

    def __init__(self, hooks: list[Hook]) -> None:
        points = ", ".join(f"{hook.trigger} (id {hook.id})" for hook in hooks if hook.trigger != WEBTASK)
        super().__init__(
            f"Several hooks are called {hooks[0].name!r}: rename one with PATCH /api/v2/hooks/{{id}}. They are: {points}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Webtask:
    """A hook as the Webtask API shows it. `secrets` is empty for who may not see them."""

    hook: Hook
    meta: Mapping[str, str]
    secrets: Secrets


class Webtasks:
    """Manages the webtasks of all tenants. A tenant is what webtask calls a container."""

    def __init__(self, *, storage: Storage, sealer: Sealer, admin: Admin) -> None:
        self._storage = storage
        self._sealer = sealer
        self._admin = admin

    async def get(self, tenant: str, name: str) -> Hook:
        """The hook of this name. `WebtaskNotFound`, `NameShared`."""
        hook = await self._find(tenant, name)
        if hook is None:
            raise WebtaskNotFound(name)
        return hook

    async def view(self, hook: Hook, *, open_secrets: bool) -> Webtask:
        """What there is to show of a hook, with its secrets or without."""
        meta, secrets = metadata.shown(hook), Secrets()
        if open_secrets:
            secrets = await self._secrets(hook)
            if SECRET in hook.meta and SECRET in secrets:
                meta[SECRET] = secrets[SECRET]
        return Webtask(hook=hook, meta=meta, secrets=secrets)

    async def list_webtasks(self, tenant: str, wanted: Mapping[str, str], *, offset: int, limit: int) -> list[Hook]:
        """Those that have all these metadata, in order of creation."""
        found: list[Hook] = []
        start, total = 0, 1
        while start < total and len(found) < offset + limit:
            page, total = await self._storage.list_hooks(tenant, _EVERY, start=start, limit=_PAGE)
            found += [hook for hook in page if wanted.items() <= metadata.shown(hook).items()]
            start += _PAGE
        return found[offset : offset + limit]

    async def put(self, tenant: str, upload: Upload, *, may_create: bool, may_remove: bool) -> HookWritten:
        """Make the webtask of this name, or change it. `InvalidBody`, `NameShared`, `TooManyHooks`, `TooManySecrets`."""
        for _ in range(_ATTEMPTS):
            try:
                return await self._put(tenant, upload, may_create=may_create, may_remove=may_remove)
            except (HookNameTaken, HookNotFound):
                continue  # made or removed by somebody else since it was looked for
        raise Conflict("The webtask was changed by somebody else at the same time. Try again.")

    async def remove(self, tenant: str, name: str) -> None:
        """Remove the webtask and its secrets. `WebtaskNotFound`, `NameShared`."""
        hook = await self.get(tenant, name)
        try:
            await self._admin.remove(hook)
        except HookNotFound:
            raise WebtaskNotFound(name) from None

    async def data(self, tenant: str, name: str) -> Document:
        """What the webtask keeps; where it keeps nothing, an empty object. `WebtaskNotFound`, `NameShared`."""
        hook = await self.get(tenant, name)
        return await self._storage.get_document(tenant, hook.id) or _NO_DATA

    async def keep_data(self, tenant: str, name: str, data: str, etag: str | None) -> Document:
        """What the webtask shall keep, in place of what has this etag. `DocumentChanged`, `WebtaskNotFound`, `NameShared`."""
        hook = await self.get(tenant, name)
        return await self._storage.put_document(tenant, hook.id, data, etag=etag)

    async def _put(self, tenant: str, upload: Upload, *, may_create: bool, may_remove: bool) -> HookWritten:
        seen = await self._find(tenant, upload.name)
        if seen is None:
            if not may_create:
                raise InsufficientScope("Insufficient scope; expected any of: create:hooks.")
            return await self._create(tenant, upload)
        if upload.only_names:
            return HookWritten(hook=seen)
        secrets = await self._secrets_after(seen, upload)
        binding = _binding(seen, upload)
        if binding.trigger == seen.trigger:
            return await self._admin.change(
                tenant,
                seen.id,
                lambda now: self._changed(now, upload, secrets),
                must_load=binding.is_extension,
            )
        if not (may_create and may_remove):
            raise InsufficientScope(
                f"{upload.name!r} is at {seen.trigger} and would be replaced by another at {binding.trigger}:"
                " the token needs create:hooks and delete:hooks beside its scope."
            )
        return await self._replace(seen, upload, binding, secrets)

    async def _create(self, tenant: str, upload: Upload) -> HookWritten:
        if upload.script is None:
            raise InvalidBody("Payload validation error: 'Missing required property: code'.")
        secrets = _with_extension_secret(upload.secrets or Secrets(), upload)
        binding = metadata.read(upload.meta or {})
        return await self._admin.add(tenant, _new(upload, binding, None, secrets), must_load=binding.is_extension)

    async def _replace(self, seen: Hook, upload: Upload, binding: Binding, secrets: Secrets | None) -> HookWritten:
        """For another extensibility point: a hook of its own, in place of the old one."""
        kept = await self._secrets(seen) if secrets is None else secrets
        new = _new(upload, binding, seen, kept)
        return await self._admin.add(seen.tenant, new, must_load=binding.is_extension, instead_of=seen)

    def _changed(self, seen: Hook, upload: Upload, secrets: Secrets | None) -> HookChange:
        new = _new(upload, _binding(seen, upload), seen, secrets or Secrets())
        sealed = None if secrets is None else self._sealer.seal_secrets(seen.tenant, seen.id, secrets)
        return HookChange(
            enabled=new.enabled,
            version=new.version(seen.version.engine),
            policy=new.policy,
            meta=new.meta,
            secrets=sealed,
        )

    async def _secrets_after(self, seen: Hook, upload: Upload) -> Secrets | None:
        """All secrets that the webtask is to have; None when they stay."""
        if upload.secrets is None and SECRET not in (upload.meta or {}):
            return None
        base = await self._secrets(seen) if upload.secrets is None else upload.secrets
        return _with_extension_secret(base, upload)

    async def _secrets(self, hook: Hook) -> Secrets:
        sealed = await self._storage.get_secrets(hook.tenant, hook.id)
        return self._sealer.open_secrets(hook.tenant, hook.id, sealed)

    async def _find(self, tenant: str, name: str) -> Hook | None:
        hooks, _ = await self._storage.list_hooks(tenant, HookFilter(name=name), start=0, limit=_PAGE)
        made_here = [hook for hook in hooks if hook.trigger == WEBTASK or hook.meta]
        for found in (hooks, made_here):
            if len(found) == 1:
                return found[0]
        if hooks:
            raise NameShared(hooks)
        return None


def _binding(seen: Hook, upload: Upload) -> Binding:
    return metadata.read(metadata.shown(seen) if upload.meta is None else upload.meta)


def _new(upload: Upload, binding: Binding, seen: Hook | None, secrets: Secrets) -> NewHook:
    """The hook as it is to be, over what there is of it."""
    script = upload.script
    if script is None:
        assert seen is not None
        script = seen.version.script
    meta = upload.meta
    if meta is None:
        meta = {} if seen is None else metadata.shown(seen) | {name: "" for name in seen.meta if name == SECRET}
    claims = upload.claims
    if claims is None:
        claims = {} if seen is None else metadata.claims_of(seen)
    # The value is among the secrets, sealed; what is kept here is that it was sent as metadata.
    stored = {name: "" if name == SECRET else value for name, value in meta.items()}
    before = seen if seen is not None and seen.trigger == binding.trigger else None
    return NewHook(
        name=upload.name,
        script=script,
        trigger=binding.trigger,
        enabled=binding.enabled,
        dependencies=binding.dependencies,
        engine=binding.engine,
        policy=metadata.policy_of(meta, binding, before),
        meta=metadata.with_claims(stored, claims),
        secrets=secrets,
    )


def _with_extension_secret(secrets: Secrets, upload: Upload) -> Secrets:
    """The secrets, and the one that came as metadata: who calls the webtask as its extensibility point knows it."""
    sent = (upload.meta or {}).get(SECRET)
    if sent is not None:
        if upload.secrets is not None and upload.secrets.get(SECRET, sent) != sent:
            raise InvalidBody(f"The metadata {SECRET} and the secret of this name must be the same.")
        secrets = Secrets({**secrets, SECRET: sent})
    if len(secrets) > SECRETS:
        raise TooManySecrets(would=len(secrets), most=SECRETS)
    return secrets
