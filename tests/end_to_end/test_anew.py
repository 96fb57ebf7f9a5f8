"""`hookd serve` is told to start anew while somebody writes what it reads: nobody notices, and nothing is read twice.

What it is to read is a pipe here: who has read it finds something else in its place.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.end_to_end.serving import CONFIG, MASTER_KEY, NUMBERED, Service, serving

INLINE = f'master_key = "{MASTER_KEY}"'
TOKEN = "a-token-for-the-metrics"


def private(file: Path, text: str) -> Path:
    """The file, with this in it, for its owner only."""
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def away(path: Path) -> Path:
    """Its other name."""
    return path.with_name(f"{path.name}-away")


def move(path: Path, to: Path) -> None:
    path.rename(to)


async def is_read(service: Service, pipe: Path, text: str, afterwards: str, gone: Path | None = None) -> None:
    """Until somebody has read this there; by then, the file is another one, and what is to be gone has another name."""
    opened = list[int]()

    def is_opened() -> bool:
        with suppress(OSError):  # nobody reads it yet
            opened.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return bool(opened)

    await service.until(is_opened)
    os.write(opened[0], text.encode())
    private(pipe.with_name("afterwards"), afterwards).replace(pipe)
    if gone is not None:
        move(gone, away(gone))
    os.close(opened[0])


def hang_up(service: Service, *files: Path) -> set[int]:
    """Tell it to start anew, with pipes in place of these files. The workers until now."""
    before = service.workers
    for file in files:
        file.unlink()
        os.mkfifo(file, 0o600)
    service.process._process.send_signal(signal.SIGHUP)
    return before


def is_anew(service: Service, before: set[int]) -> bool:
    now = service.workers
    return len(now) == 2 and not now & before


def shown_of(pid: int) -> str:
    """What others may see of a process."""
    shown = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    return shown.decode(errors="replace")


async def metrics(service: Service) -> int:
    """How a request with the token is answered."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with service.client.get(f"{service.process.url}/metrics", headers=headers) as answer:
        return answer.status


async def test_a_configuration_that_breaks_when_it_was_read_does_not_matter(tmp_path: Path, module_cache: Path):
    """The service has what was fit, secrets from files among it, also in workers that take others' place; and shows none."""
    config, secret = private(tmp_path / "config.toml", CONFIG), private(tmp_path / "token", "another-token-until-now")
    async with serving(config, module_cache, keep=False, environ={"HOOKD_METRICS_TOKEN_FILE": str(secret)}) as service:
        await service.deploy(NUMBERED % 0)
        assert await metrics(service) == 401
        async with service.under_load(2):
            before = hang_up(service, config, secret)
            await is_read(service, secret, TOKEN, "")
            await is_read(service, config, CONFIG, CONFIG + "[log\n")
            await service.until(lambda: is_anew(service, before))
            assert await metrics(service) == 200
            await service.until_asked(20)
        assert (service.lost, service.wrong) == ([], [])
        os.kill(min(service.workers), signal.SIGKILL)
        await service.until_said("was killed by SIGKILL")
        assert [await metrics(service) for _ in range(8)] == [200] * 8
        said = "".join(map(shown_of, [service.process._process.pid, *service.workers]))
        assert not [hidden for hidden in (TOKEN, MASTER_KEY) if hidden in said + service.process.log]
    assert (service.lost, service.wrong) == ([], [])


async def test_what_breaks_when_it_was_tried_leaves_the_old_workers_at_work(tmp_path: Path, module_cache: Path):
    """A key's file that is half written, an audit log whose disk is gone: until they are whole again, then new workers come."""
    keys, audit = private(tmp_path / "master.key", MASTER_KEY), tmp_path / "audit"
    audit.mkdir()
    text = CONFIG.replace(INLINE, f'master_key_file = "{keys}"') + f'[log]\naudit_file = "{audit / "log"}"\n'
    async with serving(private(tmp_path / "config.toml", text), module_cache, keep=False) as service:
        await service.deploy(NUMBERED % 0)
        async with service.under_load(2):
            before = hang_up(service, keys)
            await is_read(service, keys, MASTER_KEY, MASTER_KEY[:20], gone=audit)
            await service.until(lambda: service.process.log.count("is started again in") >= 2)
            assert "no worker can start as it is now: The file 'log.audit_file'" in service.process.log
            await service.until_asked(20)
            assert before <= service.workers
            move(away(audit), audit)
            await service.until_said(f"The master key in {keys} must be")
            private(keys, MASTER_KEY)
            await service.until(lambda: is_anew(service, before))
            await service.until_asked(20)
    assert (service.lost, service.wrong) == ([], [])
