"""Settings with which a service does not start, or that do not do what they say: what `hookd doctor` says of each, and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from urllib.parse import urlsplit

from runtime.cli.check import BAD, GOOD, LOOK, Check
from runtime.configuration import hints_of, row_type, without_password
from runtime.errors import SettingsError
from runtime.master_keys import keys_if_any
from runtime.settings import Log, Settings


def mistakes(settings: Settings) -> Iterator[Check]:
    """One for each; none where there is none."""
    yield from _audit(settings.log)
    yield from _no_addresses(settings)
    yield from _logins(settings)
    yield from _token_server(settings)


def weak_key(settings: Settings) -> Check | None:
    """Of a master key that anybody would try."""
    try:
        keys = keys_if_any(settings.storage)
    except SettingsError:
        return None  # it is told of elsewhere
    if all(len(set(key)) > 1 for key in keys):
        return None
    remedy = "Take another: hookd keys rotate, or hookd keys new before the first start."
    return Check("master key", BAD, "it is one byte again and again: anybody can guess it", remedy)


def configuration_file(file: Path, document: Mapping[str, object]) -> Check:
    """Whether others may read the secrets in it, or change what it says."""
    status = file.stat()
    # As the unit for systemd has it: root's, and whoever runs the service may read it by the group.
    others = status.st_mode & (0o037 if status.st_uid == 0 else 0o077)
    secrets = list(secrets_in(Settings, document))
    if others and secrets:
        found = f"others than its owner may use {file}, which has secrets in it: {', '.join(dict.fromkeys(secrets))}"
        return Check("configuration", BAD, found, f"chmod 600 {file}, or name files of their own there.")
    if others & 0o022:
        return Check("configuration", LOOK, f"others than its owner may change {file}", f"chmod go-w {file}")
    return Check("configuration", GOOD, str(file))


def secrets_in(kind: type, table: Mapping[str, object], path: str = "") -> Iterator[str]:
    """The settings of a document that are secret, or have a password in them. `kind` is the table's dataclass."""
    hints = hints_of(kind)
    for item in fields(kind):
        value, name, hint = table.get(item.name), f"{path}{item.name}", hints[item.name]
        inner = row_type(hint) or (hint if is_dataclass(hint) else None)
        if inner:
            rows = value if isinstance(value, list) else [value]
            yield from (
                one
                for row in rows
                if isinstance(row, Mapping)
                for one in secrets_in(inner, row, f"{name}.")  # type: ignore[arg-type]
            )
        elif isinstance(value, str) and value and (item.metadata["secret"] or without_password(value) != value):
            yield name


def _audit(log: Log) -> Iterator[Check]:
    name = "audit log"
    if not log.audit:
        yield Check(name, LOOK, "it is off: nobody can tell who changed a hook", "[log] audit = true")
    if not log.audit_file:
        return
    file = Path(log.audit_file).absolute()
    there = file if file.exists() else file.parent
    if not file.parent.is_dir():
        yield Check(
            name, BAD, f"there is no folder {file.parent}", "Make it, for the service's user: [log] audit_file."
        )
    elif file.is_dir() or not os.access(there, os.W_OK):
        yield Check(name, BAD, f"{there} can not be written to", "A file for the service's user: [log] audit_file.")


def _no_addresses(settings: Settings) -> Iterator[Check]:
    registry, endpoint = settings.bundle.registry, settings.telemetry.endpoint
    if registry and not _is_http(registry):
        found = f"[bundle] registry is no http or https address: {without_password(registry)}"
        yield Check("addresses", LOOK, found, "Hooks with new modules can not be deployed till then.")
    if endpoint and not _is_http(endpoint):
        found = f"[telemetry] endpoint is no http or https address: {without_password(endpoint)}"
        yield Check("addresses", LOOK, found, "No span arrives: hookd sends them by OTLP over HTTP.")


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _logins(settings: Settings) -> Iterator[Check]:
    audience = settings.dashboard.audience
    if settings.dashboard.oidc_issuer and audience not in {row.audience for row in settings.auth.trusted}:
        found = f"[dashboard] audience is that of no [[auth.trusted]]: {audience or 'empty'}"
        yield Check("dashboard", LOOK, found, "Who logs in there has a token that is refused: make both the same.")


def _token_server(settings: Settings) -> Iterator[Check]:
    wait, run = settings.issuer.runtime_timeout, settings.limits.wall_ms / 1000
    if wait < run:
        found = f"[issuer] runtime_timeout is {wait:g} s, and a hook may take {run:g} s"
        yield Check("token server", LOOK, found, "A slow hook's decision comes too late: let it wait for longer.")
