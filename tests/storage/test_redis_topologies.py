"""The storage in a Redis that sentinels name, or in a cluster, where nobody gets in without a certificate and a user.

One server with both is in tests/redis/test_server.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.settings import StorageSettings
from runtime.storage.base import HookChange
from runtime.storage.opening import choose_storage
from tests.certificates import make_certificate
from tests.ports import free_ports
from tests.redis_servers import RedisServer, by_tls, clustered, for_user, watching
from tests.waiting import until, wait_until

PASSWORD, WRONG = "s3cret", "wr0ng"
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Redis:
    """The servers that have the data, and the settings that open it."""

    servers: list[RedisServer]
    settings: StorageSettings


@contextmanager
def named_by_sentinel(folder: Path, certificate: Path) -> Iterator[Redis]:
    """One server. The sentinel has a password of its own."""
    port, sentinel = free_ports(2)
    with ExitStack() as stack:
        options = {**by_tls(port, certificate), **for_user(folder, "hookd", PASSWORD)}
        server = stack.enter_context(RedisServer(folder / "redis", **options))
        said = stack.enter_context(watching(folder, sentinel, port, "watch", certificate, down_ms=HOUR_MS))
        wait_until(lambda: "+monitor master main" in said(), said)
        yield Redis([server], settings_of(f"rediss+sentinel://hookd@127.0.0.1:{sentinel}/main/0", certificate))


@contextmanager
def in_cluster(folder: Path, certificate: Path) -> Iterator[Redis]:
    """Two nodes, of which the settings name one."""
    with clustered(folder, certificate, **for_user(folder, "hookd", PASSWORD)) as nodes:
        yield Redis(nodes, settings_of(f"rediss+cluster://hookd@127.0.0.1:{nodes[0].port}", certificate))


def settings_of(url: str, certificate: Path) -> StorageSettings:
    file = str(certificate)
    return StorageSettings(
        url=url,
        password=PASSWORD,
        sentinel_password="watch",
        ca_file=file,
        certificate_file=file,
        timeout_ms=20_000,  # long, so that a busy machine is no reason
    )


Topology = Callable[[Path, Path], AbstractContextManager[Redis]]
TOPOLOGIES = pytest.mark.parametrize("topology", [named_by_sentinel, in_cluster])


@TOPOLOGIES
async def test_a_user_reads_and_writes_by_tls(tmp_path: Path, nouns, topology: Topology):
    """On all servers, with the rights that the README names. Who is there hears of it."""
    with topology(tmp_path, make_certificate(tmp_path)) as redis:
        storage, other = [await choose_storage(redis.settings).open() for _ in range(2)]
        for tenant in ("acme", "globex", "initech", "umbrella"):
            hook = nouns.hook(tenant=tenant, enabled=True)
            await storage.create_hook(hook, secrets={"A": b"1"})
            await storage.put_image(hook.version.id, "build", b"image")
            await storage.append_executions([row := nouns.execution(tenant=tenant)])
            await storage.update_hook(tenant, hook.id, HookChange(name="another"), 2.0)
            assert [one.name for one in await other.enabled_hooks(tenant, hook.trigger)] == ["another"]
            assert await other.get_secrets(tenant, hook.id) == {"A": b"1"}
            assert await other.get_image(hook.version.id, "build") == b"image"
            assert await other.get_execution(tenant, row.id) == row
        await until(lambda: other.peers.is_behind)
        for each in (storage, other):
            await each.close()
        assert all(int(server.cli("dbsize")) > 0 for server in redis.servers)


@TOPOLOGIES
async def test_what_is_wrong_with_tls_or_the_user_is_told(tmp_path: Path, topology: Topology):
    """In the one line with which the start ends: why, and no password."""
    for name in ("ours", "others"):
        (tmp_path / name).mkdir()
    ours, others = make_certificate(tmp_path / "ours"), make_certificate(tmp_path / "others")
    with topology(tmp_path, ours) as redis:
        right = redis.settings
        refused = [
            (replace(right, ca_file=str(others)), "certificate verify failed"),
            (replace(right, ca_file=""), "certificate verify failed"),
            # By TLS 1.3 they say so when we have sent something: it may be on its way when they close, and no alert comes then.
            (replace(right, certificate_file=""), ""),
            (replace(right, certificate_file=str(others)), ""),
            (replace(right, password=WRONG), "invalid username-password pair"),
            (replace(right, url=right.url.replace("hookd@", "another@")), "invalid username-password pair"),
            (replace(right, url=right.url.replace("hookd@", ""), password=""), "permission"),
        ]
        if "sentinel" in right.url:
            refused.append((replace(right, sentinel_password=WRONG), "- invalid username-password pair"))
        # Each is tried for a second or two.
        said = await asyncio.gather(*(refusal(settings) for settings, _ in refused))
    for message, (_, why) in zip(said, refused, strict=True):
        assert why in message
        assert "The storage can not be used: Redis " in message
        assert PASSWORD not in message
        assert WRONG not in message
        assert "watch" not in message


async def refusal(settings: StorageSettings) -> str:
    """What is said where it can not be opened."""
    with pytest.raises(SettingsError) as caught:
        await choose_storage(settings).open()
    return str(caught.value)
