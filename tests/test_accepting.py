"""No test leaves a connection behind for the next one to be blamed for."""

from __future__ import annotations

import asyncio
import gc
import socket


async def test_who_comes_in_the_moment_of_the_end_is_closed():
    """It is accepted in one round of the loop and has its transport in the next: in between, its server is closed."""
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()) as client:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        server.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()
        client.settimeout(10)
        assert client.recv(1) == b""
