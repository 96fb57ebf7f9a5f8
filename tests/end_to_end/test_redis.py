"""Two services that share a Redis, as their operator sees them: confined, with an ACL user, while Redis dies and comes back."""

from __future__ import annotations

import shutil
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jwt
from prometheus_client.parser import text_string_to_metric_families

from runtime.master_keys import write_master_key
from tests.end_to_end.operators import REQUEST, SCOPES, SECRET, TRUSTED, token
from tests.end_to_end.processes import Answer, Process, call
from tests.ports import free_ports
from tests.redis_servers import RedisServer
from tests.waiting import PATIENCE, wait_until

EXECUTE = "/api/v1/triggers/credentials-exchange/execute"
SCRIPT = "module.exports = (client, scope, audience, context, cb) => cb(null, { 'https://a/n': %d });"
IMAGES = "hookd_images_total"
CONFIG = f"""
[server]
port = 0
workers = 1
[storage]
url = "redis://hookd@127.0.0.1:PORT/1"
timeout_ms = 1500
master_key_file = "KEYS/master.key"
{TRUSTED}{TRUSTED.replace("urn:operators", "urn:globex").replace("acme", "globex")}"""


class Node:
    """One of the services, and a token of a tenant for it."""

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
    def images(self) -> dict[str, float]:
        """How many it has made, and how many it has fetched."""
        request = urllib.request.Request(f"{self.process.url}/metrics", headers={"Authorization": "Bearer metrics"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            found = text_string_to_metric_families(answer.read().decode())
        return {one.labels["how"]: one.value for family in found for one in family.samples if one.name == IMAGES}

    @property
    def is_ready(self) -> bool:
        return self.health == (200, {"status": "ok"})

    @property
    def health(self) -> Answer:
        return self.ask("GET", "/readyz")

    def deploy(self, number: int) -> str:
        """A hook that says it; its path."""
        hook = {"name": "a-hook", "triggerId": "credentials-exchange", "script": SCRIPT % number, "enabled": True}
        made = self.ask("POST", "/api/v2/hooks", hook)
        assert made.status == 201, made
        return f"/api/v2/hooks/{made.body['id']}"


class Shared:
    """The Redis, which asks for a password, and two services that have nothing else in common."""

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
        environ = {"HOOKD_STORAGE_PASSWORD": "s3cret", "HOOKD_METRICS_TOKEN": "metrics"}
        self.nodes, self.of_globex = list[Node](), list[Node]()
        for name in ("one", "other"):
            own = {"HOOKD_SANDBOX_CACHE_DIRECTORY": str(shutil.copytree(cache, folder / name / "cache"))}
            process = Process(["serve", "--config", str(file)], folder / name, {**environ, **own})
            self.nodes.append(Node(stack.enter_context(process), token(file)))
            self.of_globex.append(Node(process, token_of_globex()))

    def _allow(self) -> None:
        # As the README says.
        rights = ("~hookd:*", "+@all", "-@dangerous", "+info", "+config|get")
        self._redis.cli("acl", "setuser", "hookd", "on", ">s3cret", *rights)

    @property
    def have_heard(self) -> int:
        """How many of the services have told the others that they heard of a change: they know that there are others."""
        said = self._redis.cli("--raw", "-n", "1", "xrange", "hookd:{hookd}:talk", "-", "+").split("\n")
        return len({said[line - 1] for line in range(1, len(said) - 1) if said[line : line + 2] == ["kind", "heard"]})

    @property
    def image(self) -> str:
        """The key of the one that there is."""
        (key,) = self._redis.cli("-n", "1", "--raw", "keys", "hookd:image:*").split()
        return key

    def remove_image(self) -> None:
        assert self._redis.cli("-n", "1", "del", self.image) == "1\n"

    def damage_image(self) -> None:
        """One bit, behind its checksum."""
        bit = self._redis.cli("-n", "1", "getbit", self.image, "9999").strip()
        self._redis.cli("-n", "1", "setbit", self.image, "9999", "10"[int(bit)])

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


def test_a_change_just_before_redis_dies_concerns_one_tenant(tmp_path: Path, engine_cache: Path) -> None:
    """It is acknowledged, and nobody can read it any more: its requests get no decision, or the new one, until Redis is back.
    Those of another tenant go on, at all services.
    """
    with ExitStack() as stack:
        shared = Shared(tmp_path, engine_cache, stack)
        one, other = shared.nodes
        path = one.deploy(1)
        shared.of_globex[0].deploy(7)
        wait_until(lambda: shared.have_heard == 2)
        wait_until(lambda: [node.number for node in (*shared.nodes, *shared.of_globex)] == [1, 1, 7, 7])

        assert other.ask("PATCH", path, {"script": SCRIPT % 2}).status == 200
        shared.kill()
        for _ in range(5):
            assert [node.number for node in shared.of_globex] == [7, 7]
            for node in shared.nodes:
                answer = node.ask("POST", EXECUTE, REQUEST)
                assert answer.status == 503 or answer.body["claims"] == {"https://a/n": 2}, answer
        wait_until(lambda: all("degraded" in node.health.body.values() for node in shared.nodes))
        assert [node.number for node in shared.of_globex] == [7, 7]

        shared.start()
        wait_until(lambda: one.is_ready and other.is_ready)
        assert [node.number for node in (*shared.nodes, *shared.of_globex)] == [2, 2, 7, 7]
        assert not any("Traceback" in node.process.log for node in shared.nodes)


def test_an_image_is_made_once_and_fetched_by_the_others(tmp_path: Path, engine_cache: Path) -> None:
    """Where the hook is deployed. One that is gone, or damaged, is made again by who wants it, and the next fetches that."""
    with ExitStack() as stack:
        shared = Shared(tmp_path, engine_cache, stack)
        one, other = shared.nodes
        path = one.deploy(1)
        wait_until(lambda: shared.have_heard == 2)
        assert other.number == 1
        assert (one.images, other.images) == ({"made": 1, "fetched": 0}, {"made": 0, "fetched": 1})

        for made, spoil in enumerate((shared.remove_image, shared.damage_image), 1):
            assert one.ask("PATCH", path, {"script": SCRIPT % (made + 1)}).status == 200
            spoil()
            assert other.number == made + 1
            assert other.images == {"made": made, "fetched": 1}
            assert one.number == made + 1
            assert one.images == {"made": made + 1, "fetched": made}
        assert "is damaged, and is made again" in other.process.log
        assert "is damaged" not in one.process.log


def token_of_globex() -> str:
    now = int(time.time())
    claims = {"iss": "urn:globex", "aud": "urn:hookd", "sub": "test", "scope": SCOPES, "iat": now, "exp": now + 3600}
    return jwt.encode(claims, SECRET, "HS256", headers={"typ": "at+jwt"})


def serve_together(one: Node, other: Node) -> str:
    """A hook, changed; its path."""
    path = one.deploy(1)
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
