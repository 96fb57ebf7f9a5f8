"""Changes of files are noticed, once each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from runtime.cli import watching


async def test_what_is_changed_made_or_removed_is_noticed(tmp_path: Path, monkeypatch):
    """What begins with a dot and what npm installed is passed by."""
    monkeypatch.setattr(watching, "SECONDS", 0.01)
    (tmp_path / "cases").mkdir()
    (tmp_path / "hook.js").write_text("1")
    seen = watching.changes([tmp_path])
    steps: list[Callable[[], object]] = [
        lambda: (tmp_path / "hook.js").write_text("22"),
        lambda: (tmp_path / "cases/a.json").write_text("{}"),
        (tmp_path / "hook.js").unlink,
    ]
    waiting = asyncio.ensure_future(anext(seen))
    for step in steps:
        step()
        await asyncio.wait_for(waiting, 30)
        waiting = asyncio.ensure_future(anext(seen))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/index").write_text("x")
    (tmp_path / "node_modules").mkdir()
    await asyncio.wait([waiting], timeout=0.1)

    assert not waiting.done()
    waiting.cancel()
