"""The system's own resolver."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from runtime.network import resolving
from runtime.network.guard import Address
from runtime.network.resolving import MOST_OF_ONE, SystemResolver


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


async def test_names_that_nobody_answers_for_do_not_pile_up(monkeypatch: pytest.MonkeyPatch):
    """So many wait, for so long; who comes then is told to come again. Other tenants' names are found meanwhile."""
    monkeypatch.setattr(resolving, "MOST_WAITING", 2)
    monkeypatch.setattr(resolving, "WAIT_SECONDS", 0.05)
    go = threading.Event()

    def look_up(host: str) -> Sequence[Address]:
        if host == "slow.example":
            go.wait()
        return [ip_address("192.0.2.1")]

    resolver = SystemResolver(look_up)
    try:
        mine, other = resolver.for_one(), resolver.for_one()
        asked = [asyncio.ensure_future(mine("slow.example")) for _ in range(MOST_OF_ONE + 3)]
        found = [await other("b.example")]
        await asyncio.wait(asked[MOST_OF_ONE:])
        monkeypatch.setattr(resolving, "WAIT_SECONDS", 60)
        go.set()
        results = await asyncio.gather(*asked, return_exceptions=True)
        found.append(await mine("b.example"))
    finally:
        go.set()
        resolver.close()

    assert found == [[ip_address("192.0.2.1")]] * 2
    assert results[:MOST_OF_ONE] == [found[0]] * MOST_OF_ONE
    assert [getattr(error, "errno", 0) for error in results[MOST_OF_ONE:]] == [socket.EAI_AGAIN] * 3
