"""What may be reached: the tables of addresses and of spellings."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from runtime.network import guard
from runtime.network.guard import Policy, Refused, is_public, parse_url
from runtime.network.rules import parse_rule

NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1"),
    *("127.1.2.3", "168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255"),
    *("192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b::127.0.0.1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1"),
    *("2001:10::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254"),
    *("fd12:3456::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "ff02::1", "4000::1"),
    *("2600:1f16::5efe:10.0.0.1", "2600:1f16::200:5efe:8.8.8.8", "2600:1f16::1%1"),
]  # fmt: skip
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"),
    *("169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "198.17.255.255", "223.255.255.255"),
    *("2600:1f16::1", "2606:4700:4700::1111", "2a00:1450::1", "64:ff9b::8.8.8.8"),
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_of_the_public_internet(address: str):
    """Private, local, reserved, and every way of wrapping an IPv4 address into another one."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is(address: str):
    """The neighbours of what is not, too."""
    assert is_public(ip_address(address))


SPELLINGS = [
    *("", "/", "//a/", "a", "http:", "http:/a", "http:///a", "http://", "http:a", "ftp://a/", "file:///etc/passwd", "data:,a"),
    *("gopher://a/", "blob:http://a/", "ws://a/", "HTTP://a/", "http://A/", " http://a/", "http://a /", "http://a/ b"),
    *("http://user@a/", "http://user:pass@a/", "http://a@127.0.0.1:80@b/", "http://a\\@b/", "http://a\\b", "http://a%2eb/"),
    *("http://a:/", "http://a:0/", "http://a:00080/", "http://a:99999/", "http://a:65536/", "http://a:-1/", "http://a:80a/"),
    *("http://a:80:80/", "http://a,b/", "http://a;b/", "http://a'b/", "http://a..b/", "http://.a/", "http://-a/", "http://a-/"),
    *("http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/"),
    *("http://127.0.0.01/", "http://127.0.0.1./", "http://00.0.0.0/", "http://256.1.1.1/", "http://1.2.3.4.5/", "http://a.1/"),
    *("http://a.0x/", "http://0/", "http://4294967296/", "http://127.0.0.1%00.a/", "http://[::1", "http://::1/", "http://[::1]a/"),
    *("http://[::1%25lo]/", "http://[::1%lo]/", "http://[fe80::1%25eth0]/", "http://[::ffff:0x7f.1]/", "http://[127.0.0.1]/"),
    *("http://[::G]/", "http://[]/", "http://[::1]]/", "http://a\t/", "http://a\n/", "http://\u2460/", "http://\u3002/"),
    *("http://a\u3002b/", "http://\uff11/", "http://a\u00ad/", "http://a/\u00e9", "http://a/\x7f", "http://" + "a." * 127 + "aa/"),
    *("http://" + "a" * 64 + "/", "http:\\\\a\\"),
]  # fmt: skip


@pytest.mark.parametrize("url", SPELLINGS)
def test_a_url_has_one_spelling(url: str):
    """What two readers could read as two hosts is read by none."""
    with pytest.raises(Refused):
        parse_url(url)


@pytest.mark.parametrize(
    "url, host, port, rest",
    [
        ("http://a", "a", 80, "/"),
        ("https://a.example/", "a.example", 443, "/"),
        ("https://a.example./x", "a.example", 443, "/x"),
        ("http://a:8080/b/c?d=e#f", "a", 8080, "/b/c?d=e"),
        ("http://a?b", "a", 80, "/?b"),
        ("http://a#@b/", "a", 80, "/"),
        ("http://a/@b", "a", 80, "/@b"),
        ("http://x_y.a-b.example/%41", "x_y.a-b.example", 80, "/%41"),
        ("http://8.8.8.8/", "8.8.8.8", 80, "/"),
        ("https://[2606:4700::0:1]:444/", "2606:4700::1", 444, "/"),
    ],
)
def test_the_parts_of_a_url(url: str, host: str, port: int, rest: str):
    """Host without brackets and final dot, the port that is meant, path and query as they are; the fragment is nobody's."""
    target = parse_url(url)

    assert (target.host, target.port, target.rest) == (host, port, rest)
    assert parse_url(target.url) == target


def refusal(policy: Policy, url: str, *addresses: str) -> str:
    """Why it is refused; "" where it is not."""
    target = parse_url(url)
    try:
        policy.check_target(target)
        policy.check_addresses(target, map(ip_address, addresses))
    except Refused as refused:
        return str(refused)
    return ""


def policy(allow: str = "", deny: str = "", only: str = "") -> Policy:
    """From lists as one writes them."""
    rules = [tuple(map(parse_rule, entries.split())) for entries in (allow, deny, only)]
    return Policy(allow=rules[0], deny=rules[1], only=rules[2])


@pytest.mark.parametrize(
    "lists, url, addresses, reason",
    [
        ({}, "https://a.example/", ["8.8.8.8"], ""),
        ({}, "https://a.example/", ["10.0.0.1"], "not a public host"),
        ({}, "https://a.example/", ["8.8.8.8", "10.0.0.1"], "not a public host"),
        ({}, "http://localhost/", [], "not a public host"),
        ({}, "http://a.localhost./", [], "not a public host"),
        ({}, "http://metadata.google.internal/", [], "not a public host"),
        ({}, "http://a.example:25/", [], "port 25"),
        ({"allow": "10.0.0.0/8:25"}, "http://a.example:25/", [], ""),
        ({"allow": "10.0.0.0/8:25"}, "http://a.example:25/", ["8.8.8.8"], "port 25"),
        ({}, "http://8.8.8.8:6667/", [], "port 6667"),
        ({"allow": "10.0.0.0/8"}, "http://10.1.2.3/", [], ""),
        ({"allow": "10.0.0.0/8"}, "http://a.example/", ["10.1.2.3"], ""),
        ({"allow": "10.0.0.0/8:8080"}, "http://10.1.2.3/", [], "not a public host"),
        ({"allow": "10.0.0.0/8:8080"}, "http://10.1.2.3:8080/", [], ""),
        ({"allow": "10.0.0.0/8"}, "http://[::ffff:10.1.2.3]/", [], "not a public host"),
        ({"allow": "in.example"}, "http://in.example/", ["10.1.2.3"], ""),
        ({"allow": "in.example"}, "http://other.example/", ["10.1.2.3"], "not a public host"),
        ({"allow": "*.in.example"}, "http://a.in.example/", ["10.1.2.3"], ""),
        ({"allow": "*.in.example"}, "http://in.example/", ["10.1.2.3"], "not a public host"),
        ({"allow": "*.in.example"}, "http://xin.example/", ["10.1.2.3"], "not a public host"),
        ({"allow": "localhost:8080"}, "http://localhost:8080/", ["127.0.0.1"], ""),
        ({"allow": "localhost:8080"}, "http://localhost/", ["127.0.0.1"], "not a public host"),
        ({"allow": "[fd00::/8]"}, "http://[fd00::1]/", [], ""),
        ({"allow": "[fd00::1]:99"}, "http://[fd00::1]:99/", [], ""),
        ({"allow": "127.0.0.1:25"}, "http://127.0.0.1:25/", [], ""),
        ({"allow": "127.0.0.1:25"}, "http://8.8.8.8:25/", [], "port 25"),
        ({"deny": "a.example"}, "http://a.example/", [], "deny list"),
        ({"deny": "8.8.0.0/16"}, "http://a.example/", ["8.8.8.8"], "deny list"),
        ({"deny": "8.8.0.0/16"}, "http://[64:ff9b::808:808]/", [], "deny list"),
        ({"deny": "*"}, "http://a.example/", [], "deny list"),
        ({"allow": "10.0.0.1", "deny": "10.0.0.0/8"}, "http://10.0.0.1/", [], "deny list"),
        ({"only": "a.example"}, "http://a.example/", ["8.8.8.8"], ""),
        ({"only": "a.example"}, "http://b.example/", [], "not on the list"),
        ({"only": "a.example"}, "http://a.example/", ["10.0.0.1"], "not a public host"),
        ({"only": "8.8.8.0/24"}, "http://b.example/", ["8.8.8.8"], ""),
        ({"only": "8.8.8.0/24"}, "http://b.example/", ["1.1.1.1"], "not on the list"),
        ({"only": "a.example:443"}, "http://a.example/", [], "not on the list"),
    ],
)  # fmt: skip
def test_lists(lists: dict[str, str], url: str, addresses: list[str], reason: str):
    """deny before only before allow; what a name resolves to counts, all of it; a port where one is named."""
    said = refusal(policy(**lists), url, *addresses)

    assert (reason in said) if reason else said == ""
    assert not any(address in said for address in addresses), "what a name resolves to is not told"


def test_ports_of_the_fetch_standard():
    """Those that a browser blocks; 80, 443 and high ones are not among them."""
    assert len(guard.BAD_PORTS) == 83
    assert not guard.BAD_PORTS & {80, 443, 3000, 8000, 8080, 8443}
