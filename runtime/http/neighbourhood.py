"""For whom attempts from an address are counted: who has one IPv6 address has 2^64 of them, and could begin anew with each."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

PREFIX: Final = 64
"""Bits of an IPv6 address that tell networks apart; the others are whose the network is (RFC 4291 section 2.5.4, RFC 6177)."""


def neighbourhood(address: str) -> str:
    """An IPv4 address as it is, also where it came as IPv6; of an IPv6 address its /64. Anything else is itself."""
    try:
        found = ip_address(address)
    except ValueError:  # a Unix socket's peer has none
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), PREFIX), strict=False))
