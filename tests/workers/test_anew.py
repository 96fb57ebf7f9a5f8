"""What a supervisor starts anew with, and that it hears whoever asks it to."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.node.waiting import is_there
from tests.workers.started import SECONDS, Service, is_refused, memory_of


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


async def test_a_trial_that_hangs_is_given_up(start, tmp_path):
    """It reads what does not answer. The log says so, the service goes on, and who asks later has another trial."""
    (tmp_path / "trial").write_text("1")
    service = start()
    os.mkfifo(service.folder / "gate")
    before = service.workers
    for asked in (1, 2):
        service.process.send_signal(signal.SIGHUP)
        await service.until(lambda: service.log.count("after 1 s it was not known whether the new one is fit") == asked)  # noqa: B023 - at once
    await service.until(lambda: service.workers == before)
    assert service.ask()["pid"] in before


async def test_a_trial_that_hangs_ends_with_the_service(start):
    """Nobody waits for it, and it stays behind nowhere."""
    service = start()
    os.mkfifo(service.folder / "gate")
    before = set(service.workers)
    service.process.send_signal(signal.SIGHUP)
    waiting = await until_it_waits(service)
    (trial,) = set(service.workers) - before
    service.process.terminate()
    assert await asyncio.to_thread(service.process.wait, SECONDS) == 0
    await service.until(lambda: not is_there(trial))
    os.close(waiting)


def answers(service: Service) -> list[int | None]:
    """Who answers, of many; None for one who waited where nobody came."""
    told = list[int | None]()
    for _ in range(20):
        try:
            told.append(service.ask()["pid"])
        except ConnectionResetError:
            told.append(None)
    return told


async def test_who_makes_way_dies_before_its_successor_can_start(start):
    """Whoever connects comes to the other, also when the service was told once more to start anew; and waits nowhere when there is
    none.
    """
    service = start()
    first, other = (next(who["pid"] for who in iter(service.ask, None) if who["number"] == number) for number in (0, 1))
    (service.folder / "broken").write_text("9")
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: "ended with 9" in service.log)
    os.kill(first, signal.SIGKILL)
    await service.until(lambda: answers(service) == [other] * 20)
    failed = service.log.count("ended with 9")
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: service.log.count("the service starts anew") == 2)
    await service.until(lambda: service.log.count("ended with 9") >= failed + 2)
    await service.until(lambda: answers(service) == [other] * 20)
    os.kill(other, signal.SIGKILL)
    await service.until(lambda: is_refused(service))
    (service.folder / "broken").unlink()
    await service.until(lambda: "started anew: 2 workers" in service.log)
    await service.until(lambda: set(answers(service)) == set(service.workers))
