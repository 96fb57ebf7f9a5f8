"""The settings of the reference token server: `[issuer]` and its rows. Pure; a part of the table in `settings.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runtime.configuration import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """`[[issuer.clients]]`: an OAuth client of the reference token server."""

    client_id: str = setting("", "The client's id.")
    client_secret: str = setting("", "Its secret; kept as a hash.", secret=True)
    name: str = setting("", "Shown to hooks as `client.name`.")
    grant_types: tuple[str, ...] = setting(
        ("client_credentials",),
        "Grants it may use: authorization_code, client_credentials, password, refresh_token.",
    )
    callbacks: tuple[str, ...] = setting(
        (), "Where users are sent back to with a code, exactly: https, http on a loopback address, or an app's scheme."
    )
    token_endpoint_auth_method: str = setting(
        "client_secret_post",
        "How it authenticates; the first two take each other.",
        choices=("client_secret_post", "client_secret_basic", "none"),
    )
    metadata: dict[str, str] = setting(dict, "Shown to hooks as `client.metadata`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceServerSettings:
    """`[[issuer.resource_servers]]`: an API that tokens are asked for."""

    identifier: str = setting("", "The audience.")
    name: str = setting("", "Its name.")
    scopes: tuple[str, ...] = setting((), "The scopes it knows.")
    token_lifetime: int = setting(86_400, "Lifetime of its access tokens, in seconds.", least=1, most=2_592_000)
    allow_offline_access: bool = setting(False, "Whether `offline_access` gives a refresh token.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientGrantSettings:
    """`[[issuer.client_grants]]`: which client may ask for which API's scopes by client credentials.

    For hookd's own API also: which of its scopes the client may have for users who have them among their permissions.
    """

    client_id: str = setting("", "The client.")
    audience: str = setting("", "The API's identifier.")
    scope: tuple[str, ...] = setting((), "The scopes it may have.")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings:
    """`[[issuer.users]]`: a user, for the login page and the password grant."""

    username: str = setting("", "What the user types; an e-mail address or a name.")
    password: str = setting("", "The password; kept as a hash.", secret=True)
    user_id: str = setting("", "The token's `sub`; made when empty.")
    email: str = setting("", "Shown to hooks as `user.email`.")
    name: str = setting("", "Shown to hooks as `user.displayName`.")
    permissions: tuple[str, ...] = setting((), "Scopes of hookd's own API that the user may have, by the login page.")
    user_metadata: dict[str, Any] = setting(dict, "Shown to hooks as `user.user_metadata`.")
    app_metadata: dict[str, Any] = setting(dict, "Shown to hooks as `user.app_metadata`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """`[issuer]`: the reference token server (`hookd issuer`), an ordinary HTTP client of the runtime."""

    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8081, "Port to listen on; 0 takes a free one.", least=0, most=65535)
    url: str = setting("", "Its own address as clients see it; `iss` is this with a slash. Empty: http://host:port.")
    tenant: str = setting("demo", "The tenant it issues for.")
    database: str = setting(
        ".hookd/issuer.db",
        "Clients, APIs, grants, users, refresh tokens and keys: a SQLite file, or a Redis as in [storage] url, which several share.",
    )
    database_password: str = setting("", "Of the Redis, so that it need not stand in the URL.", secret=True)
    database_password_file: str = setting("", "Read the Redis's password from this file instead.")
    database_sentinel_password: str = setting("", "Of the sentinels, where they want one.", secret=True)
    database_ca_file: str = setting(
        "", "A PEM file with the certificate authorities of a Redis with TLS. Empty: the system's."
    )
    database_certificate_file: str = setting(
        "", "A PEM file with certificate and key, where a Redis with TLS wants them."
    )
    database_prefix: str = setting(
        "hookd-issuer", "What all keys in a Redis begin with; another one than the [storage] prefix."
    )
    database_connections: int = setting(
        16, "Connections to a Redis for each process; more calls wait.", least=1, most=1_000
    )
    database_timeout_ms: int = setting(
        2_000,
        "Longest wait for a Redis's answer, in milliseconds; with all tries twice as long.",
        least=50,
        most=60_000,
    )
    runtime_url: str = setting("http://127.0.0.1:8080", "Where the runtime's execution API is.")
    runtime_token: str = setting(
        "", "Bearer token with scope execute:hooks. Empty: the issuer signs its own.", secret=True
    )
    runtime_audience: str = setting(
        "urn:hookd", "Audience of the tokens that it signs for the runtime and its own management."
    )
    runtime_timeout: float = setting(25.0, "How long it waits for the runtime, in seconds.")
    refresh_token_lifetime: int = setting(
        2_592_000, "Lifetime of refresh tokens, in seconds.", least=1, most=31_557_600
    )
    clients: tuple[ClientSettings, ...] = setting((), "OAuth clients.")
    resource_servers: tuple[ResourceServerSettings, ...] = setting((), "APIs.")
    client_grants: tuple[ClientGrantSettings, ...] = setting((), "Which client may call which API.")
    users: tuple[UserSettings, ...] = setting((), "Users.")
