"""Who a user is. What the password grant makes of it is in grants/test_password.py, what the login page in test_authorization.py."""

from __future__ import annotations

import pytest

from runtime.issuer.oauth_errors import InvalidGrant
from runtime.issuer.sign_in import sign_in

PASSWORD = "correct horse battery staple"


async def test_a_user_has_two_names_and_one_password(tokens):
    """Neither name has case; nobody has an empty one."""
    by_name = await sign_in(tokens.issuer, "ADA", PASSWORD, "192.0.2.1")

    assert await sign_in(tokens.issuer, "ada@example.com", PASSWORD, "192.0.2.1") == by_name
    for name, password in (("ada", "wrong"), ("", PASSWORD), ("ada", ""), ("nobody", PASSWORD)):
        with pytest.raises(InvalidGrant):
            await sign_in(tokens.issuer, name, password, "192.0.2.1")


async def test_who_is_nobody_is_looked_for_as_long_as_who_is(tokens, monkeypatch):
    """By name, by e-mail address or not at all: as many questions to the store, and one hash."""
    users, passwords = tokens.issuer.store.users, tokens.issuer.passwords
    find, verify = users.find, passwords.verify
    steps: list[str] = []

    async def found(**where: str | None) -> object:
        steps.append(f"find {' '.join(where)}")
        return await find(**where)

    async def verified(password: str, hashed: str | None) -> object:
        steps.append("verify")
        return await verify(password, hashed)

    monkeypatch.setattr(users, "find", found)
    monkeypatch.setattr(passwords, "verify", verified)
    for name in ("ada", "ada@example.com", "nobody", "nobody@example.com"):
        steps.clear()
        with pytest.raises(InvalidGrant):
            await sign_in(tokens.issuer, name, "wrong", "192.0.2.1")
        assert steps == ["find username", "find email", "verify"]
