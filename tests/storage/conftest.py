"""Nouns to store, and a version's content that is never the same twice."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from runtime.model import Execution, Hook, HookVersion
from runtime.ulid import Ulids

_IDS = Ulids()
_NUMBERS = count()


class Nouns:
    """Makes nouns; every argument is a field."""

    def version(self, **more: Any) -> HookVersion:
        """A version of its own."""
        number = next(_NUMBERS)
        fields = {
            "id": f"{number:064x}",
            "trigger": "credentials-exchange",
            "script": f"// {number}",
            "dependencies": {},
        }
        return HookVersion(**{**fields, **more})

    def hook(self, **more: Any) -> Hook:
        """A disabled hook of tenant acme, with a name and a version of its own."""
        trigger = more.setdefault("trigger", "credentials-exchange")
        fields = {
            "tenant": "acme",
            "id": _IDS.new(1.0),
            "name": f"hook {next(_NUMBERS)}",
            "enabled": False,
            "version": self.version(trigger=trigger),
            "created_at": 1.0,
            "updated_at": 1.0,
        }
        return Hook(**{**fields, **more})

    def execution(self, **more: Any) -> Execution:
        """An execution of tenant acme, later than the one before."""
        at = more.setdefault("at", 1_000.0 + next(_NUMBERS))
        fields = {
            "id": _IDS.new(at),
            "tenant": "acme",
            "trigger": "credentials-exchange",
            "hook_id": "h",
            "hook_name": "a hook",
            "version_id": "v",
            "client_id": "c",
            "decision": "allow",
            "duration_ms": 1.5,
            "cpu_ms": 0.5,
            "memory_bytes": 65_536,
        }
        return Execution(**{**fields, **more})


@pytest.fixture
def nouns() -> Nouns:
    return Nouns()
