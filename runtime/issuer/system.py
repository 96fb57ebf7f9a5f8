"""The built-in API: hookd's own management, whose tokens work at `/api/v2/` here and, in `hookd dev`, at the runtime.

Its scopes are every scope that hookd knows. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runtime.issuer.records import ResourceServer

SYSTEM_API_ID: Final = "management"
"""The record's id; its identifier is the address, which may change."""

_VERBS: Final[Mapping[str, tuple[str, ...]]] = {
    "hooks": ("read", "create", "update", "delete"),
    "clients": ("read", "create", "update", "delete"),
    "resource_servers": ("read", "create", "update", "delete"),
    "client_grants": ("read", "create", "update", "delete"),
    "users": ("read", "create", "update", "delete"),
    "signing_keys": ("read", "create", "update"),
    "logs": ("read",),
}

MANAGEMENT_SCOPES: Final[Mapping[str, str]] = {
    **{f"{verb}:{noun}": f"{verb} {noun.replace('_', ' ')}" for noun, verbs in _VERBS.items() for verb in verbs},
    "execute:hooks": "run the enabled hook",
}
"""Scope to what it allows."""


def management_audience(url: str) -> str:
    """The identifier of the built-in API, as Auth0 forms it: the address and `/api/v2/`."""
    return f"{url}/api/v2/"


def system_api(url: str) -> ResourceServer:
    """The built-in API's record."""
    return ResourceServer(
        id=SYSTEM_API_ID,
        identifier=management_audience(url),
        name="hookd Management API",
        scopes=MANAGEMENT_SCOPES,
        is_system=True,
    )
