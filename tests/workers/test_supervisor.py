"""What a supervisor does when workers die, when it is told to start anew or to stop, and when it is killed itself."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
from dataclasses import fields

import pytest

from runtime.cli import services
from runtime.http.app import SHUTDOWN_SECONDS
from runtime.sqlite.database import BUSY_SECONDS
from runtime.workers.supervisor import Supervisor
from tests.node.waiting import is_there, stopped
from tests.workers.started import REPOSITORY, SECONDS, Service, is_refused, read


async def test_all_workers_serve_one_port(start):
    """Each connection is one worker's; it is announced when all are ready; SIGTERM ends them in order."""
    service = start(workers=3)
    seen: dict[int, int] = {}
    while len(seen) < 3:
        answer = service.ask()
        seen[answer["number"]] = answer["pid"]
        assert answer["parent"] == service.process.pid
    assert sorted(seen.values()) == service.workers
    service.process.terminate()
    assert service.process.wait(SECONDS) == 0


async def test_a_dead_worker_is_replaced(start):
    """However it died; connections that come to its socket meanwhile are answered by its successor, who knows that it is one."""
    service = start()
    before = service.workers
    assert not service.ask()["successor"]
    assert service.ask("die") is None
    await service.until(lambda: not all(map(is_there, before)))
    # Not the successor: who dies soon after its start is started again after a while only.
    os.kill(next(filter(is_there, before)), signal.SIGKILL)
    answers = [service.ask() for _ in range(20)]
    assert {answer["number"] for answer in answers} == {0, 1}
    await service.until(lambda: len(service.workers) == 2)
    assert set(service.workers) != set(before)
    assert all(answer["successor"] != (answer["pid"] in before) for answer in answers)
    assert "ended with 3" in service.log
    assert "was killed by SIGKILL" in service.log


def waits(service: Service) -> list[float]:
    """Seconds until those that died were started again."""
    lines = [line for line in service.log.splitlines() if "started again" in line]
    return [float(line.split(" in ")[1].split(" s")[0]) for line in lines]


async def test_a_worker_that_dies_again_and_again_is_started_more_and_more_slowly(start):
    """The other one serves all the time, everybody."""
    service = start()
    (service.folder / "broken").write_text("9")
    victim, survivor = (next(w for w in iter(service.ask, None) if w["number"] == n) for n in (0, 1))
    os.kill(victim["pid"], signal.SIGKILL)
    await service.until(lambda: service.log.count("ended with 9") >= 3)
    assert waits(service)[:4] == [0.0, 0.4, 0.8, 1.6]
    assert survivor["pid"] in service.workers
    assert [service.ask()["number"] for _ in range(20)] == [1] * 20
    (service.folder / "broken").unlink()
    await service.until(lambda: service.ask()["number"] == 0)
    assert len(service.workers) == 2


async def test_a_service_that_can_not_start_ends_with_its_code(start, tmp_path):
    """Its workers have said why; nothing is announced."""
    (tmp_path / "broken").write_text("9")
    service = start()
    assert service.port == 0
    assert service.process.wait(SECONDS) == 9


async def test_a_port_is_one_service_s(start, tmp_path):
    """Not half of another's, though both would share it."""
    service = start()
    (tmp_path / "second").mkdir()
    second = Service(tmp_path / "second", port=service.port)
    assert second.port == 0
    assert "Address already in use" in second.log
    second.end()


async def test_it_starts_anew_without_a_gap(start):
    """The same process id and port, new workers; what was begun is finished by the old ones."""
    service = start()
    before = service.workers
    begun = [service.connect("wait") for _ in range(6)]
    assert all(connection.recv(8) == b"waiting\n" for connection in begun)
    service.process.send_signal(signal.SIGHUP)
    while not set(service.workers).isdisjoint(before):
        assert service.ask()["parent"] == service.process.pid
    assert {read(connection)["pid"] for connection in begun} <= set(before)
    assert len(service.workers) == 2
    assert "started anew: 2 workers" in service.log


def told(manager: socket.socket) -> tuple[str, int]:
    """The first line of what comes next, and who sent it."""
    data, ancillary, _, _ = manager.recvmsg(1000, socket.CMSG_SPACE(12))
    ((_, _, credentials),) = ancillary
    return data.decode().partition("\n")[0], int.from_bytes(credentials[:4], sys.byteorder)


async def test_systemd_is_told(start, tmp_path, monkeypatch):
    """When it serves, starts anew, could not, and ends; by the process that systemd knows, for others it does not believe."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(SECONDS)
        service = start()
        main = service.process.pid
        assert told(manager) == ("READY=1", main)
        service.process.send_signal(signal.SIGHUP)
        assert [told(manager) for _ in range(2)] == [("RELOADING=1", main), ("READY=1", main)]
        (service.folder / "unfit").touch()
        service.process.send_signal(signal.SIGHUP)
        assert [told(manager) for _ in range(2)] == [("RELOADING=1", main), ("READY=1", main)]
        service.process.terminate()
        assert told(manager) == ("STOPPING=1", main)
        assert service.process.wait(SECONDS) == 0


async def test_it_starts_anew_with_another_number_of_workers(start):
    """More, then fewer."""
    service = start()
    for number in (3, 1, 2):
        (service.folder / "workers").write_text(str(number))
        before = set(service.workers)
        service.process.send_signal(signal.SIGHUP)
        await service.until(lambda: before.isdisjoint(service.workers) and len(service.workers) == number)  # noqa: B023 - at once
        assert service.ask()["number"] < number


async def test_who_waits_is_answered_by_however_many_workers_come(start):
    """Where they become fewer, too: nobody who has connected is reset. All wait here before the old workers could have them."""
    service = start(workers=3)
    for number in (1, 2, 1):
        (service.folder / "workers").write_text(str(number))
        before = service.workers
        for worker in before:
            await stopped(worker)
        waiting = [service.connect("who") for _ in range(60)]
        anew = service.log.count("started anew")
        service.process.send_signal(signal.SIGHUP)
        await service.until(lambda: service.log.count("started anew") > anew)  # noqa: B023 - at once
        assert {read(connection)["number"] for connection in waiting} == set(range(number))
        for worker in before:
            os.kill(worker, signal.SIGCONT)
        await service.until(lambda: len(service.workers) == number)  # noqa: B023 - at once
        assert set(service.workers).isdisjoint(before)
    service.process.terminate()
    assert service.process.wait(SECONDS) == 0
    assert "is killed" not in service.log


async def test_fewer_workers_that_can_not_start_leave_all_the_old_ones_at_work(start):
    """None is asked to stop before those are ready that take its connections."""
    service = start(workers=3)
    before = service.workers
    (service.folder / "workers").write_text("1")
    (service.folder / "broken").write_text("9")
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: service.log.count("ended with 9") >= 2)
    still = set(before)

    def all_have_answered() -> bool:
        still.discard(service.ask()["pid"])
        return not still

    await service.until(all_have_answered)
    (service.folder / "broken").unlink()
    await service.until(lambda: set(service.workers).isdisjoint(before) and len(service.workers) == 1)


async def test_where_nobody_serves_nobody_waits(start):
    """Though there are sockets of more workers than there are: who connects is refused until there is one."""
    service = start(workers=2)
    before = set(service.workers)
    (service.folder / "workers").write_text("1")
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: before.isdisjoint(service.workers) and len(service.workers) == 1)
    (service.folder / "broken").write_text("9")
    os.kill(service.workers[0], signal.SIGKILL)
    await service.until(lambda: "ended with 9" in service.log)
    for _ in range(20):
        with pytest.raises(ConnectionRefusedError):
            service.connect("who")
    (service.folder / "broken").unlink()
    await service.until(lambda: service.workers and not is_refused(service))
    assert {service.ask()["number"] for _ in range(20)} == {0}


async def test_what_is_not_fit_is_not_started(start):
    """It goes on as it is, and says so; later it may be fit."""
    service = start()
    before = service.workers
    (service.folder / "unfit").touch()
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: "could not start anew" in service.log)
    assert service.workers == before
    (service.folder / "unfit").unlink()
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: set(service.workers).isdisjoint(before) and len(service.workers) == 2)


async def test_what_breaks_at_its_start_leaves_the_old_ones_at_work(start):
    """The check can not know everything."""
    service = start()
    before = service.workers
    (service.folder / "broken").write_text("9")
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: service.log.count("ended with 9") >= 2)
    assert {service.ask()["pid"] for _ in range(20)} <= set(before)
    (service.folder / "broken").unlink()
    await service.until(lambda: set(service.workers).isdisjoint(before) and len(service.workers) == 2)


async def test_many_signals_at_once_are_one(start):
    """It starts anew, and is there."""
    service = start()
    before = service.workers
    for _ in range(20):
        service.process.send_signal(signal.SIGHUP)
        await asyncio.sleep(0.01)
    await service.until(lambda: set(service.workers).isdisjoint(before) and len(service.workers) == 2)
    assert service.ask()["parent"] == service.process.pid


async def test_workers_end_when_their_supervisor_was_killed(start):
    """They finish what they have begun, and the port is free."""
    service = start()
    workers = service.workers
    begun = service.connect("wait")
    assert begun.recv(8) == b"waiting\n"
    service.process.kill()
    assert read(begun)["pid"] in workers
    await service.until(lambda: not any(map(is_there, workers)))
    with pytest.raises(ConnectionRefusedError):
        service.connect("who")


async def test_a_worker_that_does_not_stop_is_killed(start, tmp_path):
    """After a while, so that the service ends."""
    (tmp_path / "end").write_text("0.2")
    service = start()
    os.kill(service.workers[0], signal.SIGSTOP)
    service.process.terminate()
    assert service.process.wait(SECONDS) == 0
    assert "does not stop, and is killed" in service.log


async def test_a_worker_that_computes_for_ever_is_replaced(start, tmp_path):
    """What it had begun ends; who waits at its socket meanwhile is answered by its successor."""
    (tmp_path / "hang").write_text("2")
    service = start()
    begun = service.connect("spin")
    assert begun.recv(9) == b"spinning\n"
    waiting = [service.connect("who") for _ in range(40)]
    await service.until(lambda: "has stood still for 2 s, and is killed" in service.log)
    assert begun.recv(1) == b""
    begun.close()
    assert {read(connection)["number"] for connection in waiting} == {0, 1}


async def test_a_worker_that_is_stopped_is_replaced(start, tmp_path):
    """Likewise."""
    (tmp_path / "hang").write_text("2")
    service = start()
    hanging = service.workers[0]
    await stopped(hanging)
    waiting = [service.connect("who") for _ in range(40)]
    await service.until(lambda: not is_there(hanging))
    assert "has stood still for 2 s, and is killed" in service.log
    answers = [read(connection) for connection in waiting]
    assert {answer["number"] for answer in answers} == {0, 1}
    assert hanging not in {answer["pid"] for answer in answers}


@pytest.fixture
def impatient(tmp_path):
    """How long workers may take to be ready; looks come ten times in `hang`."""
    (tmp_path / "hang").write_text("3")
    (tmp_path / "start").write_text("3")


@pytest.mark.usefixtures("impatient")
async def test_a_worker_that_hangs_at_its_start_is_replaced(start, tmp_path):
    """As often as it does, more and more slowly, however long it lived; the others serve all the time."""
    (tmp_path / "steady").write_text("0")
    service = start()
    victim, survivor = (next(w for w in iter(service.ask, None) if w["number"] == n) for n in (0, 1))
    (tmp_path / "stuck").touch()
    os.kill(victim["pid"], signal.SIGKILL)
    await service.until(lambda: len(waits(service)) >= 3)
    assert service.log.count("is not ready after 3 s, and is killed") >= 2
    assert waits(service)[:3] == [0.0, 0.4, 0.8]
    assert survivor["pid"] in service.workers
    assert [service.ask()["number"] for _ in range(20)] == [1] * 20
    (tmp_path / "stuck").unlink()
    await service.until(lambda: service.ask()["number"] == 0)


@pytest.mark.usefixtures("impatient")
async def test_successors_that_hang_at_their_start_leave_the_old_ones_at_work(start):
    """Until there are some that do not."""
    service = start()
    before = service.workers
    (service.folder / "stuck").touch()
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: "is not ready after 3 s, and is killed" in service.log)
    assert {service.ask()["pid"] for _ in range(20)} <= set(before)
    (service.folder / "stuck").unlink()
    await service.until(lambda: set(service.workers).isdisjoint(before) and len(service.workers) == 2)


@pytest.mark.usefixtures("impatient")
async def test_a_service_whose_first_worker_hangs_at_its_start_ends(start, tmp_path):
    """Whoever started it sees that it does not serve."""
    (tmp_path / "stuck").touch()
    service = start()
    assert service.port == 0
    assert service.process.wait(SECONDS) == 1
    assert "is not ready after 3 s, and is killed" in service.log


async def test_it_starts_anew_though_it_has_no_standard_input(start):
    """As some that start services leave it."""
    service = start(before=["sh", "-c", 'exec "$0" "$@" <&-'])
    before = service.workers
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: set(service.workers).isdisjoint(before) and len(service.workers) == 2)
    assert service.ask()["parent"] == service.process.pid


async def test_a_port_that_can_not_be_had_leaves_it_where_it_is(start):
    """The check can not know it. With one worker more, which there is no socket for."""
    service = start()
    before = service.workers
    (service.folder / "workers").write_text("3")
    with socket.create_server(("127.0.0.1", 0)) as other:
        (service.folder / "port").write_text(str(other.getsockname()[1]))
        service.process.send_signal(signal.SIGHUP)
        await service.until(lambda: set(service.workers).isdisjoint(before) and len(service.workers) == 2)
        assert service.ask()["parent"] == service.process.pid
    assert "can not be listened on, and the service stays where it is" in service.log


async def test_it_goes_on_without_descriptors(start):
    """What it can not start for want of one, a worker or a trial, it starts when there are some."""
    service = start()
    before = service.workers
    few, most = 3, resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (few, most[1]))
    service.process.send_signal(signal.SIGHUP)
    await service.until(lambda: "could not start anew: [Errno 24]" in service.log)
    os.kill(before[0], signal.SIGKILL)
    await service.until(lambda: "can not be started, and is tried again in" in service.log)
    assert service.workers == before[1:]
    resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, most)
    await service.until(lambda: len(service.workers) == 2)


async def test_who_comes_while_it_ends_is_refused(start):
    """At once, though a request goes on: nobody waits at a socket where nobody will answer."""
    service = start()
    begun = service.connect("long")
    assert begun.recv(8) == b"waiting\n"
    service.process.terminate()
    await service.until(lambda: is_refused(service))
    (service.folder / "go").touch()
    assert read(begun)["parent"] == service.process.pid
    assert service.process.wait(SECONDS) == 0


def test_a_worker_has_the_time_that_an_orderly_end_takes():
    """With a request that does not end, and a storage that answers late; and less than a service manager gives all of them."""
    most = float(next(str(one.default) for one in fields(Supervisor) if one.name == "end_seconds"))
    unit = (REPOSITORY / "runtime" / "deploy" / "hookd.service").read_text()
    given = int(unit.split("TimeoutStopSec=")[1].split()[0])
    assert services._DRAIN_SECONDS + SHUTDOWN_SECONDS + BUSY_SECONDS < most < given
