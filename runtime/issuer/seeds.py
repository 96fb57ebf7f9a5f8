"""Clients, APIs, grants and users of the configuration: put into the store at every start.

What the configuration names becomes as it says; what it does not name stays. A secret or password is hashed anew only
when it is another one, so a second start writes nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from runtime.errors import Conflict, SettingsError
from runtime.grammar import is_scope
from runtime.issuer.callbacks import callback_fault
from runtime.issuer.passwords import Passwords
from runtime.issuer.records import (
    AUTH_METHODS,
    GRANT_TYPES,
    Client,
    ClientGrant,
    ResourceServer,
    User,
    login_key,
    new_grant_id,
    new_user_id,
)
from runtime.issuer.store import IssuerStore
from runtime.issuer.system import MANAGEMENT_SCOPES, SYSTEM_API_ID, management_audience, system_api
from runtime.issuer_settings import ClientGrantSettings, ClientSettings, ResourceServerSettings, UserSettings
from runtime.issuer_settings import Issuer as IssuerSettings

AT_ONCE = 8
"""Rows that are sown at the same time."""
RACES = 3
"""How often another token server that starts at the same moment may have been first with a row."""


async def sow(settings: IssuerSettings, url: str, store: IssuerStore, passwords: Passwords, now: float) -> None:
    """Bring the store to what the settings say. `SettingsError` names the row and the rule that it breaks."""
    _check(settings, url)
    for _ in range(RACES):
        with suppress(Conflict):
            await _sow(settings, url, store, passwords, now)
            return
    await _sow(settings, url, store, passwords, now)


async def _sow(settings: IssuerSettings, url: str, store: IssuerStore, passwords: Passwords, now: float) -> None:
    await _sow_system_api(store, url)
    await _some_at_once(_sow_client(store, passwords, row) for row in settings.clients)
    for api in settings.resource_servers:
        await _sow_api(store, api)
    for index, grant in enumerate(settings.client_grants):
        await _sow_grant(store, grant, f"issuer.client_grants[{index}]")
    await _some_at_once(_sow_user(store, passwords, row, now) for row in settings.users)


async def _some_at_once(rows: Iterable[Coroutine[None, None, None]]) -> None:
    """All rows, `AT_ONCE` at a time: they are hashed in threads, whose queue is short."""
    remaining = iter(rows)
    while some := list(islice(remaining, AT_ONCE)):
        # Nobody goes on while one of them does: after a `Conflict` all are sown again.
        for ended in await asyncio.gather(*some, return_exceptions=True):
            if ended is not None:
                raise ended


async def _sow_system_api(store: IssuerStore, url: str) -> None:
    """The built-in API, at the address of today: its grants move with it, in one step or not at all."""
    api = system_api(url)
    old = await store.resource_servers.get(SYSTEM_API_ID)
    if old == api:
        return
    if old is None:
        await store.resource_servers.put(api)
    else:
        await store.resource_servers.move(api, old.identifier)


async def _sow_client(store: IssuerStore, passwords: Passwords, row: ClientSettings) -> None:
    old = await store.clients.get(row.client_id)
    client = replace(
        old or Client(client_id=row.client_id, name=""),
        name=row.name or row.client_id,
        secret_hash=await _hash(passwords, row.client_secret, old.secret_hash if old else ""),
        callbacks=row.callbacks,
        grant_types=row.grant_types,
        token_endpoint_auth_method=row.token_endpoint_auth_method,
        metadata=row.metadata,
    )
    if client != old:
        await store.clients.put(client)


async def _sow_api(store: IssuerStore, row: ResourceServerSettings) -> None:
    old = await store.resource_servers.find(identifier=row.identifier)
    described = old.scopes if old else {}
    api = ResourceServer(
        id=old.id if old else secrets.token_hex(12),
        identifier=row.identifier,
        name=row.name or row.identifier,
        scopes={scope: described.get(scope, "") for scope in row.scopes},
        token_lifetime=row.token_lifetime,
        allow_offline_access=row.allow_offline_access,
    )
    if api != old:
        await store.resource_servers.put(api)


async def _sow_grant(store: IssuerStore, row: ClientGrantSettings, path: str) -> None:
    if await store.clients.get(row.client_id) is None:
        raise SettingsError(f"'{path}.client_id': there is no client '{row.client_id}'.")
    api = await store.resource_servers.find(identifier=row.audience)
    if api is None:
        raise SettingsError(f"'{path}.audience': there is no API '{row.audience}'.")
    unknown = [scope for scope in row.scope if scope not in api.scopes]
    if unknown:
        raise SettingsError(f"'{path}.scope': the API '{row.audience}' has no scope '{unknown[0]}'.")
    old = await store.client_grants.find(client_id=row.client_id, audience=row.audience)
    grant_id = old.id if old else new_grant_id()
    grant = ClientGrant(id=grant_id, client_id=row.client_id, audience=row.audience, scope=row.scope)
    if grant != old:
        await store.client_grants.put(grant)


async def _sow_user(store: IssuerStore, passwords: Passwords, row: UserSettings, now: float) -> None:
    old = await _user_of(store, row)
    # "What the user types; an e-mail address or a name": an address is no username.
    username, email = ("", row.email or row.username) if "@" in row.username else (row.username, row.email)
    user = replace(
        old or User(user_id=row.user_id or new_user_id(), password_hash="", created_at=now, updated_at=now),
        username=username,
        email=email,
        name=row.name,
        permissions=row.permissions,
        password_hash=await _hash(passwords, row.password, old.password_hash if old else ""),
        user_metadata=row.user_metadata,
        app_metadata=row.app_metadata,
    )
    if user != old:
        await store.users.put(replace(user, updated_at=now))


async def _user_of(store: IssuerStore, row: UserSettings) -> User | None:
    if row.user_id:
        return await store.users.get(row.user_id)
    key = login_key(row.username)
    return await store.users.find(username=key) or await store.users.find(email=key)


async def _hash(passwords: Passwords, secret: str, old: str) -> str:
    """The old hash when it is of this secret, else a new one; "" for no secret."""
    if not secret:
        return ""
    return old if old and await passwords.verify(secret, old) else await passwords.hash(secret)


def _check(settings: IssuerSettings, url: str) -> None:
    """The rules that a row can be held to by itself."""
    _check_unique("issuer.clients", "client_id", [row.client_id for row in settings.clients])
    _check_unique("issuer.resource_servers", "identifier", [row.identifier for row in settings.resource_servers])
    _check_unique("issuer.users", "username", [login_key(row.username) or "" for row in settings.users])
    for index, client in enumerate(settings.clients):
        _check_client(f"issuer.clients[{index}]", client)
    reserved = (management_audience(url), settings.runtime_audience)
    for index, api in enumerate(settings.resource_servers):
        _check_api(f"issuer.resource_servers[{index}]", api, reserved)
    for index, user in enumerate(settings.users):
        _check_user(f"issuer.users[{index}]", user)


def _check_unique(path: str, name: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if not value:
            raise SettingsError(f"'{path}[{index}].{name}' is missing.")
        if value in seen:
            raise SettingsError(f"'{path}[{index}].{name}' is '{value}' a second time.")
        seen.add(value)


def _check_client(path: str, row: ClientSettings) -> None:
    for grant_type in row.grant_types:
        if grant_type not in GRANT_TYPES:
            raise SettingsError(f"'{path}.grant_types' must be of {', '.join(GRANT_TYPES)}, not '{grant_type}'.")
    for callback in row.callbacks:
        fault = callback_fault(callback)
        if fault:
            raise SettingsError(f"'{path}.callbacks': '{callback[:200]}' is no redirection URI: {fault}.")
    if row.token_endpoint_auth_method not in AUTH_METHODS:
        raise SettingsError(f"'{path}.token_endpoint_auth_method' must be one of {', '.join(AUTH_METHODS)}.")
    is_public = row.token_endpoint_auth_method == "none"  # noqa: S105 - the name of a method
    if is_public and row.client_secret:
        raise SettingsError(f"'{path}.client_secret' must be empty: the token_endpoint_auth_method is none.")
    if not is_public and not row.client_secret:
        raise SettingsError(
            f"'{path}.client_secret' is missing: only a client with token_endpoint_auth_method none has none."
        )


def _check_api(path: str, row: ResourceServerSettings, reserved: tuple[str, ...]) -> None:
    if row.identifier in reserved:
        raise SettingsError(f"'{path}.identifier': '{row.identifier}' is hookd's own API.")
    for scope in row.scopes:
        if not is_scope(scope):
            raise SettingsError(f"'{path}.scopes': '{scope}' is not a scope (RFC 6749 section 3.3).")


def _check_user(path: str, row: UserSettings) -> None:
    for scope in row.permissions:
        if scope not in MANAGEMENT_SCOPES:
            raise SettingsError(f"'{path}.permissions': hookd's own API has no scope '{scope[:200]}'.")
    if not row.password:
        raise SettingsError(f"'{path}.password' is missing.")
    if "@" in row.username and row.email and login_key(row.email) != login_key(row.username):
        raise SettingsError(f"'{path}.username' is an e-mail address, but another one than '{path}.email'.")
