"""Where a request comes from, by the word of the proxies in front: `X-Forwarded-For` says it, and anybody can write one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from runtime.errors import SettingsError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


def proxies_of(entries: Iterable[str]) -> tuple[Network, ...]:
    """`[server] trusted_proxies` as networks. `SettingsError` for what is none."""
    return tuple(_network(entry) for entry in entries)


def client_of(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> str:
    """The address of who asked, as far as those say it who are believed; that of the connection's `peer` where nobody is.

    `forwarded` are the `X-Forwarded-For` headers, in their order. Each proxy adds at the end from whom it got the request, so
    they are read from there, as long as it is a trusted one that wrote. What stands before may be anybody's.
    """
    entries = ",".join(forwarded).split(",") if forwarded and proxies else []
    client = _address(peer)
    while entries and client is not None and any(client in proxy for proxy in proxies):
        said = _address(_without_port(entries.pop()))
        if said is None:  # `unknown`, or nonsense
            break
        client, peer = said, str(said)
    return peer


def _network(entry: str) -> Network:
    try:
        return ip_network(entry.strip("[]"))
    except ValueError as error:
        raise SettingsError(
            f"'server.trusted_proxies' must be addresses and networks, such as '10.0.0.0/8', not {entry[:200]!r}: {error}."
        ) from None


def _address(text: str) -> Address | None:
    """IPv4 also where it came as IPv6; None for what is no address."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _without_port(entry: str) -> str:
    """Some proxies write one behind it; a scope of IPv6 means nothing elsewhere."""
    entry = entry.strip()
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    return "" if "%" in entry else entry
