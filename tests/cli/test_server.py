from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from runtime.cli.failures import ServerRefused
from runtime.cli.profiles import Profile
from runtime.cli.server import Server
from tests.certificates import make_certificate, server_side

SCRIPT = "module.exports = (user, context, cb) => cb();"


@pytest.fixture
def server(dev) -> Iterator[Server]:
    """The demo's API."""
    with Server(Profile(name="demo", url=dev.url, token=dev.shell["API_TOKEN"])) as server:
        yield server


class Elsewhere(BaseHTTPRequestHandler):
    """Sends everybody to another server, and remembers what they brought along."""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *about: object) -> None:
        """Nothing."""


@pytest.fixture
def elsewhere() -> Iterator[HTTPServer]:
    """A server that is not hookd."""
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            served.shutdown()
            thread.join()


def test_a_hook_from_its_birth_to_its_end(server):
    """Made, changed, rolled back, removed: what the API says is what one has in hand."""
    made = server.create({"name": "whole-life", "script": SCRIPT, "triggerId": "post-user-registration"})
    broken = server.update(made.hook, {"script": "syntax error"})
    back = server.roll_back(made.hook, 1)
    server.change_policy(made.hook, {"on_error": "allow"})

    assert (made.hook.name, made.hook.trigger, made.hook.enabled) == ("whole-life", "post-user-registration", False)
    assert "line 1" in broken.warning
    assert back.hook.script == SCRIPT
    assert [row["number"] for row in server.versions(made.hook)] == [3, 2, 1]
    assert server.version(made.hook, 2)["script"] == "syntax error"
    assert "-syntax error" in server.diff(made.hook, 2)["script"]
    assert server.policy(made.hook)["on_error"] == "allow"
    server.delete(made.hook)
    assert server.named("whole-life") == []


def test_secrets_are_set_whether_they_are_there_or_not(server):
    """The API has two calls for that, and shows no value."""
    hook = server.create({"name": "with-secrets", "script": SCRIPT, "triggerId": "post-user-registration"}).hook
    server.set_secrets(hook, {"A": "1", "B": "2"})
    server.set_secrets(hook, {"B": "3", "C": "4"})
    server.remove_secrets(hook, ["A"])

    assert server.secret_names(hook) == ["B", "C"]


def test_what_enabling_disabled_is_said(server):
    """By name."""
    body = {"script": SCRIPT, "triggerId": "post-change-password", "enabled": True}
    server.create({"name": "first", **body})

    assert server.create({"name": "second", **body}).disabled == "first"


def test_more_hooks_than_a_page_are_all_listed(server, monkeypatch):
    """In order of creation."""
    monkeypatch.setattr("runtime.cli.server._PAGE", 2)
    for number in range(3):
        server.create({"name": f"paged-{number}", "script": SCRIPT, "triggerId": "send-phone-message"})
    all_at_once = [hook.id for hook in server.hooks()]

    assert len(all_at_once) > 3
    assert server.hook(all_at_once[0]).name == "custom-claims"
    assert len(set(all_at_once)) == len(all_at_once)


class Something(BaseHTTPRequestHandler):
    """A server that answers JSON, and is not hookd."""

    def do_GET(self) -> None:
        body = b'[{"hello": "world"}]'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *about: object) -> None:
        """Nothing."""


def test_other_servers_are_noticed(elsewhere):
    """Also those that answer JSON: a login to one is not kept."""
    elsewhere.RequestHandlerClass = Something
    with Server(Profile(name="p", url=f"http://127.0.0.1:{elsewhere.server_port}", token="x")) as server:
        for ask in (server.hooks, server.check):
            with pytest.raises(ServerRefused, match=r"does not answer as hookd does \(200, application/json\)"):
                ask()


def test_a_policy_says_whom_it_disabled(server):
    """As enabling does: two hooks for the same requests can not both be enabled."""
    script = "module.exports = (recipient, text, context, cb) => cb();"
    body = {"script": script, "triggerId": "send-phone-message"}
    bound = server.create({"name": "policed-one", **body}).hook
    server.change_policy(bound, {"clients": ["shop"]})
    server.update(bound, {"enabled": True})
    free = server.create({"name": "policed-two", **body, "enabled": True}).hook

    assert server.change_policy(bound, {"clients": []}) == "policed-two"
    for hook in (bound, free):
        server.delete(hook)


def test_nobody_is_followed_elsewhere(elsewhere):
    """The token would go along."""
    server = Server(Profile(name="p", url=f"http://127.0.0.1:{elsewhere.server_port}", token="x"))

    with server, pytest.raises(ServerRefused, match="sends elsewhere"):
        server.hooks()


def test_a_certificate_that_nobody_vouches_for_is_refused(elsewhere, tmp_path, monkeypatch):
    """Before the token is sent; one's own can be named."""
    certificate = make_certificate(tmp_path)
    elsewhere.socket = server_side(certificate).wrap_socket(elsewhere.socket, server_side=True)
    profile = Profile(name="p", url=f"https://127.0.0.1:{elsewhere.server_port}", token="x")

    with Server(profile) as server, pytest.raises(ServerRefused, match=r"certificate of .* SSL_CERT_FILE"):
        server.hooks()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Server(profile) as server, pytest.raises(ServerRefused, match="sends elsewhere"):
        server.hooks()
