"""The system's own resolver."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from runtime.network.resolving import SystemResolver


async def test_a_name_that_every_system_knows():
    """As addresses, each once."""
    resolver = SystemResolver()
    try:
        found = await resolver.for_one()("localhost")
    finally:
        resolver.close()

    assert set(found) <= {ip_address("127.0.0.1"), ip_address("::1")}
    assert len(set(found)) == len(found) > 0


async def test_a_name_that_nobody_has():
    """Is an `OSError`; no name server is asked for one of two labels that no registry gives out (RFC 2606)."""
    resolver = SystemResolver()
    try:
        with pytest.raises((socket.gaierror, UnicodeError)):
            await resolver.for_one()("a" * 64 + ".invalid")
    finally:
        resolver.close()
