"""The lists of hosts and networks in the configuration, and whose they are. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final

from runtime.errors import SettingsError
from runtime.network.guard import Policy, Rule
from runtime.settings import NetworkSettings

_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_ENTRY: Final = re.compile(r"(?P<host>\[[0-9a-f:.]+(/[0-9]+)?\]|[^:\[\]]+)(:(?P<port>[0-9]{1,5}))?")
_IPV4: Final = re.compile(r"[0-9.]+(/[0-9]+)?")


class Policies:
    """The policy of each tenant. What the configuration says for all holds beside what it says for one; `only` instead."""

    def __init__(self, settings: NetworkSettings) -> None:
        """`SettingsError` for an entry that is none."""
        allow, deny, only = _rules(settings.allow), _rules(settings.deny), _rules(settings.only)
        self._default = Policy(allow=allow, deny=deny, only=only)
        self._tenants: Mapping[str, Policy] = {
            row.tenant: Policy(
                allow=allow + _rules(row.allow), deny=deny + _rules(row.deny), only=_rules(row.only) or only
            )
            for row in settings.tenants
        }

    def of(self, tenant: str) -> Policy:
        """What this tenant's hooks may reach."""
        return self._tenants.get(tenant, self._default)


def _rules(entries: tuple[str, ...]) -> tuple[Rule, ...]:
    return tuple(map(parse_rule, entries))


def parse_rule(entry: str) -> Rule:
    """An entry of a list: `api.example.com`, `*.example.com`, `10.1.0.0/16`, `[fd00::/8]`; with `:port` or without.

    `SettingsError` for anything else.
    """
    parts = _ENTRY.fullmatch(entry.strip().lower())
    if parts is not None:
        host, port = parts["host"], int(parts["port"] or 0)
        is_network = host[0] == "[" or _IPV4.fullmatch(host)
        try:
            if port < 65536 and is_network:
                return Rule("", ip_network(host.strip("[]")), port or None)
        except ValueError as error:
            raise SettingsError(f"{entry!r} in [network] is not a network: {error}.") from None
        if port < 65536 and (host == "*" or _HOST.fullmatch(host.removeprefix("*.").removesuffix("."))):
            return Rule(host.removesuffix("."), None, port or None)
    raise SettingsError(
        f"{entry!r} in [network] must be a host, *.host or a network, such as 10.1.0.0/16 or [fd00::/8], with :port or without."
    )
