"""What a service under load keeps of npm modules is damaged: it is made again, and nobody waits for it but who deploys."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.end_to_end.serving import CONFIG, serving
from tests.registry import Registry

SCRIPT = "const a = require('a'); module.exports = (c, s, u, x, cb) => cb(null, { 'https://a/n': a.answer(%d) / 42 });"


async def test_what_is_kept_of_modules_is_damaged(tmp_path: Path, module_cache: Path, registry: Registry) -> None:
    """Each file of it, between two deploys, as a disk might do it, or a crash."""
    config, kept = tmp_path / "config.toml", module_cache / "modules/kept"
    config.write_text(CONFIG.replace("workers = 2", "workers = 1"))
    registry.add("a")
    before = set(files(kept))
    async with serving(config, module_cache, environ={"HOOKD_BUNDLE_REGISTRY": registry.url}) as service:
        service.script = SCRIPT
        await service.deploy(SCRIPT % 0, dependencies={"a": "1.0.0"})
        made = set(files(kept)) - before
        assert made
        async with service.under_load(2, writes=True):
            await service.until_written()
            damage(made)
            await service.until_written()
            await service.until_answered()
        assert (service.lost, service.wrong, service.refused) == ([], [], [])
        assert all(is_whole(file) for file in made)
        assert "Traceback" not in service.process.log


def files(folder: Path) -> list[Path]:
    """Those that are there, of a folder that may not be."""
    return list(folder.iterdir()) if folder.exists() else []


def damage(made: set[Path]) -> None:
    """Half of each is another one's."""
    for file in made:
        content = file.read_bytes()
        half = len(content) // 2
        file.write_bytes(content[:half] + bytes(len(content) - half))


def is_whole(file: Path) -> bool:
    """As `Store` looks at it."""
    content = file.read_bytes()
    return hashlib.sha256(content[32:]).digest() == content[:32]
