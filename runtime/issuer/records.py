"""What the token server keeps: clients, APIs, client grants, users, what users gave to clients, signing keys. Pure, frozen.

Each record knows the `columns` that it is found by; everything else of it is one JSON document in the store. Secrets and
passwords are here as hashes only. Times are seconds since the epoch.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

PASSWORD_REALM: Final = "http://auth0.com/oauth/grant-type/password-realm"  # noqa: S105 - the name of a grant
"""Auth0's password grant with a `realm`."""

GRANT_TYPES: Final = ("authorization_code", "client_credentials", "password", PASSWORD_REALM, "refresh_token")
AUTH_METHODS: Final = ("client_secret_post", "client_secret_basic", "none")

CONNECTION: Final = "Username-Password-Authentication"
"""The one directory of users, by Auth0's name for its first."""

_ALPHANUMERIC: Final = string.ascii_letters + string.digits

Jwk: TypeAlias = str | list[str]
"""A member of a JSON Web Key: a string, or the array `x5c`."""

Columns: TypeAlias = Mapping[str, str | float | None]


class Record(Protocol):
    """Something that the store keeps as a document."""

    @property
    def columns(self) -> Columns:
        """Column name to value: what the record is found by. None stands for "has none" and is never found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An OAuth client (RFC 6749 section 2). A public one has the method `none` and no secret.

    `callbacks` are its redirection URIs, in Auth0's word.
    """

    client_id: str
    name: str
    secret_hash: str = field(default="", repr=False)
    description: str = ""
    app_type: str = ""
    callbacks: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    token_endpoint_auth_method: str = "client_secret_post"  # noqa: S105 - the name of a method
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> Columns:
        """Found by its id."""
        return {"client_id": self.client_id}

    @property
    def is_public(self) -> bool:
        """Whether it has no means to prove who it is (RFC 6749 section 2.1)."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105 - the name of a method

    def may_use(self, *grant_types: str) -> bool:
        """Whether one of these grants is among its own."""
        return any(grant in self.grant_types for grant in grant_types)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceServer:
    """An API that tokens are asked for. `scopes` is value to description; `token_lifetime` is in seconds."""

    id: str
    identifier: str
    name: str
    scopes: Mapping[str, str] = field(default_factory=dict)
    token_lifetime: int = 86_400
    allow_offline_access: bool = False
    is_system: bool = False

    @property
    def columns(self) -> Columns:
        """Found by its id and by its identifier."""
        return {"id": self.id, "identifier": self.identifier}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientGrant:
    """A client may ask for these scopes of an API by client credentials; of the built-in API, for a user too."""

    id: str
    client_id: str
    audience: str
    scope: tuple[str, ...] = ()

    @property
    def columns(self) -> Columns:
        """Found by its id, its client and its API."""
        return {"id": self.id, "client_id": self.client_id, "audience": self.audience}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who signs in with a name (or an e-mail address) and a password.

    `permissions` are scopes of the built-in API: what of hookd the user may manage.
    """

    user_id: str
    password_hash: str = field(repr=False)
    username: str = ""
    email: str = ""
    email_verified: bool = False
    name: str = ""
    blocked: bool = False
    permissions: tuple[str, ...] = ()
    user_metadata: Mapping[str, object] = field(default_factory=dict)
    app_metadata: Mapping[str, object] = field(default_factory=dict)
    created_at: float
    updated_at: float

    @property
    def columns(self) -> Columns:
        """Found by id, username and e-mail address; the last two without regard to case."""
        return {"user_id": self.user_id, "username": login_key(self.username), "email": login_key(self.email)}

    @property
    def display_name(self) -> str:
        """What to call the user: the name, or else what they sign in with."""
        return self.name or self.username or self.email


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """What a refresh token stands for (RFC 6749 section 1.5): one grant by one user to one client.

    `token_hash` is SHA-256 of the token in hex. All tokens that came from one sign-in are one `family`; `claims` and
    `id_token_claims` are what the hook had set then; `api_scope` is what of `scope` was the API's own then; `gty` is the
    grant that the family began with.
    """

    token_hash: str
    family: str
    client_id: str
    user_id: str
    audience: str
    scope: tuple[str, ...]
    claims: Mapping[str, object]
    id_token_claims: Mapping[str, object]
    auth_time: float
    expires_at: float
    api_scope: tuple[str, ...] = ()
    gty: str = "password"
    is_used: bool = False

    @property
    def columns(self) -> Columns:
        """Found by its hash, and by what ends it. `is_used` changes without the document."""
        names = ("token_hash", "family", "client_id", "user_id", "audience", "expires_at", "is_used")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """What an authorization code stands for (RFC 6749 section 1.3.1): a user logged in for one client, once.

    `code_hash` is SHA-256 of the code in hex, `scope` what was asked for, `challenge` the S256 one of RFC 7636. The refresh
    tokens that come of the code are of its `family`.
    """

    code_hash: str
    family: str
    client_id: str
    user_id: str
    audience: str
    redirect_uri: str
    scope: tuple[str, ...]
    challenge: str
    nonce: str = ""
    auth_time: float
    expires_at: float
    is_used: bool = False

    @property
    def columns(self) -> Columns:
        """Found by its hash, and by what ends it. `is_used` changes without the document."""
        names = ("code_hash", "client_id", "user_id", "audience", "expires_at", "is_used")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An RSA key pair. It is `next`, then `current`, then `previous`; a previous one has lost its private half.

    `kid` is the RFC 7638 thumbprint of `jwk`, the public half. `private_pem` is the private one as it is kept: sealed (`sealing`),
    or a PEM where there is no master key. A previous key leaves the JWKS at `gone_at`.
    """

    kid: str
    state: str
    jwk: Mapping[str, Jwk]
    private_pem: str = field(default="", repr=False)
    since: float
    gone_at: float | None = None

    @property
    def columns(self) -> Columns:
        """Found by its id and by its state."""
        return {"kid": self.kid, "state": self.state, "gone_at": self.gone_at}


def login_key(text: str) -> str | None:
    """A username or e-mail address as it is compared: without case; None for an empty one."""
    return text.strip().casefold() or None


def new_token() -> str:
    """A refresh token, or an authorization code: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_family() -> str:
    """What names the tokens that come of one sign-in."""
    return secrets.token_hex(16)


def new_form_key() -> bytes:
    """What login forms are authenticated by: 256 random bits."""
    return secrets.token_bytes(32)


def hash_token(token: str) -> str:
    """SHA-256 in hex: enough for a token of 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_client_id() -> str:
    """32 letters and digits, as Auth0's look."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(32))


def new_client_secret() -> str:
    """384 random bits."""
    return secrets.token_urlsafe(48)


def new_grant_id() -> str:
    """Auth0's form: `cgr_` and 16 letters and digits."""
    return "cgr_" + "".join(secrets.choice(_ALPHANUMERIC) for _ in range(16))


def new_user_id() -> str:
    """Auth0's form: the provider, a bar, and 24 hexadecimal digits."""
    return "auth0|" + secrets.token_hex(12)
