"""Settings that are allowed, and that few mean: what `hookd doctor` says of each, and what to do. Nothing is read here."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from runtime.cli.check import BAD, GOOD, LOOK, Check
from runtime.configuration import without_password
from runtime.settings import Settings
from runtime.surroundings import Surroundings

_LARGEST_NEEDED: Final = 2_097_152
"""Bytes of a request's body: nothing that the APIs take is larger, documents of webtasks and pages of imports included."""
_SHORTEST_TOKEN: Final = 20
_LONGEST_LEEWAY: Final = 60
_LEAST_WALL: Final = 50
"""Milliseconds: on a busy machine a run may wait for so long, by no fault of its hook."""
_LEAST_BURST: Final = 20
"""A burst that is less than a second's worth divided by this, 50 ms's, refuses those who keep to the rate, too."""
_FEWEST_FAILURES: Final = 3
_LOST: Final = ("tmpfs", "ramfs")
_REMOTE: Final = ("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs", "virtiofs")
_METADATA: Final = (ip_address("169.254.169.254"), ip_address("fd00:ec2::254"))
_MANY: Final = tuple(map(str, range(8)))
"""Bits of a network that is too large to be one's own."""
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def dangers(settings: Settings, here: Surroundings) -> Iterator[Check]:
    """One for each, or one that says that there is none."""
    found = [
        *_on_the_wire(settings),
        *_secrets(settings),
        *_what_is_let_in(settings),
        *_too_little(settings),
        *_too_much(settings, here),
        *_database(settings, here),
        *_clock(here),
    ]
    yield from found or [Check("dangers", GOOD, "no setting that few mean")]


def _look(name: str, found: str, remedy: str) -> Check:
    return Check(name, LOOK, found, remedy)


def _on_the_wire(settings: Settings) -> Iterator[Check]:
    if settings.server.host not in _LOOPBACK:
        yield _look(
            "listening",
            f"{settings.server.host or 'all addresses'}, without TLS: tokens can be read on the way",
            "Let only what ends TLS reach this port, or listen on 127.0.0.1.",
        )
    addresses = {
        "[issuer] url": settings.issuer.url,
        "[issuer] runtime_url": settings.issuer.runtime_url,
        "[dashboard] oidc_issuer": settings.dashboard.oidc_issuer,
        "[bundle] registry": settings.bundle.registry,
        "[telemetry] endpoint": settings.telemetry.endpoint,
        "[storage] url": settings.storage.url,
        "[issuer] database": settings.issuer.database,
    }
    for name, url in addresses.items():
        if _is_plain(url):
            yield _look("addresses", f"{name} is not encrypted: {without_password(url)}", "Take https, or rediss.")
    for row in settings.auth.trusted:
        if _is_plain(row.issuer):
            yield _look("addresses", f"the issuer {row.issuer} is not encrypted", "Its users' tokens are in the open.")


def _is_plain(url: str) -> bool:
    """Whether what is said there can be read by those between."""
    try:
        parts = urlsplit(url)
        hosts = parts.netloc.rpartition("@")[2].split(",")
        names = [urlsplit(f"//{host}").hostname or "" for host in hosts]
    except ValueError:
        return False
    is_open = parts.scheme == "http" or parts.scheme.partition("+")[0] == "redis"
    return is_open and any(name and name not in _LOOPBACK for name in names)


def _secrets(settings: Settings) -> Iterator[Check]:
    token = settings.metrics.token
    if token and len(token) < _SHORTEST_TOKEN:
        yield _look("metrics", f"its token has {len(token)} characters", "Make one at random: openssl rand -hex 32")
    secrets = [row.secret for row in settings.auth.trusted if row.secret]
    if len(set(secrets)) < len(secrets):
        yield _look("issuers", "two share one secret: each can make tokens of the other", "Give each its own.")
    if settings.log.requests:
        yield _look("log", "each request is kept: records name users", "[log] requests = false, unless you mean it.")


def _what_is_let_in(settings: Settings) -> Iterator[Check]:
    if settings.server.body_limit > _LARGEST_NEEDED:
        yield _look(
            "body limit",
            f"{settings.server.body_limit:,} bytes: each connection may take as much memory",
            f"Nothing needs more than {_LARGEST_NEEDED:,}: [server] body_limit.",
        )
    if settings.auth.leeway > _LONGEST_LEEWAY:
        yield _look(
            "leeway", f"tokens are good for {settings.auth.leeway} s after their end", "Set the clocks right instead."
        )
    for proxies in settings.server.trusted_proxies:
        if proxies.rpartition("/")[2] in _MANY:
            yield _look(
                "proxies",
                f"{proxies} are trusted: anybody there can say to be anybody, and guess passwords without a limit",
                "Name the networks of your own: [server] trusted_proxies.",
            )
    lists = [settings.network.allow, *(row.allow for row in settings.network.tenants)]
    for entry in (entry for allowed in lists for entry in allowed):
        if _opens_this_machine(entry):
            yield _look(
                "network",
                f"hooks may reach this machine, or its cloud's metadata: {entry}",
                "Name the hosts that are meant, each with its port.",
            )


def _opens_this_machine(entry: str) -> bool:
    """Whether a rule without a port has loopback or metadata addresses in it; one with a port is meant."""
    if entry == "*":
        return True
    try:
        network = ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return entry.lower() in ("localhost", "metadata.google.internal")
    return any(address in network for address in (*_METADATA, ip_address("127.0.0.1"), ip_address("::1")))


def _too_little(settings: Settings) -> Iterator[Check]:
    cpu, wall, failures = settings.limits.cpu_ms, settings.limits.wall_ms, settings.sandbox.breaker_failures
    if wall < _LEAST_WALL:
        yield _look(
            "limits",
            f"wall_ms is {wall}: on a busy machine hooks that do no wrong run out of it, and deny",
            f"{_LEAST_WALL} or more: [limits] wall_ms.",
        )
    elif cpu > wall:
        yield _look(
            "limits",
            f"cpu_ms is {cpu} and can not be used up: wall_ms, {wall}, ends each run before",
            "Waiting counts for wall_ms, too: let it be more than [limits] cpu_ms.",
        )
    server = settings.server
    yield from _rate("tenant", server.tenant_rate, server.tenant_burst)
    yield from _rate("hook", server.hook_rate, server.hook_burst)
    if 0 < failures < _FEWEST_FAILURES:
        yield _look(
            "circuit breaker",
            f"a hook is left alone, and denies, as soon as it runs into a limit {'twice' if failures > 1 else 'once'}",
            "More, so that one slow answer ends nothing: [sandbox] breaker_failures.",
        )


def _rate(name: str, rate: int, burst: int) -> Iterator[Check]:
    if rate and 0 < burst < rate / _LEAST_BURST:
        yield _look(
            "rate limits",
            f"{name}_burst {burst} at {name}_rate {rate:,}: requests that come together are refused, though few they are",
            f"0 is a second's worth, {rate:,}: [server] {name}_burst.",
        )
    if burst and not rate:
        yield _look("rate limits", f"{name}_burst is {burst:,}, and there is no limit", f"Set [server] {name}_rate.")


def _too_much(settings: Settings, here: Surroundings) -> Iterator[Check]:
    workers = settings.server.workers or here.cores
    if workers > here.cores:
        yield _look(
            "workers", f"{workers} share {here.cores} cores", "More than cores only take memory: [server] workers = 0."
        )
    each = settings.sandbox.image_cache_bytes + settings.sandbox.waiting_bytes + settings.network.bodies_bytes
    if workers * each > here.memory_bytes:
        yield _look(
            "memory",
            f"{workers} workers may take {_gigabytes(workers * each)}, there are {_gigabytes(here.memory_bytes)}",
            "Lower [server] workers, [sandbox] image_cache_bytes and waiting_bytes, [network] bodies_bytes.",
        )


def _database(settings: Settings, here: Surroundings) -> Iterator[Check]:
    if here.file_system in _LOST:
        yield _look(
            "database folder",
            f"it is on {here.file_system}: gone when the machine starts anew",
            "Take a disk: [storage] url.",
        )
    if here.file_system in _REMOTE:
        yield Check(
            "database folder",
            BAD,
            f"it is on {here.file_system}, where SQLite's processes share no memory",
            "Take a disk of this machine, or a Redis: [storage] url.",
        )
    if here.file_system and settings.storage.executions_bytes > here.free_bytes:
        yield _look(
            "disk",
            f"a tenant's records may take {_gigabytes(settings.storage.executions_bytes)}, "
            f"{_gigabytes(here.free_bytes)} are free",
            "Lower [storage] executions_bytes, or take a larger disk.",
        )


def _clock(here: Surroundings) -> Iterator[Check]:
    if here.is_clock_right is False:
        yield _look(
            "system clock",
            "nothing keeps it right, says the kernel",
            "Run chrony or systemd-timesyncd: tokens have an end.",
        )


def _gigabytes(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB"
