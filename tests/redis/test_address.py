from __future__ import annotations

import pytest

from runtime.errors import SettingsError
from runtime.redis.address import Address, is_address, parse_address


@pytest.mark.parametrize(
    "url, address",
    [
        ("redis://localhost", Address(kind="server", hosts=(("localhost", 6379),))),
        ("redis://h:1/2", Address(kind="server", hosts=(("h", 1),), database=2)),
        ("redis://:p%40ss@h", Address(kind="server", hosts=(("h", 6379),), password="p@ss")),
        (
            "rediss://u:a%23b%2Fc@[::1]:7/",
            Address(kind="server", hosts=(("::1", 7),), user="u", password="a#b/c", tls=True),
        ),
        ("unix:///run/redis.sock?db=3", Address(kind="socket", path="/run/redis.sock", database=3)),
        ("unix://u:p@/run/r.sock", Address(kind="socket", path="/run/r.sock", user="u", password="p")),
        (
            "redis+sentinel://a,b:2/main/1",
            Address(kind="sentinel", hosts=(("a", 26379), ("b", 2)), service="main", database=1),
        ),
        ("rediss+cluster://a:1,b", Address(kind="cluster", hosts=(("a", 1), ("b", 6379)), tls=True)),
    ],
)
def test_urls_that_others_know_are_known(url, address):
    """Those of redis-py, and its neighbours' for sentinels and clusters."""
    assert is_address(url)
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url, rule",
    [
        ("redis://", "a host is a name"),
        ("redis://u:secret@h:x/0", "a host is a name"),
        ("redis://u:secret@h/a", "a database is a number"),
        ("redis://u:secret@h/1/2", "the database's number"),
        ("redis://u:secret@h?ssl=true", "after a question mark"),
        ("redis://u:secret#@h", "written %23"),
        ("redis+sentinel://h", "the name of the service"),
        ("redis+cluster://u:secret@h/1", "no databases"),
        ("redis://u:secret@[h", "no Redis"),
        ("unix://h/path", "three slashes"),
    ],
)
def test_a_url_that_breaks_a_rule_is_refused(url, rule):
    """With the rule, and without the password."""
    with pytest.raises(SettingsError, match=rule) as caught:
        parse_address(url)
    assert "secret" not in str(caught.value)


def test_a_name_and_a_repr_have_no_password():
    """They go into messages and logs."""
    address = parse_address("redis+sentinel://user:secret@a,[::2]:7/main/1")

    assert address.name == "Redis main by a:26379,[::2]:7"
    assert "secret" not in repr(address)
    assert not is_address("sqlite:///redis://")
