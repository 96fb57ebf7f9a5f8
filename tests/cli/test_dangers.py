from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runtime.cli.dangers import dangers
from runtime.settings import parse
from runtime.surroundings import Surroundings

GIB = 1 << 30
HERE = Surroundings(cores=4, memory_bytes=16 * GIB, free_bytes=100 * GIB, file_system="ext4", is_clock_right=True)
TRUST: dict[str, Any] = {"issuer": "https://a/", "audience": "b", "algorithm": "HS256", "secret": "not-to-be-seen-" * 3}


def found(document: dict[str, Any], here: Surroundings = HERE) -> list[tuple[str, str, str]]:
    checks = list(dangers(parse(document, {}), here))
    assert all(check.remedy for check in checks if check.state != "good")
    assert "not-to-be-seen" not in repr(checks)
    return [(check.name, check.state, check.found) for check in checks]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"server": {"host": "::1", "workers": 4}, "auth": {"trusted": [TRUST]}},
        {"storage": {"url": "rediss://h@redis.example:6379"}, "issuer": {"url": "https://id.example"}},
        {"storage": {"url": "redis://h@127.0.0.1:6379"}, "telemetry": {"endpoint": "http://localhost:4318"}},
        {"storage": {"url": "unix:///run/redis.sock"}, "bundle": {"registry": "https://npm.example/"}},
        {"network": {"allow": ["10.1.0.0/16:8443", "*.corp.example", "127.0.0.1:9000"]}, "issuer": {"url": "http://["}},
        {"metrics": {"token": "x" * 20}, "auth": {"leeway": 60}},
        {
            "limits": {"cpu_ms": 50, "wall_ms": 50},
            "server": {"trusted_proxies": ["10.0.0.0/8", "::1"]},
            "sandbox": {"breaker_failures": 0},
        },
        {
            "server": {"tenant_rate": 1000, "tenant_burst": 50, "hook_rate": 10, "hook_burst": 1},
            "sandbox": {"breaker_failures": 3},
        },
        {"server": {"tenant_rate": 1000, "hook_rate": 1000}},
    ],
)
def test_nothing_is_said_of_what_is_well(document):
    """The defaults among it."""
    assert found(document) == [("dangers", "good", "no setting that few mean")]


@pytest.mark.parametrize(
    "document, name, words",
    [
        ({"server": {"host": "0.0.0.0"}}, "listening", "0.0.0.0, without TLS"),
        ({"server": {"host": ""}}, "listening", "all addresses, without TLS"),
        ({"server": {"body_limit": 16_777_216}}, "body limit", "16,777,216 bytes"),
        ({"server": {"trusted_proxies": ["10.0.0.0/8", "0.0.0.0/0"]}}, "proxies", "0.0.0.0/0 are trusted: anybody there"),
        ({"server": {"trusted_proxies": ["::/0"]}}, "proxies", "::/0 are trusted"),
        ({"server": {"workers": 5}}, "workers", "5 share 4 cores"),
        ({"server": {"workers": 4}, "sandbox": {"waiting_bytes": 4 * GIB}}, "memory", "4 workers may take 18.0 GiB, there are 16.0"),
        ({"issuer": {"url": "http://id.example"}}, "addresses", "[issuer] url is not encrypted: http://id.example"),
        ({"issuer": {"runtime_url": "http://hookd:8080"}}, "addresses", "[issuer] runtime_url"),
        ({"dashboard": {"oidc_issuer": "http://id.example/"}}, "addresses", "[dashboard] oidc_issuer"),
        ({"bundle": {"registry": "http://u:not-to-be-seen@npm/"}}, "addresses", "[bundle] registry"),
        ({"telemetry": {"endpoint": "http://collector:4318"}}, "addresses", "[telemetry] endpoint"),
        ({"storage": {"url": "redis://h:not-to-be-seen@redis:6379"}}, "addresses", "[storage] url is not encrypted: redis://"),
        ({"storage": {"url": "redis+cluster://127.0.0.1,redis-2:6379"}}, "addresses", "[storage] url"),
        ({"issuer": {"database": "redis://h:not-to-be-seen@redis:6379"}}, "addresses", "[issuer] database is not encrypted"),
        ({"auth": {"trusted": [TRUST | {"issuer": "http://id.example/"}]}}, "addresses", "the issuer http://id.example/"),
        ({"auth": {"trusted": [TRUST, TRUST | {"issuer": "https://c/"}]}}, "issuers", "two share one secret"),
        ({"limits": {"wall_ms": 1}}, "limits", "wall_ms is 1: on a busy machine"),
        ({"limits": {"wall_ms": 49, "cpu_ms": 1}}, "limits", "wall_ms is 49"),
        ({"limits": {"wall_ms": 200, "cpu_ms": 201}}, "limits", "cpu_ms is 201 and can not be used up: wall_ms, 200, ends"),
        ({"server": {"tenant_rate": 1000, "tenant_burst": 1}}, "rate limits", "tenant_burst 1 at tenant_rate 1,000: requests"),
        ({"server": {"hook_rate": 1000, "hook_burst": 49}}, "rate limits", "hook_burst 49 at hook_rate 1,000"),
        ({"server": {"hook_burst": 5}}, "rate limits", "hook_burst is 5, and there is no limit"),
        ({"sandbox": {"breaker_failures": 1}}, "circuit breaker", "as soon as it runs into a limit once"),
        ({"sandbox": {"breaker_failures": 2}}, "circuit breaker", "a limit twice"),
        ({"auth": {"leeway": 61}}, "leeway", "61 s after their end"),
        ({"metrics": {"token": "short"}}, "metrics", "5 characters"),
        ({"log": {"requests": True}}, "log", "records name users"),
        ({"network": {"allow": ["*"]}}, "network", "metadata: *"),
        ({"network": {"allow": ["169.254.0.0/16"]}}, "network", "169.254.0.0/16"),
        ({"network": {"allow": ["[::/0]"]}}, "network", "[::/0]"),
        ({"network": {"tenants": [{"tenant": "t", "allow": ["127.0.0.1"]}]}}, "network", "127.0.0.1"),
    ],
)  # fmt: skip
def test_what_few_mean_is_told(document, name, words):
    """One line, with what to do; it is no fault, for somebody may mean it. No secret is shown."""
    ((said, state, text),) = found(document)

    assert (said, state) == (name, "look")
    assert words in text


@pytest.mark.parametrize(
    "more, name, state, words",
    [
        ({"file_system": "tmpfs"}, "database folder", "look", "it is on tmpfs: gone"),
        ({"file_system": "nfs4"}, "database folder", "bad", "it is on nfs4, where SQLite's processes share no memory"),
        ({"free_bytes": 1000}, "disk", "look", "a tenant's records may take 0.2 GiB, 0.0 GiB are free"),
        ({"is_clock_right": False}, "system clock", "look", "nothing keeps it right"),
        ({"memory_bytes": 2 * GIB}, "memory", "look", "4 workers may take 6.0 GiB, there are 2.0 GiB"),
    ],
)
def test_what_a_machine_has_not_is_told(more, name, state, words):
    """Of the defaults."""
    ((said, how, text),) = found({}, replace(HERE, **more))

    assert (said, how) == (name, state)
    assert words in text


def test_what_nobody_knows_is_not_told():
    """A Redis has no folder; and there are kernels that say nothing of the clock."""
    here = replace(HERE, file_system="", free_bytes=0, is_clock_right=None)
    assert found({"storage": {"url": "rediss://redis"}}, here)[0][1] == "good"
