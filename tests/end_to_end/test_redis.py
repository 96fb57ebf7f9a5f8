"""Two services that share a Redis, as their operator sees them: confined, with an ACL user, while Redis dies and comes back."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from runtime.master_keys import write_master_key
from tests.end_to_end.operators import REQUEST, TRUSTED, token
from tests.end_to_end.processes import Answer, Process, call
from tests.redis_servers import RedisServer, free_ports
from tests.waiting import wait_until

EXECUTE = "/api/v1/triggers/credentials-exchange/execute"
SCRIPT = "module.exports = (client, scope, audience, context, cb) => cb(null, { 'https://a/n': %d });"
CONFIG = f"""
[server]
port = 0
workers = 1
[storage]
url = "redis://hookd@127.0.0.1:PORT/1"
timeout_ms = 1500
master_key_file = "KEYS/master.key"
{TRUSTED}"""


class Node:
    """One of the services, and a token for it."""

    def __init__(self, process: Process, bearer: str) -> None:
        self.process = process
        self._bearer = bearer

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        return call(method, self.process.url + path, json_body=body, token=self._bearer)

    @property
    def number(self) -> int:
        """What the hook says there."""
        answer = self.ask("POST", EXECUTE, REQUEST)
        assert answer.status == 200, answer
        return int(answer.body["claims"]["https://a/n"])

    @property
    def is_ready(self) -> bool:
        return self.ask("GET", "/readyz") == (200, {"status": "ok"})


class Shared:
    """The Redis, which asks for a password, and two services that use it."""

    def __init__(self, folder: Path, cache: Path, stack: ExitStack) -> None:
        (port,) = free_ports(1)
        self._redis = stack.enter_context(RedisServer(folder / "redis", port=str(port), appendfsync="always"))
        self._allow()
        # In a folder of its own: once confined, a service can not read it again.
        keys = folder / "keys"
        keys.mkdir()
        write_master_key(keys / "master.key")
        file = folder / "config.toml"
        file.write_text(CONFIG.replace("PORT", str(port)).replace("KEYS", str(keys)))
        environ = {"HOOKD_SANDBOX_CACHE_DIRECTORY": str(cache), "HOOKD_STORAGE_PASSWORD": "s3cret"}
        self.nodes = []
        for name in ("one", "other"):
            (folder / name).mkdir()
            process = Process(["serve", "--config", str(file)], folder / name, environ)
            self.nodes.append(Node(stack.enter_context(process), token(file)))

    def _allow(self) -> None:
        # As the README says.
        rights = ("~hookd:*", "+@all", "-@dangerous", "+info", "+config|get")
        self._redis.cli("acl", "setuser", "hookd", "on", ">s3cret", *rights)

    def kill(self) -> None:
        self._redis.kill()

    def start(self) -> None:
        self._redis.start()
        self._allow()


def test_two_services_share_a_redis(tmp_path: Path, engine_cache: Path) -> None:
    """A hook that is changed at one is changed at the other, and either's log has all. Without Redis they run what they have, refuse
    changes and say so; afterwards all goes on by itself.
    """
    with ExitStack() as stack:
        shared = Shared(tmp_path, engine_cache, stack)
        one, other = shared.nodes
        path = serve_together(one, other)

        recorded = len(ran(one))
        shared.kill()
        assert (one.number, other.number) == (2, 2)
        assert one.ask("PATCH", path, {"script": SCRIPT % 3}).status == 503
        wait_until(lambda: not one.is_ready and not other.is_ready)
        assert (one.number, other.number) == (2, 2)

        shared.start()
        wait_until(lambda: one.is_ready and other.is_ready)
        assert (one.number, other.number) == (2, 2)
        assert other.ask("PATCH", path, {"script": SCRIPT % 4}).status == 200
        assert other.number == 4
        wait_until(lambda: one.number == 4)
        # With what they ran while it was away: four times at least.
        wait_until(lambda: len(ran(one)) >= recorded + 8)
        assert ran(one) == ran(other)
        for node in shared.nodes:
            assert "s3cret" not in node.process.log
            assert "this process has given up" in node.process.log
            assert "Traceback" not in node.process.log


def serve_together(one: Node, other: Node) -> str:
    """A hook, changed; its path."""
    hook = {"name": "a-hook", "triggerId": "credentials-exchange", "script": SCRIPT % 1, "enabled": True}
    made = one.ask("POST", "/api/v2/hooks", hook)
    assert made.status == 201, made
    path = f"/api/v2/hooks/{made.body['id']}"
    assert (one.number, other.number) == (1, 1)
    assert one.ask("PATCH", path, {"script": SCRIPT % 2}).status == 200
    assert one.number == 2
    wait_until(lambda: other.number == 2)
    assert len(ran(one)) >= 4
    assert ran(one) == ran(other)
    return path


def ran(node: Node) -> set[str]:
    """The executions that its log has."""
    return {row["id"] for row in node.ask("GET", "/api/v1/logs?limit=100").body["executions"]}
