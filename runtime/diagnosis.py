"""What a service would find here, looked at without a change: its storage, Node's walls, and what makes bundles of npm modules.

For `hookd doctor`. A look raises what the service would raise: `SettingsError`, or `Unavailable`, with what to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from runtime.bootstrap import database_path
from runtime.bundle.process import find_node
from runtime.node.engine import build_walls
from runtime.settings import Settings
from runtime.storage.sqlite import schema_of


def look_at_storage(settings: Settings) -> tuple[int, int] | None:
    """The version of the storage's schema and the one that this hookd makes of it; None where there is no storage yet."""
    path = database_path(settings.storage)
    return schema_of(path) if path.exists() else None


async def look_at_walls(settings: Settings) -> Sequence[str]:
    """The names of the walls that would stand around Node here. `SettingsError` where they are too few."""
    walled = await build_walls(settings.node, settings.limits.limits())
    try:
        return list(walled.processes.walls)
    finally:
        await walled.close()


def look_at_npm() -> str:
    """Where the Node is that runs npm. `Unavailable` where there is none."""
    return str(find_node().node)
