"""The lists in the configuration."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from runtime.errors import SettingsError
from runtime.network.guard import Rule
from runtime.network.rules import Policies, parse_rule
from runtime.settings import NetworkSettings, TenantNetwork


@pytest.mark.parametrize(
    "entry, rule",
    [
        ("api.example.com", Rule("api.example.com", None, None)),
        (" API.example.com. ", Rule("api.example.com", None, None)),
        ("*.example.com:8443", Rule("*.example.com", None, 8443)),
        ("*", Rule("*", None, None)),
        ("10.1.0.0/16", Rule("", ip_network("10.1.0.0/16"), None)),
        ("127.0.0.1:8080", Rule("", ip_network("127.0.0.1"), 8080)),
        ("10.0.0.0/8:443", Rule("", ip_network("10.0.0.0/8"), 443)),
        ("[fd00::/8]", Rule("", ip_network("fd00::/8"), None)),
        ("[::1]:80", Rule("", ip_network("::1"), 80)),
    ],
)
def test_an_entry(entry: str, rule: Rule):
    """A host, all below a host, an address, a network; a port or none."""
    assert parse_rule(entry) == rule


@pytest.mark.parametrize(
    "entry",
    ["", "http://a/", "a/b", "a:99999", "a:", "::1", "10.0.0.1/8", "10.0.0.0/33", "300.1.1.1", "*.*.a", "a*", "[::g]", "a b"],
)  # fmt: skip
def test_what_is_no_entry(entry: str):
    """The service does not start with it: a list that is not understood protects nobody."""
    with pytest.raises(SettingsError, match=r"\[network\]"):
        parse_rule(entry)


def test_tenants():
    """Lists for all hold for each, a tenant's beside them; its `only` stands for that of all."""
    row = TenantNetwork(tenant="acme", allow=("10.0.0.1",), deny=("b.example",), only=("c.example",))
    policies = Policies(NetworkSettings(allow=("10.0.0.2",), deny=("a.example",), only=("d.example",), tenants=(row,)))

    assert policies.of("other").allow == (parse_rule("10.0.0.2"),)
    assert policies.of("other").only == (parse_rule("d.example"),)
    assert policies.of("acme").allow == (parse_rule("10.0.0.2"), parse_rule("10.0.0.1"))
    assert policies.of("acme").deny == (parse_rule("a.example"), parse_rule("b.example"))
    assert policies.of("acme").only == (parse_rule("c.example"),)
