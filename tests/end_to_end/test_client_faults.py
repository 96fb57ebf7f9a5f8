"""Clients of a service under load reset their connections: no acknowledged write is lost, no wrong decision issued, and nothing is left."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.end_to_end.holding import holding
from tests.end_to_end.operators import REQUEST
from tests.end_to_end.serving import CONFIG, EXECUTE, NUMBERED, Service, serving
from tests.waiting import PATIENCE

HELD = """module.exports = async (client, scope, audience) => {
  if (audience === 'held') await fetch('PLACE');
  return { 'https://a/n': %d };
};"""
NEVER = 1_000_000
"""A number that no decision has: nobody has sent all of its change."""


async def test_clients_reset_their_connections(tmp_path: Path, module_cache: Path) -> None:
    """In the middle of a head or a body, with an answer on its way or half read, in a tail, and while their hook runs; others are
    served meanwhile. What they asked for wholly may be done or not.
    """
    async with AsyncExitStack() as stack:
        held = await stack.enter_async_context(holding())
        config = tmp_path / "config.toml"
        config.write_text(f"{CONFIG}{held.allowed}")
        service = await stack.enter_async_context(serving(config, module_cache, keep=False))
        service.script = HELD.replace("PLACE", held.place)
        await service.deploy(service.script % 0)
        another = {"name": "another", "triggerId": "credentials-exchange", "script": NUMBERED % 0}
        other = f"/api/v2/hooks/{(await service.call('POST', '/api/v2/hooks', another, 201))['id']}"
        before = opened(service, held.place)
        async with service.under_load(4, writes=True):
            for round_ in range(5):
                gone = [begin(service, *one) for one in questions(service, other)]
                await service.until_asked(round_)
                for one in gone:
                    reset(one)
                held.hold()
                waiting = [
                    begin(service, ask(service, "POST", EXECUTE, {**REQUEST, "audience": "held"})) for _ in range(4)
                ]
                await held.until_held(4)
                for one in waiting:
                    reset(one)
                held.let_go()
                await service.until_written()
        assert (service.lost, service.wrong, service.refused) == ([], [], [])
        await service.require_written()
        await service.until(lambda: is_as_before(opened(service, held.place), before))
        assert " ERROR " not in service.process.log
        assert "Traceback" not in service.process.log


def questions(service: Service, other: str) -> Sequence[tuple[bytes, bytes]]:
    """Each with how its answer begins, as far as that is read."""
    change = ask(service, "PATCH", service.hook, {"script": service.script % NEVER})
    execute, begun = ask(service, "POST", EXECUTE, REQUEST), b"HTTP/1.1 200 OK"
    return (
        (execute[:20], b""),
        (execute[:-20], b""),
        (change[:-20], b""),
        (execute, b""),
        (execute, begun),
        (execute * 3, b""),
        (ask(service, "PATCH", other, {"script": NUMBERED % 1}), b""),
        (ask(service, "GET", "/api/v1/logs?limit=100"), b""),
        (ask(service, "GET", "/api/v1/logs?limit=100"), begun),
        (ask(service, "GET", "/api/v1/logs/tail"), begun),
    )


def ask(service: Service, method: str, path: str, body: Any = None) -> bytes:
    """A whole request."""
    sent = b"" if body is None else json.dumps(body).encode()
    head = f"Host: hookd\r\nAuthorization: Bearer {service.bearer}\r\nContent-Type: application/json"
    return f"{method} {path} HTTP/1.1\r\n{head}\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent


def begin(service: Service, said: bytes, heard: bytes = b"") -> socket.socket:
    """A connection on which this was sent, and so much read."""
    one = socket.create_connection(("127.0.0.1", service.process.address["port"]), timeout=PATIENCE)
    one.sendall(said)
    if heard:
        assert one.recv(len(heard), socket.MSG_WAITALL) == heard
    return one


def reset(one: socket.socket) -> None:
    """Who closes such a socket sends no end (FIN), but a reset (RST)."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


def opened(service: Service, site: str) -> dict[int, tuple[int, set[str]]]:
    """What each worker has open: how many sockets, and which other things. Connections to this site are kept for the next hook."""
    port = f":{urlsplit(site).port:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    kept = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(port)}
    found = {}
    for pid in service.workers:
        names = []
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                names.append(str(file.readlink()))
        sockets = [name for name in names if name.startswith("socket:")]
        found[pid] = len({*sockets} - kept), {*names} - {*sockets}
    return found


def is_as_before(now: Mapping[int, tuple[int, set[str]]], before: Mapping[int, tuple[int, set[str]]]) -> bool:
    """Not more sockets, and the same other things."""
    return now.keys() == before.keys() and all(
        now[pid][0] <= before[pid][0] and now[pid][1] == before[pid][1] for pid in now
    )
