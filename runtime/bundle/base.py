"""The contract between the use cases and what makes a version ready to run."""

from __future__ import annotations

from abc import ABC, abstractmethod

from runtime.model import HookVersion


class Images(ABC):
    """Makes images of versions. `build_id` names everything that an image depends on beside the version."""

    build_id: str

    @abstractmethod
    async def image_of(self, version: HookVersion, *, owner: str = "") -> bytes:
        """Evaluate a version once, under limits, and return what must be kept to run it.

        `owner` as for `Sandbox.make_image`. `SourceRejected`, with the place in the source as it was uploaded; `Unavailable`.
        """
