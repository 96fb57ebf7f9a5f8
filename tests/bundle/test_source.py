"""What a version's image is made of."""

from __future__ import annotations

from runtime.bundle.source import SourceImages
from runtime.storage.base import HookFilter
from tests.requesting import CREDENTIALS, SEED, deploy


async def test_the_image_is_of_the_versions_script(runtime):
    """It loads, and its build is one that can be compared."""
    images = SourceImages(runtime.sandbox)
    await deploy(runtime, SEED)
    hooks, _ = await runtime.storage.list_hooks("t", HookFilter(trigger=CREDENTIALS), start=0, limit=1)
    image = await images.image_of(hooks[0].version)

    assert runtime.sandbox.load(image).size == len(image)
    assert len(bytes.fromhex(images.build_id)) == 32
