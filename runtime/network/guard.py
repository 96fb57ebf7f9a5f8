"""Which addresses a hook may reach. Pure.

A URL is taken in one spelling only, so that nobody reads it otherwise than it is meant; what a name resolves to is looked at
as an address, all of it. Refused by default is everything that is not the public Internet. `Policy` has the exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# The registries of special-purpose addresses (IANA, RFC 6890), and what clouds answer their machines at.
_DENIED_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT, and a cloud's metadata (100.100.100.200)
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # a cloud's metadata
            "169.254.0.0/16",  # link-local, and most clouds' metadata (169.254.169.254)
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments, and a cloud's metadata (192.0.0.192)
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_PUBLIC_V6: Final = IPv6Network("2000::/3")
"""All that is assigned to anybody. Loopback, mapped and compatible IPv4, private, link-local and multicast are not in it."""
_DENIED_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: an IPv4 address within
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
# ISATAP (RFC 5214): an IPv4 address behind this, or behind the same with the bit that says it is global.
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})

DENIED_NAMES: Final = ("localhost", "metadata.google.internal", "metadata.goog", "metadata")
"""Hosts that are refused before anybody is asked where they are, with all below them."""

# https://fetch.spec.whatwg.org/#port-blocking
BAD_PORTS: Final = frozenset(
    {0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111}
    | {113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548}
    | {554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566}
    | {6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
)  # fmt: skip

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[1-9][0-9]{0,4}))?(?P<rest>[/?][\x21-\x7e]*)?"
)
# https://url.spec.whatwg.org/#ends-in-a-number-checker: a host whose last label is so is meant as an address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Refused(Exception):
    """A hook may not go there. The text says why; it never says what a name resolved to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a URL leads. `host` is lower-case, without brackets and final dot; `address` is given where it is one."""

    scheme: str
    host: str
    port: int
    rest: str
    address: Address | None

    @property
    def shown(self) -> str:
        """The host, with its port where that is not the scheme's own: for records."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL again, from its parts."""
        return f"{self.scheme}://{self.shown}{self.rest}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of a list. `name` is a host, `*.` before it means all below it; else `network`. No port: any port."""

    name: str
    network: Network | None
    port: int | None

    def fits(self, target: Target, address: Address | None) -> bool:
        """Whether it means this target, or this address that the target's host resolves to."""
        if self.port is not None and self.port != target.port:
            return False
        if self.network is not None:
            return address is not None and address.version == self.network.version and address in self.network
        if self.name.startswith("*."):
            return target.host.endswith(self.name[1:])
        return self.name in ("*", target.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What differs from the default: `deny` comes first, then `only`, if there is any; `allow` opens what is refused."""

    allow: tuple[Rule, ...] = ()
    deny: tuple[Rule, ...] = ()
    only: tuple[Rule, ...] = ()

    def check_target(self, target: Target) -> None:
        """Before its name is resolved, and all there is to check where it is an address. `Refused`."""
        if target.address is not None:
            self.check_addresses(target, [target.address])
            return
        if _any(self.deny, target, None):
            raise Refused(f"{target.host} is on the deny list")
        if self.only and not any(rule.network or rule.fits(target, None) for rule in self.only):
            raise Refused(f"{target.host} is not on the list of hosts that may be reached")
        if _is_denied_name(target.host) and not _any(self.allow, target, None):
            raise Refused(f"{target.host} is not a public host")
        opened = (rule for rule in self.allow if rule.port and (rule.network or rule.fits(target, None)))
        if target.port in BAD_PORTS and not any(rule.port == target.port for rule in opened):
            raise Refused(f"port {target.port} is not one for HTTP")

    def check_addresses(self, target: Target, addresses: Iterable[Address]) -> None:
        """What a name resolved to: one that is refused is enough. `Refused`."""
        for address in addresses:
            if any(_any(self.deny, target, meant) for meant in _meant(address)):
                raise Refused(f"{target.host} is on the deny list")
            if self.only and not _any(self.only, target, address):
                raise Refused(f"{target.host} is not on the list of hosts that may be reached")
            if not is_public(address) and not _any(self.allow, target, address):
                raise Refused(f"{target.host} is not a public host")
            if target.port in BAD_PORTS and not any(rule.port and rule.fits(target, address) for rule in self.allow):
                raise Refused(f"port {target.port} is not one for HTTP")


def _any(rules: tuple[Rule, ...], target: Target, address: Address | None) -> bool:
    return any(rule.fits(target, address) for rule in rules)


def parse_url(url: str) -> Target:
    """Where it leads, or `Refused`: absolute, http or https, no credentials, a host in the one spelling that it has."""
    url = url.partition("#")[0]
    parts = _URL.fullmatch(url)
    if parts is None:
        raise Refused("the URL is not a plain absolute http or https URL")
    scheme, written = parts["scheme"], parts["host"]
    address = _address(written)
    host = str(address) if address else written.removesuffix(".")
    if address is None and (len(host) > 253 or not _NAME.fullmatch(written)):
        raise Refused("the URL's host is none")
    port = int(parts["port"] or DEFAULT_PORTS[scheme])
    if port > 65535:
        raise Refused("the URL's port is none")
    rest = parts["rest"] or "/"
    return Target(scheme=scheme, host=host, port=port, rest=rest if rest[0] == "/" else f"/{rest}", address=address)


def _address(host: str) -> Address | None:
    """The address that a host is, None where it is a name. `Refused` for an address in any spelling but its own."""
    if host[0] == "[":
        try:
            return IPv6Address(host[1:-1])
        except ValueError:
            raise Refused("the URL's host is not an IPv6 address") from None
    last = host.removesuffix(".").rpartition(".")[2]
    if not _NUMBER.fullmatch(last):
        return None
    try:
        return IPv4Address(host)  # four decimal numbers, none with a leading zero
    except ValueError:
        raise Refused("the URL's host is not an IPv4 address as it is written") from None


def is_public(address: Address) -> bool:
    """Whether it belongs to the public Internet, and to no way around it."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _DENIED_V4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        return False
    return address in _PUBLIC_V6 and not any(address in network for network in _DENIED_V6)


def _meant(address: Address) -> Iterable[Address]:
    """The address, and the IPv4 address that it is a way to."""
    yield address
    if isinstance(address, IPv6Address) and address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def _is_denied_name(host: str) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in DENIED_NAMES)


def address_of(text: str) -> Address:
    """An address as a resolver writes it. `ValueError`."""
    return ip_address(text)
