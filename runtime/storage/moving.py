"""The storage contract's part for moving everything into another storage (`migration`): what the other calls do not find or write.

Rule: who restores has the storage to itself, and restores what another storage had. Each call may come again: what is there
already stays as it is.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from runtime.model import Deploy, Hook, HookVersion
from runtime.moves import Target


class Moving(Target):
    """See `base.Storage`."""

    @abstractmethod
    async def tenants(self) -> list[str]:
        """All that have hooks or records of executions, sorted; maybe some that had records of late."""

    @abstractmethod
    async def restore_hook(self, hook: Hook, deploy: Deploy, secrets: Mapping[str, bytes], bundle: bytes) -> None:
        """Store a hook with its newest deploy, behind the hooks that are there, and disable none for it.

        `bundle` is what its version's `modules` names, b"" where it is there.
        """

    @abstractmethod
    async def restore_deploy(
        self, tenant: str, hook_id: str, deploy: Deploy, version: HookVersion, bundle: bytes
    ) -> None:
        """Store the deploy before the oldest that the hook has. `HookNotFound`."""
