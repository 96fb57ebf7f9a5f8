"""What a supervisor starts anew with, and that it hears whoever asks it to."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.workers.started import SECONDS, Service, memory_of


def configure(service: Service, name: str, text: str) -> None:
    """Put it there whole."""
    draft = service.folder / "draft"
    draft.write_text(text)
    draft.replace(service.folder / name)


def says(service: Service, configuration: str) -> bool:
    return bool(service.ask()["configuration"] == configuration)


def shown_of(pid: int) -> bytes:
    """What others may see of a process."""
    return Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()


async def until_it_waits(service: Service) -> int:
    """Until a check has read all that it reads; what to close so that it ends."""
    opened = list[int]()

    def is_opened() -> bool:
        with suppress(OSError):  # nobody reads it yet
            opened.append(os.open(service.folder / "gate", os.O_WRONLY | os.O_NONBLOCK))
        return bool(opened)

    await service.until(is_opened)
    return opened[0]


async def test_what_the_trial_read_is_what_it_starts_with(start):
    """Whatever has become of it since: also workers that are started later. No process shows it."""
    service = start()
    before = service.workers
    configure(service, "configuration", "a-secret-of-the-second")
    configure(service, "then", "unreadable")
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: set(service.workers).isdisjoint(before) and len(service.workers) == 2)
    assert says(service, "a-secret-of-the-second")
    assert (service.folder / "configuration").read_text() == "unreadable"
    assert service.ask("die") is None
    await service.until(lambda: "ended with 3" in service.log)
    assert {service.ask()["configuration"] for _ in range(20)} == {"a-secret-of-the-second"}
    processes = [service.process.pid, *service.workers]
    assert not [pid for pid in processes if b"a-secret" in shown_of(pid)]
    assert not [pid for pid in processes if memory_of(pid)]


async def test_who_asks_while_something_unfit_is_tried_is_heard(start):
    """It was mended meanwhile."""
    service = start()
    os.mkfifo(service.folder / "gate")
    (service.folder / "unfit").touch()
    service.process.send_signal(signal.SIGHUP)
    waiting = await until_it_waits(service)
    (service.folder / "unfit").unlink()
    configure(service, "configuration", "mended")
    (service.folder / "gate").unlink()
    service.process.send_signal(signal.SIGHUP)
    os.close(waiting)
    await service.until(lambda: says(service, "mended"))
    assert service.log.count("the new one is not fit") == 1


async def test_who_asks_while_something_fit_is_tried_is_heard(start):
    """It was changed once more meanwhile; what it was changed to is what counts."""
    service = start()
    os.mkfifo(service.folder / "gate")
    configure(service, "configuration", "second")
    service.process.send_signal(signal.SIGHUP)
    waiting = await until_it_waits(service)
    configure(service, "configuration", "third")
    (service.folder / "gate").unlink()
    service.process.send_signal(signal.SIGHUP)
    os.close(waiting)
    await service.until(lambda: says(service, "third"))


async def test_who_asks_at_the_last_moment_is_heard(start):
    """Just before it becomes another program."""
    service = start()
    (service.folder / "late").write_text(str(int(signal.SIGHUP)))
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: service.log.count("the service starts anew") == 2)
    await service.until(lambda: "started anew: 2 workers" in service.log)
    assert service.ask()["parent"] == service.process.pid


async def test_who_ends_it_at_the_last_moment_is_heard(start):
    """All its workers end, too."""
    service = start()
    (service.folder / "late").write_text(str(int(signal.SIGTERM)))
    service.process.send_signal(signal.SIGHUP)
    assert await asyncio.to_thread(service.process.wait, SECONDS) == 0
    assert service.log.count("the service starts anew") == 1
    assert "is killed" not in service.log
