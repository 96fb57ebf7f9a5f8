"""Execution records for tests that look at a few of their members."""

from __future__ import annotations

from typing import Any

from runtime.model import Execution


def execution(number: int, **more: Any) -> Execution:
    """A record with this number as its id."""
    values: dict[str, Any] = {
        "id": f"{number:026d}",
        "tenant": "acme",
        "trigger": "credentials-exchange",
        "hook_id": "h1",
        "hook_name": "a-hook",
        "version_id": "v1",
        "client_id": "c1",
        "at": 0.0,
        "decision": "allow",
        "duration_ms": 1.0,
        "cpu_ms": 1.0,
        "memory_bytes": 0,
        **more,
    }
    return Execution(**values)
