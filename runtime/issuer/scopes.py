"""Which scopes a token request gets before the hook has its say. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable

from runtime.grammar import is_scope, json_type
from runtime.issuer.oauth_errors import AccessDenied, InvalidScope
from runtime.issuer.records import ClientGrant, RefreshToken, ResourceServer

OPENID_SCOPES = ("openid", "profile", "email", "address", "phone")
"""Scopes of OpenID Connect Core section 5.4; every API has them beside its own."""

OFFLINE_ACCESS = "offline_access"
"""Asks for a refresh token (OpenID Connect Core section 11)."""


def parse_scope(value: object) -> tuple[str, ...]:
    """The scopes asked for: a string with spaces between them, or (JSON bodies only) an array. Each once, in order."""
    if isinstance(value, str):
        # Only spaces may stand between scopes; split() would take tabs and newlines as well.
        items: list[object] = [item for item in value.split(" ") if item]
    elif isinstance(value, list):
        items = value
    else:
        raise InvalidScope(f"Scope must be an array or a string, not {json_type(value)}.")
    return tuple(dict.fromkeys(map(_scope, items)))


def scopes_of_client(api: ResourceServer, grant: ClientGrant, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes for client credentials: those asked for, or else all that the client grant has.

    Asking for more is refused in Auth0's words. A scope that the API no longer knows is granted no longer.
    """
    granted = _only(grant.scope, api.scopes)
    missing = [scope for scope in asked if scope not in granted]
    if missing:
        raise AccessDenied(f"Client has not been granted scopes: {', '.join(missing)}")
    return asked or granted


def scopes_of_user(api: ResourceServer, asked: tuple[str, ...], *, may_refresh: bool) -> tuple[str, ...]:
    """The scopes for the password grant (contract-full section 4).

    None of the API's asked for: all of them. Only `openid`: all of OpenID Connect's too. `offline_access` is there
    only when it was asked for and can be had.
    """
    wanted = (*OPENID_SCOPES, *api.scopes) if asked == ("openid",) else asked
    if not any(scope in api.scopes for scope in wanted) and not _unknown(api, wanted):
        wanted = (*wanted, *api.scopes)
    known = {*OPENID_SCOPES, *api.scopes} - {OFFLINE_ACCESS}
    return _only(wanted, known | {OFFLINE_ACCESS} if may_refresh else known)


def scopes_of_code(api: ResourceServer, asked: tuple[str, ...], *, may_refresh: bool) -> tuple[str, ...]:
    """The scopes for the code flow: those asked for, as far as the API or OpenID Connect knows them; no others."""
    known = {*OPENID_SCOPES, *api.scopes} - {OFFLINE_ACCESS}
    return _only(asked, known | {OFFLINE_ACCESS} if may_refresh else known)


def scopes_of_manager(
    api: ResourceServer, grant: ClientGrant, permissions: tuple[str, ...], asked: tuple[str, ...]
) -> tuple[str, ...]:
    """The scopes of the built-in API for a user: asked for, granted to the client, and among the user's permissions.

    `AccessDenied` for a user who may do nothing there.
    """
    permitted = [scope for scope in permissions if scope in grant.scope and scope in api.scopes]
    if not permitted:
        raise AccessDenied("The user has no permission for this API.")
    return _only(asked, {*OPENID_SCOPES, *permitted})


def scopes_of_refresh(api: ResourceServer, given: RefreshToken, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes for a refresh: what was granted, or fewer; more is an error (RFC 6749 section 6).

    What was the API's own at the sign-in and is not any more is left out; what the hook had added beside it stays.
    """
    for scope in asked:
        if scope not in given.scope:
            raise InvalidScope(f"The scope '{scope}' was not granted with this refresh token.")
    kept = tuple(scope for scope in given.scope if scope in api.scopes or scope not in given.api_scope)
    return _only(kept, asked) if asked else kept


def scopes_of_hook(api: ResourceServer, granted: tuple[str, ...], answered: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes of the token: the hook's, exactly (contract 0).

    Of our own management API's scopes it can only take away: else who may write hooks could give themselves the rest.
    """
    if not api.is_system:
        return answered
    return tuple(scope for scope in answered if scope in granted or scope not in api.scopes)


def _unknown(api: ResourceServer, asked: Iterable[str]) -> bool:
    return any(scope not in OPENID_SCOPES and scope != OFFLINE_ACCESS and scope not in api.scopes for scope in asked)


def _only(scopes: Iterable[str], wanted: Container[str]) -> tuple[str, ...]:
    return tuple(scope for scope in scopes if scope in wanted)


def _scope(item: object) -> str:
    if isinstance(item, str) and is_scope(item):
        return item
    raise InvalidScope("Scope has a name that RFC 6749 section 3.3 does not allow.")
