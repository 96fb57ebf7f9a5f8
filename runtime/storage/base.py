"""The contract that every backend fulfils. One test suite runs on all of them (tests/storage/test_contract.py).

What a backend must promise:
- a call that returned has been made durable; a call that raised has changed nothing;
- each call is atomic: two callers that enable different hooks at once leave exactly one enabled, where their policies
  let only one be;
- a caller who is cancelled takes nothing back: what was accepted is still written, whole;
- nothing is ever found under another tenant;
- secrets arrive and leave sealed (`storage.sealing`): a backend never sees a plain one;
- versions are never changed; a hook's are numbered in the order in which it had them, and its newest 50 are kept. What no
  hook has any more goes in the transaction in which the last one lets go of it, so that no tenant can fill the disk;
- when the backend is full, locked or broken, the call raises `Unavailable`.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runtime.errors import Conflict, InvalidBody, NotFound, Unavailable
from runtime.model import ANSWERED, FAILURES, LEVELS, REFUSED, Deploy, Execution, Hook, HookVersion, Policy
from runtime.storage.logouts import Logouts
from runtime.storage.moving import Moving
from runtime.storage.peers import Peers
from runtime.storage.resealing import Resealing

_LOG: Final = logging.getLogger("hookd.storage")


class StaleHook(Conflict):
    """The hook is no longer as it was when the change was decided. Read it, decide again."""

    def __init__(self) -> None:
        super().__init__("The hook was changed by somebody else at the same time. Try again.")


class TooManyHooks(Conflict):
    """The tenant has as many hooks as it may have.

    The vendor answers 403 where a tenant has too many of something (contract-full 5.6), but its deploy tool takes a 403 for
    "there are no hooks any more" and ends well (contract 1.3): nobody would learn that a hook was not deployed.
    """

    code = "too_many_entities"

    def __init__(self, *, most: int) -> None:
        super().__init__(f"A tenant can have at most {most} hooks, and this one has them. Delete one first.")


class TooManyEnabled(Conflict):
    """As many hooks of the trigger are enabled as may be."""

    code = "too_many_entities"

    def __init__(self, *, most: int) -> None:
        super().__init__(f"At most {most} hooks of one extensibility point can be enabled at once. Disable one first.")


class SecretNameTaken(Conflict):
    """The hook has a secret of this name (contract-full 5.2)."""

    def __init__(self) -> None:
        super().__init__("Secret with the same name already exists.")


class SecretNotFound(NotFound):
    """The hook has no secret of this name (contract-full 5.2)."""

    def __init__(self) -> None:
        super().__init__("Hook or secret not found.")


class VersionNotFound(NotFound):
    """The hook has no version of this number, or has it no more: its newest `VERSIONS` are kept."""

    def __init__(self, number: int) -> None:
        super().__init__(f"The hook has no version {number}, or no longer has it.")


class ExecutionNotFound(NotFound):
    """The tenant has no record of this id: it is not written yet, was removed by age or number, or never was."""

    def __init__(self) -> None:
        super().__init__("There is no record of an execution with this id.")


class DocumentChanged(Conflict):
    """The hook's document is no longer the one that the change was made to; `document` is what it is, None for none."""

    def __init__(self, document: Document | None) -> None:
        super().__init__("The stored data was changed since it was read.")
        self.document = document


class TooManySecrets(InvalidBody):
    """The hook would have more secrets than it may."""

    def __init__(self, *, would: int, most: int) -> None:
        super().__init__(f"A hook can have at most {most} secrets; this one would have {would}.")


@dataclass(frozen=True, slots=True)
class Document:
    """What a hook keeps: a JSON text. `etag` is another when the text is."""

    data: str
    etag: str


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """What a tenant's Actions of a trigger keep under a key, or, without a value, that they keep nothing there any more.

    `size` is bytes of the key and of the value before it was sealed, `expires_at` milliseconds since the epoch.
    """

    key: str
    sealed: bytes | None = None
    size: int = 0
    expires_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HookChange:
    """What a PATCH changes; None leaves the field. `version` is the new source, already made a version.

    `secrets`, sealed, replace all that the hook has. `bundle` is what the version's `modules` names, as in `create_hook`.
    """

    name: str | None = None
    enabled: bool | None = None
    version: HookVersion | None = None
    policy: Policy | None = None
    meta: Mapping[str, str] | None = None
    secrets: Mapping[str, bytes] | None = None
    bundle: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookWritten:
    """A hook as it stands after a write, and the one that was disabled for it (or None).

    The others are the use case's (`admin`), one line of ASCII each; backends leave them empty. `warning` says why the hook can
    not be enabled, and what else is amiss; `modules` which npm modules were found for it, `timing` how long what took.
    """

    hook: Hook
    disabled: Hook | None = None
    warning: str = ""
    modules: str = ""
    timing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFilter:
    """Which hooks to list. None takes all, or leaves none out."""

    trigger: str | None = None
    but_trigger: str | None = None
    enabled: bool | None = None
    name: str | None = None


FAILURE: Final = "failure"
"""In a filter: whatever of `model.FAILURES` it was."""

OUTCOMES: Final = (ANSWERED, REFUSED, FAILURE, *FAILURES)
"""What a filter can name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions to list, newest first. None takes all; `before` and `after` are execution ids (exclusive).

    Execution ids are ULIDs (`ulid.Ulids`), so that the order of ids is the order of time. `level` is the least, `outcome` one of
    `OUTCOMES`. `since` (inclusive) and `until` (exclusive) are seconds since the epoch.
    """

    trigger: str | None = None
    hook_id: str | None = None
    client_id: str | None = None
    decision: str | None = None
    outcome: str | None = None
    level: str | None = None
    request_id: str | None = None
    since: float | None = None
    until: float | None = None
    before: str | None = None
    after: str | None = None

    def wants(self, execution: Execution) -> bool:
        """Whether the execution is one of them."""
        return (
            self.trigger in (None, execution.trigger)
            and self.hook_id in (None, execution.hook_id)
            and self.client_id in (None, execution.client_id)
            and self.decision in (None, execution.decision)
            and self.request_id in (None, execution.request_id)
            and (self.outcome in (None, execution.outcome) or (self.outcome == FAILURE and execution.has_failed))
            and (self.level is None or LEVELS.index(self.level) <= LEVELS.index(execution.level))
            and (self.since is None or self.since <= execution.at)
            and (self.until is None or execution.at < self.until)
            and (self.before is None or execution.id < self.before)
            and (self.after is None or execution.id > self.after)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """So many executions that began in the same stretch of time (from `at`, seconds since the epoch) and are alike.

    `duration` is the class of their durations, see `durations.class_of`.
    """

    at: float
    decision: str
    outcome: str
    duration: int
    count: int


ENABLED: Final = 20
"""How many hooks of one trigger may be enabled at once: the vendor's number of Actions (contract-full 10)."""

VERSIONS: Final = 50
"""How many versions of a hook are kept: the vendor's number (contract 0)."""


class Storage(Resealing, Moving, Logouts):
    """Hooks, versions, sealed secrets, images and execution records of all tenants."""

    @property
    @abstractmethod
    def peers(self) -> Peers:
        """The other processes that use the same storage."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was accepted and let go of everything. Idempotent."""

    @abstractmethod
    async def ping(self) -> None:
        """Return when the backend answers; raise `Unavailable` when it does not."""

    # hooks and versions

    @abstractmethod
    async def create_hook(
        self,
        hook: Hook,
        *,
        most: int | None = None,
        secrets: Mapping[str, bytes] | None = None,
        instead_of: str | None = None,
        bundle: bytes = b"",
    ) -> HookWritten:
        """Store a new hook, its version and its sealed secrets. `HookNameTaken` when the trigger has one of that name in this tenant.

        `TooManyHooks` when the tenant would have more than `most`; None is no limit. `instead_of` is the id of a hook that is
        removed in the same transaction. `HookNotFound`.
        `bundle` is what the version's `modules` names; needed unless it is there. `StaleHook` when it is neither.
        If `hook.enabled` and its policy has no order, the hook that was enabled at that trigger without an order for the
        same clients and audiences is disabled in the same transaction. `TooManyEnabled`.
        """

    @abstractmethod
    async def update_hook(
        self, tenant: str, hook_id: str, change: HookChange, at: float, *, seen: Hook | None = None
    ) -> HookWritten:
        """Apply a change; `at` becomes `updated_at`. `HookNotFound`, `HookNameTaken`.

        Enabling, and another policy of an enabled hook, as in `create_hook`.

        `seen` is the hook that the change was decided on: `StaleHook` when its version, policy or `enabled` is another by now.
        Without it, a source that does not load could be stored in the moment in which somebody else enables the hook.
        """

    @abstractmethod
    async def delete_hook(self, tenant: str, hook_id: str) -> Hook:
        """Remove a hook, its secrets and its versions, and return what it was. `HookNotFound`. Its records stay readable."""

    @abstractmethod
    async def get_hook(self, tenant: str, hook_id: str) -> Hook:
        """One hook with its current version. `HookNotFound`."""

    @abstractmethod
    async def list_hooks(self, tenant: str, wanted: HookFilter, *, start: int, limit: int) -> tuple[list[Hook], int]:
        """A page of the hooks in order of creation, and how many match in all."""

    @abstractmethod
    async def enabled_hooks(self, tenant: str, trigger: str) -> tuple[Hook, ...]:
        """The hooks that run at this extensibility point, in the order in which they do (`Policy.rank`, then age)."""

    @abstractmethod
    async def list_deploys(self, tenant: str, hook_id: str) -> list[Deploy]:
        """Which versions the hook has had, newest first, as far as they are kept. `HookNotFound`."""

    @abstractmethod
    async def get_version(self, tenant: str, hook_id: str, number: int) -> HookVersion:
        """The version that the hook's deploy of this number brought. `HookNotFound`, `VersionNotFound`."""

    # secrets: name -> sealed value

    @abstractmethod
    async def get_secrets(self, tenant: str, hook_id: str) -> dict[str, bytes]:
        """All sealed secrets of a hook. `HookNotFound`."""

    @abstractmethod
    async def add_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, bytes], *, most: int) -> None:
        """Add new names, all or none. `HookNotFound`, `SecretNameTaken`; `TooManySecrets` when there were more than `most`."""

    @abstractmethod
    async def update_secrets(self, tenant: str, hook_id: str, secrets: Mapping[str, bytes]) -> None:
        """Replace the values of existing names, all or none. `HookNotFound`, `SecretNotFound`."""

    @abstractmethod
    async def delete_secrets(self, tenant: str, hook_id: str, names: Sequence[str]) -> None:
        """Remove names; one that does not exist is no error. `HookNotFound`."""

    # documents: what a hook keeps for itself, one each

    @abstractmethod
    async def get_document(self, tenant: str, hook_id: str) -> Document | None:
        """The hook's document; None where it keeps none. `HookNotFound`."""

    @abstractmethod
    async def put_document(self, tenant: str, hook_id: str, data: str, *, etag: str | None) -> Document:
        """Keep it in place of the one with this etag, "" for none, None for any. `DocumentChanged`, `HookNotFound`."""

    # cache: what a tenant's Actions of one trigger share, for a while

    @abstractmethod
    async def get_cache(self, tenant: str, trigger: str, now: float) -> list[CacheEntry]:
        """What is kept there and has not expired at `now` (milliseconds since the epoch)."""

    @abstractmethod
    async def change_cache(
        self, tenant: str, trigger: str, changes: Sequence[CacheEntry], now: float, *, most: int, most_bytes: int
    ) -> None:
        """Set and delete in this order, whatever was there before: who comes last is right.

        What there would be no room for among `most` entries of `most_bytes` together is not kept, and nothing under its key.
        What has expired takes no room, and goes with the next changes, whosever they are.
        """

    # images: what a version looks like after its source was evaluated; remade whenever it is missing

    @abstractmethod
    async def put_image(self, version_id: str, build_id: str, image: bytes, *, ahead: bool = False) -> None:
        """Keep a version's image for this build of the guest, in place of an older one. Nothing, when no hook runs it.

        `ahead`: one is about to. A storage that nodes share keeps it for a minute, for they ask as soon as the hook is there.
        """

    async def keep_image(self, version_id: str, build_id: str, image: bytes) -> None:
        """`put_image` for who can go on without: where it is not kept, the log says so, and it is made again."""
        try:
            await self.put_image(version_id, build_id, image)
        except Unavailable as error:
            _LOG.warning("the image of version %s was not kept: %s", version_id[:12], error.debug)

    @abstractmethod
    async def get_image(self, version_id: str, build_id: str) -> bytes | None:
        """The image, or None when there is none for this build or its checksum does not hold."""

    # bundles: the npm modules of versions, kept as long as a version names them

    @abstractmethod
    async def get_bundle(self, bundle_id: str) -> bytes | None:
        """The bundle that versions name so in `modules`, or None."""

    # executions

    @abstractmethod
    async def append_executions(self, executions: Sequence[Execution]) -> None:
        """Keep the records of executions, in one transaction. One that is there already stays as it is."""

    @abstractmethod
    async def list_executions(self, tenant: str, wanted: ExecutionFilter, *, limit: int) -> list[Execution]:
        """Newest first."""

    @abstractmethod
    async def count_executions(self, tenant: str, wanted: ExecutionFilter, *, step: float) -> list[Counted]:
        """How many there are of each kind, by stretches of `step` seconds from `wanted.since`, which is given."""

    @abstractmethod
    async def get_execution(self, tenant: str, execution_id: str) -> Execution:
        """One record. `ExecutionNotFound`."""

    @abstractmethod
    async def prune_executions(self, *, older_than: float, most: int, most_bytes: int) -> int:
        """Remove records from before `older_than` (seconds since the epoch) and all but each tenant's newest `most`.

        And all but the newest that are `most_bytes` together. The sum is of the records as they are kept.
        Says how many went. May work in several transactions, so that other writes need not wait for a large one.
        """
