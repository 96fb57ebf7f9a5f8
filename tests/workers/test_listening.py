"""Sockets at one port for several processes."""

from __future__ import annotations

import socket

import pytest

from runtime.workers.listening import again, bind, bind_alone, close_all, listen_at, port_of, rest
from tests.ports import free_port


def test_several_sockets_listen_at_one_port():
    """Each gets connections; a free port where 0 was asked for."""
    (first,) = bind("127.0.0.1", 0)
    port = port_of([first])
    (second,) = again("127.0.0.1", port)
    taken = {first: 0, second: 0}
    while not all(taken.values()):
        with socket.create_connection(("127.0.0.1", port)) as client:
            for one in (first, second):
                try:
                    accepted, address = one.accept()
                except BlockingIOError:
                    continue
                assert address == client.getsockname()
                accepted.close()
                taken[one] += 1
    first.close()
    second.close()


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..b", "no.such.invalid"])
def test_a_host_that_is_none_can_not_be_listened_at(host: str):
    """Whether nobody has that name, or nobody can."""
    (one,) = bind("127.0.0.1", 0)
    assert not listen_at([one], host, 0)
    with pytest.raises(socket.gaierror):
        bind(host, 0)
    one.close()


@pytest.mark.parametrize("chosen", [True, False])
def test_who_connects_comes_to_no_socket_that_rests(chosen: bool):
    """All come to the other one; when it listens again, it is where it was."""
    (first,) = bind("127.0.0.1", 0 if chosen else free_port())
    port = port_of([first])
    (second,) = again("127.0.0.1", port)
    rest([first])
    rest([first])
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, address = second.accept()
            assert address == client.getsockname()
            accepted.close()
    close_all([[second]])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    first.listen()
    with socket.create_connection(("127.0.0.1", port)) as client:
        accepted, address = first.accept()
        assert address == client.getsockname()
        client.sendall(b"?")
        assert accepted.recv(1) == b"?"
        accepted.close()
    first.close()


def test_a_name_may_have_several_addresses():
    """All of them at the same port; IPv6 is IPv6 only."""
    sockets = bind("localhost", 0)
    assert len({one.getsockname()[1] for one in sockets}) == 1
    more = again("localhost", sockets[0].getsockname()[1])
    assert [one.getsockname() for one in more] == [one.getsockname() for one in sockets]
    for one in [*sockets, *more]:
        one.close()


def test_a_port_that_somebody_has_is_not_shared():
    """Neither with another program, nor with another service of this kind."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", other.getsockname()[1])
    (ours,) = bind("127.0.0.1", 0)
    with ours, pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", ours.getsockname()[1])


@pytest.mark.parametrize("chosen", [True, False])
def test_nobody_can_listen_beside_a_service_of_one_process(chosen: bool):
    """Not even who asks to share: two that start at the same moment are never both there."""
    sockets = bind_alone("localhost", 0 if chosen else free_port())
    port = port_of(sockets)
    assert {port_of([one]) for one in sockets} == {port}
    for bound in (bind, bind_alone, again):
        with pytest.raises(OSError, match="in use"):
            bound("localhost", port)
    with socket.create_connection(("127.0.0.1", port)):
        pass
    close_all([sockets])
    if not chosen:
        close_all([bind_alone("localhost", port)])


def test_an_address_of_another_machine_is_refused():
    """As the operating system says it."""
    with pytest.raises(OSError, match="assign"):
        bind("192.0.2.1", 0)


def test_it_is_known_where_sockets_listen():
    """Asked by the host's name; port 0 is any."""
    rows = [bind("127.0.0.1", 0)]
    port = port_of(rows[0])
    assert listen_at(rows[0], "127.0.0.1", port)
    assert listen_at(rows[0], "127.0.0.1", 0)
    assert not listen_at(rows[0], "127.0.0.2", 0)
    assert not listen_at(rows[0], "127.0.0.1", port - 1)
    assert not listen_at(rows[0], "no-such-host.invalid", port)
    close_all(rows)
    assert rows[0][0].fileno() == -1
