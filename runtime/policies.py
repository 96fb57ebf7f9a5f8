"""What a body that changes a hook's policy must be. Pure; `manifest` has the manner, `model.Policy` the meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from runtime.manifest import Broken, Property, expected, inside, integer, members, quoted, require_properties, string
from runtime.model import Policy
from runtime.triggers import TRIGGERS

BOUND_TO: Final = 100
"""Clients, and audiences, that a hook may be bound to."""
CLIENT_CHARS: Final = 256
AUDIENCE_CHARS: Final = 2_048
MOST_ORDER: Final = 1_000_000
ON_ERROR: Final = ("deny", "allow")


def parse_policy(body: object) -> Callable[[Policy], Policy]:
    """The change that a body asks for: any of clients, audiences, order and on_error. `InvalidBody`."""
    changes = members(body, _POLICY)
    require_properties(changes)
    return lambda policy: replace(policy, **changes)


def never_runs(trigger_id: str, policy: Policy) -> str:
    """Why no request is one that a hook with this policy runs for; "" where some may be."""
    trigger = TRIGGERS.get(trigger_id)
    if trigger is None or trigger.grant:
        return ""
    if policy.audiences:
        return f"The hook never runs: it is bound to audiences, and at {trigger.id} there are none."
    if policy.clients and not trigger.names_client:
        return f"The hook never runs: it is bound to clients, and at {trigger.id} none is named."
    return ""


def _names(most_chars: int) -> Callable[[object], tuple[str, ...]]:
    def read_one(value: object) -> str:
        return _name(value, most_chars)

    def read(value: object) -> tuple[str, ...]:
        if type(value) is not list:
            raise Broken(expected("array", value))
        if len(value) > BOUND_TO:
            raise Broken(f"Array is too long ({len(value)}), maximum {BOUND_TO}")
        named = [inside(f"[{index}]", read_one, name) for index, name in enumerate(value)]
        return tuple(dict.fromkeys(named))

    return read


def _name(value: object, most: int) -> str:
    name = string(value)
    if not 1 <= len(name) <= most:
        raise Broken(f"String must have 1 to {most:,} characters, not {len(name):,}")
    return name


def _order(value: object) -> int | None:
    return None if value is None else integer(value, -MOST_ORDER, MOST_ORDER, wanted="integer or null")


def _on_error(value: object) -> str:
    if string(value) not in ON_ERROR:
        raise Broken(f"No enum match for: {quoted(value)}")
    return str(value)


_POLICY: Final[Mapping[str, Property]] = {
    "clients": Property("Ids of the clients that the hook runs for; none means all.", _names(CLIENT_CHARS)),
    "audiences": Property("Audiences that the hook runs for; none means all.", _names(AUDIENCE_CHARS)),
    "order": Property("Its place among hooks that run one after the other; null: it is the only one.", _order),
    "on_error": Property(f"What a hook that broke decides, one of: {', '.join(ON_ERROR)}.", _on_error),
}
