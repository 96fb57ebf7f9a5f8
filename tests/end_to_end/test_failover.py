"""A Redis that fails over while `hookd serve` is under load: a sentinel makes its replica the master, and nobody has to do anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.certificates import make_certificate
from tests.end_to_end.operators import REQUEST
from tests.end_to_end.serving import CONFIG, EXECUTE, NUMBERED, Service, serving
from tests.ports import free_ports
from tests.redis_servers import RedisServer, by_tls, cli, for_user, watching
from tests.waiting import PATIENCE, until, wait_until

HOUR_MS = 3_600_000
STORAGE = """[storage]
url = 'rediss+sentinel://hookd@127.0.0.1:PORT/main/0'
password = 's3cret'
sentinel_password = 'watch'
ca_file = 'CERTIFICATE'
certificate_file = 'CERTIFICATE'
timeout_ms = 1000"""


@dataclass(frozen=True)
class Watched:
    """A master and its replica. The sentinel at `port` takes nobody for down until `fail_over`: a machine may be busy."""

    master: RedisServer
    replica: RedisServer
    certificate: Path
    port: int
    said: Callable[[], str]

    async def have_all(self) -> None:
        """Until the replica has what the master has now."""
        wanted = int(replication(self.master)["master_repl_offset"])
        await until(lambda: int(replication(self.replica)["slave_repl_offset"]) >= wanted)

    def fail_over(self) -> None:
        """Where the master does not answer, the replica takes its place. It was cut off from that for ten times as long at most."""
        file = str(self.certificate)
        by = ("--tls", "--cacert", file, "--cert", file, "--key", file, "-a", "watch", "--no-auth-warning")
        answer = cli("-p", str(self.port), *by, "sentinel", "set", "main", "down-after-milliseconds", "3000")
        assert answer == "OK\n"


def replication(server: RedisServer) -> dict[str, str]:
    """What it says of it."""
    lines = server.cli("info", "replication").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """With TLS and an ACL user. The replica has all that the master has, and the sentinel knows of it."""
    certificate = make_certificate(folder)
    one, other, port = free_ports(3)
    options = {**for_user(folder, "hookd", "s3cret"), "appendfsync": "always", "repl-diskless-sync-delay": "0"}
    with ExitStack() as stack:
        master = stack.enter_context(RedisServer(folder / "one", **by_tls(one, certificate), **options))
        options |= {**by_tls(other, certificate), "replicaof": f"127.0.0.1 {one}"}
        replica = stack.enter_context(RedisServer(folder / "other", **options))
        wait_until(lambda: replication(replica)["master_link_status"] == "up", lambda: replica.log)
        said = stack.enter_context(watching(folder, port, one, "watch", certificate, down_ms=HOUR_MS))
        wait_until(lambda: f"+slave slave 127.0.0.1:{other}" in said(), said)
        yield Watched(master, replica, certificate, port, said)


def configured(folder: Path, redis: Watched) -> Path:
    """The configuration, in a file."""
    storage = STORAGE.replace("PORT", str(redis.port)).replace("CERTIFICATE", str(redis.certificate))
    file = folder / "config.toml"
    file.write_text(CONFIG.replace("[storage]", storage))
    return file


async def test_the_master_dies_and_its_replica_takes_over(tmp_path: Path, module_cache: Path) -> None:
    """No question is lost, and none gets a wrong decision. Between the two, what is loaded runs and changes are refused; afterwards
    they are acknowledged and in force, and what ran meanwhile is in the log.

    No change is on its way when the master dies: what its replica has not got yet is lost, as the README says.
    """
    with watched(tmp_path) as redis:
        async with serving(configured(tmp_path, redis), module_cache, keep=False) as service:
            await service.deploy(NUMBERED % 0)
            async with service.under_load(4, answers=False):
                for _ in range(3):
                    await service.write()
                # Each worker has what was written last; and so has the replica.
                await service.until_answered(100)
                await redis.have_all()
                redis.master.kill()
                ran = await without_master(service)
                async with service.changing():
                    await service.until_refused(1)
                    assert service.turned_away == 0
                    redis.fail_over()
                    await service.until_written()
                # Each worker has found the new master.
                await service.until_answered(100)
                turned_away = service.turned_away
                async with service.changing():
                    await service.until_written()
                await service.until_answered(100)
                assert service.turned_away == turned_away
            assert (service.lost, service.wrong) == ([], [])
            assert {body[:40] for body in service.refused} == {'{"statusCode":503,"error":"Service Unava'}
            assert replication(redis.replica)["role"] == "master"
            await has_log_of(service, ran)
            # The loop may have a word to say of connections that broke; nobody here has met what he did not expect.
            assert not any(word in service.process.log for word in (" ERROR hookd", "Task exception", "s3cret"))


async def without_master(service: Service) -> set[str]:
    """What runs then. Each worker is asked, and has a decision."""
    answers = [await service.call("POST", EXECUTE, REQUEST) for _ in range(50)]
    assert {answer["claims"]["https://a/n"] for answer in answers} == {service.acknowledged}
    return {answer["execution"]["id"] for answer in answers}


async def has_log_of(service: Service, ran: set[str]) -> None:
    """By and by: each worker writes what had to wait."""
    async with asyncio.timeout(PATIENCE):
        while not ran <= {row["id"] for row in await service.rows()}:
            await asyncio.sleep(0.1)
