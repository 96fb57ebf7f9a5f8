from __future__ import annotations

import asyncio
import json
import os
import signal
import socket

import pytest

from runtime.cli.address import AddressInUse, announce, listening, taken
from runtime.errors import SettingsError
from runtime.http.app import Address
from runtime.workers.listening import bind, port_of
from runtime.workers.worker import stop_asked


def test_a_free_port_is_found():
    """Port 0 becomes one, and nobody else can have it from then on: what is made of its number is right when the service is."""
    with taken("127.0.0.1", 0, "") as sockets:
        port = port_of(sockets)
        assert port > 0
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port))
        with socket.create_connection(("127.0.0.1", port)):
            pass
    assert all(one.fileno() == -1 for one in sockets)


def test_a_port_in_use_is_said_with_its_remedy():
    """The message names the address, the reason and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        said = rf"127\.0\.0\.1:{port} can not be listened on \(it is in use\)\. Do that\."
        with pytest.raises(AddressInUse, match=said), taken("127.0.0.1", port, "Do that."):
            pass


async def test_a_port_that_was_taken_meanwhile_is_said_too():
    """The operating system's error becomes ours, others pass."""
    with pytest.raises(AddressInUse), listening("127.0.0.1", 1, ""):
        raise OSError(98, "Address already in use")
    with pytest.raises(FileNotFoundError), listening("127.0.0.1", 1, ""):
        raise FileNotFoundError(2, "no such file")


def test_a_machine_reads_where_the_service_listens(capsys):
    """One line of JSON where standard output is no terminal."""
    announce(Address(host="127.0.0.1", port=4711))

    assert json.loads(capsys.readouterr().out) == {"event": "listening", "host": "127.0.0.1", "port": 4711}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_asks_to_stop(number):
    """Ctrl-C and SIGTERM end the service in order, however often they come."""
    stop = stop_asked()
    try:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 10)
        os.kill(os.getpid(), number)
        await asyncio.sleep(0)
    finally:
        for other in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(other)

    assert stop.is_set()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".example"])
def test_a_host_that_nobody_knows_is_a_wrong_setting(host):
    """It is named, not raised as it comes: by the system, or by Python where it is no name at all."""
    said = rf"The host '{host}' has no address here \(.+\): see to "
    with pytest.raises(SettingsError, match=said + r"\[server\] host"), taken(host, 0, ""):
        pass
    with pytest.raises(SettingsError, match=said + r"\[issuer\] host"), taken(host, 0, "", "[issuer] host"):
        pass
    with pytest.raises(SettingsError, match=said + r"\[server\] host"), listening(host, 0, ""):
        bind(host, 0)
