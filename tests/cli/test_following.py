from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from runtime.cli import following
from runtime.cli.failures import ServerAway, ServerRefused
from runtime.cli.following import Missed, follow
from runtime.cli.logs import FIRST_ID
from runtime.cli.options import Remote
from runtime.cli.output import Output
from runtime.triggers import sample
from tests.ports import free_port

POINT = "send-phone-message"


class Line:
    """A telephone line to a server: what is said on it arrives, until it is cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Everybody on it hears nothing any more; who calls again is connected."""
        for end in self._open:
            _hang_up(end)
            end.close()
        self._open.clear()

    def close(self) -> None:
        """Nobody is connected any more."""
        self.cut()
        _hang_up(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            self._open += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        _hang_up(source)
        _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(dev) -> Iterator[Line]:
    """A line to the demo."""
    line = Line(int(dev.url.rpartition(":")[2]))
    yield line
    line.close()


def remote_at(url: str, token: str) -> Remote:
    """A command that talks to this server."""
    return Remote(Output(), None, url, token)


def test_a_lost_connection_loses_nothing(dev, line, monkeypatch, capsys):
    """What happened meanwhile comes first, once each, and then goes on."""
    monkeypatch.setattr(following, "SECONDS", 0.01)
    hook = dev.make("followed", "module.exports = (recipient, text, context, cb) => cb();", POINT, enabled=True)
    remote = remote_at(line.url, dev.shell["API_TOKEN"])
    events = follow(remote, {"trigger": POINT}, after=FIRST_ID)
    seen = []
    for _ in range(3):
        dev.execute(POINT, sample(POINT))
        seen.append(next(events))
        line.cut()
        dev.execute(POINT, sample(POINT))
        seen.append(next(events))
    remote.close()
    dev.call("DELETE", f"/api/v2/hooks/{hook}")

    ids = [event["id"] for event in seen if not isinstance(event, Missed)]
    assert ids == sorted(set(ids))
    assert len(ids) == 6
    assert "Waiting for it; Ctrl-C ends." in capsys.readouterr().err


def test_who_was_never_connected_does_not_wait(dev):
    """The address may be wrong, or the token."""
    with pytest.raises(ServerAway, match="Nothing answers"):
        next(follow(remote_at("http://127.0.0.1:1", "x"), {}, after=None))
    refused = remote_at(dev.url, "x")
    with pytest.raises(ServerRefused, match="does not take this token"):
        next(follow(refused, {}, after=None))
    refused.close()


class Sparing(BaseHTTPRequestHandler):
    """A server that has left something out."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        events = f'event: missed\ndata: {json.dumps({"missed": 3})}\n\nevent: missed\ndata: {{"missed": null}}\n\n'
        self.wfile.write(events.encode())

    def log_message(self, *about: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def sparing(port: int) -> Iterator[int]:
    """Such a server, at its port; it ends each stream in order."""
    with HTTPServer(("127.0.0.1", port), Sparing) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_what_is_missing_is_said():
    """With the number, where somebody counted."""
    with sparing(free_port()) as port, contextlib.closing(remote_at(f"http://127.0.0.1:{port}", "x")) as remote:
        events = follow(remote, {}, after=None)

        assert [next(events), next(events)] == [Missed(3), Missed(None)]


def test_a_server_that_was_stopped_is_waited_for(monkeypatch):
    """That is said, once; then it goes on."""
    monkeypatch.setattr(following, "SECONDS", 0.01)
    again, said = contextlib.ExitStack(), []
    with sparing(free_port()) as port:
        remote = remote_at(f"http://127.0.0.1:{port}", "x")
        events = follow(remote, {}, after=None)
        assert [next(events), next(events)] == [Missed(3), Missed(None)]

    def hear(text: str) -> None:
        said.append(text)
        again.enter_context(sparing(port))

    monkeypatch.setattr(remote.out, "note", hear)
    with again, contextlib.closing(remote):
        assert next(events) == Missed(3)
    assert said == [f"Nothing answers at http://127.0.0.1:{port} (Connection refused). Waiting for it; Ctrl-C ends."]
