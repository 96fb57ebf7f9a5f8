"""The images of versions, from their source."""

from __future__ import annotations

from runtime.bundle.base import Images
from runtime.model import HookVersion
from runtime.sandbox.base import Sandbox


class SourceImages(Images):
    """One per process."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.build_id = sandbox.build_id

    async def image_of(self, version: HookVersion, *, owner: str = "") -> bytes:
        """See `Images.image_of`."""
        return await self._sandbox.make_image(version.script, owner=owner)
