from __future__ import annotations

import pytest

from runtime.errors import SettingsError
from runtime.proxies import client_of, proxies_of

PROXIES = proxies_of(["10.0.0.0/8", "192.0.2.7", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", [" 198.51.100.1 "], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("192.0.2.7", ["198.51.100.1"], "198.51.100.1"),
        ("192.0.2.8", ["198.51.100.1"], "192.0.2.8"),
        ("fd00::1", ["2001:DB8::0:1"], "2001:db8::1"),
        # What the client wrote itself stands first, and is nobody's word.
        ("10.0.0.1", ["10.9.9.9, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["127.0.0.1", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1, 10.0.0.2", "192.0.2.7"], "198.51.100.1"),
        # All of ours: the first of them is who asked.
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        # Where nobody knows, it is the last one of whom somebody does.
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, <script>, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["198.51.100.1,"], "10.0.0.1"),
        ("10.0.0.1", ["fe80::1%eth0"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("", ["198.51.100.1"], ""),
        ("no address", ["198.51.100.1"], "no address"),
    ],
)
def test_who_is_believed(peer, forwarded, client):
    """Only what a trusted proxy has written, each from whom it got the request."""
    assert client_of(peer, forwarded, PROXIES) == client


def test_without_proxies_nobody_is():
    """As it is unless somebody says otherwise."""
    assert client_of("10.0.0.1", ["198.51.100.1"], ()) == "10.0.0.1"


@pytest.mark.parametrize("entry", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", "*", ""])
def test_what_is_no_network_is_a_wrong_setting(entry):
    """Named, with the rule."""
    with pytest.raises(
        SettingsError, match=r"'server\.trusted_proxies' must be addresses and networks, such as '10"
    ) as raised:
        proxies_of(["10.0.0.1", entry])
    assert repr(entry) in str(raised.value)
