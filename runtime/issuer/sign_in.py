"""Who a user is: a name (or an e-mail address) and a password, for the password grant and for the login page alike."""

from __future__ import annotations

from runtime.http.audit import refuse_login
from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import AccessDenied, InvalidGrant, OAuthError
from runtime.issuer.records import User, login_key


async def sign_in(issuer: Issuer, name: str, given: str, ip: str, request_id: str) -> User:
    """The user of this name (or e-mail address) and password. Who is nobody takes as long to find out as who is.

    `InvalidGrant` when one of them is wrong, `AccessDenied` when the user is blocked, `TooManyAttempts` when this address
    was wrong about this user too often, whatever it says now: each has a line in the audit log.
    """
    key = login_key(name)
    users = issuer.store.users
    # Both, whoever it is: a question to the store takes time too.
    by_name, by_email = await users.find(username=key), await users.find(email=key)
    user = by_name or by_email
    try:
        return await _proved(issuer, user, key, given, ip)
    except OAuthError as error:
        refuse_login(user.user_id if user is not None else "", ip, error, request_id)
        raise


async def _proved(issuer: Issuer, user: User | None, key: str | None, given: str, ip: str) -> User:
    counted = user.user_id if user is not None else key or ""
    async with issuer.user_attempts.attempt(counted, ip):
        matches = await issuer.passwords.verify(given, user.password_hash if user is not None else None, ip)
        await issuer.user_attempts.count(counted, ip, failed=not matches)
    if not matches or user is None:
        raise InvalidGrant("Wrong email or password.")
    if user.blocked:
        raise AccessDenied("user is blocked")
    return user
