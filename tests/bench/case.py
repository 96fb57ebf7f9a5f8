"""What is measured: the seed hook, a request, a hostile hook. The Node references read the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILES = Path(__file__).parent / "data"

HOOK = (_FILES / "hook.js").read_text()
HOSTILE = (_FILES / "hostile.js").read_text()
TELLING = "module.exports = (client, scope, audience, context, cb) => { console.log(Date.now()); cb(null, { scope: [...scope, 'extra'] }); };"
REQUEST: dict[str, Any] = json.loads((_FILES / "request.json").read_text())
TRIGGER = "credentials-exchange"
PATH = f"/api/v1/triggers/{TRIGGER}/execute"


def variant(number: int) -> str:
    """The seed hook as another tenant would have written it: a source, and so an image, of its own."""
    return HOOK.replace("'bar'", f"'bar of tenant {number}'")


def claim(number: int) -> str:
    """What an answer has in it when that variant decided, as JSON."""
    return f'"bar of tenant {number}"'


def deployment(script: str) -> dict[str, Any]:
    """The body that creates a hook with this source and enables it."""
    return {"name": "seed", "script": script, "triggerId": TRIGGER, "enabled": True}
