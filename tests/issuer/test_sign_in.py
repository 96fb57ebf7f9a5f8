"""Who a user is. What the password grant makes of it is in grants/test_password.py, what the login page in test_authorization.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runtime.http import audit
from runtime.http.audit import Refusals
from runtime.issuer.oauth_errors import AccessDenied, InvalidGrant, OAuthError, TooManyAttempts
from runtime.issuer.sign_in import sign_in
from runtime.issuer.store import MOST_FAILURES

PASSWORD = "correct horse battery staple"


async def test_a_user_has_two_names_and_one_password(tokens):
    """Neither name has case; nobody has an empty one."""
    by_name = await sign_in(tokens.issuer, "ADA", PASSWORD, "192.0.2.1", "r1")

    assert await sign_in(tokens.issuer, "ada@example.com", PASSWORD, "192.0.2.1", "r1") == by_name
    for name, password in (("ada", "wrong"), ("", PASSWORD), ("ada", ""), ("nobody", PASSWORD)):
        with pytest.raises(InvalidGrant):
            await sign_in(tokens.issuer, name, password, "192.0.2.1", "r1")


async def test_who_is_nobody_is_looked_for_as_long_as_who_is(tokens, monkeypatch):
    """By name, by e-mail address or not at all: as many questions to the store, and one hash."""
    users, passwords = tokens.issuer.store.users, tokens.issuer.passwords
    find, verify = users.find, passwords.verify
    steps: list[str] = []

    async def found(**where: str | None) -> object:
        steps.append(f"find {' '.join(where)}")
        return await find(**where)

    async def verified(*given: Any) -> object:
        steps.append("verify")
        return await verify(*given)

    monkeypatch.setattr(users, "find", found)
    monkeypatch.setattr(passwords, "verify", verified)
    for name in ("ada", "ada@example.com", "nobody", "nobody@example.com"):
        steps.clear()
        with pytest.raises(InvalidGrant):
            await sign_in(tokens.issuer, name, "wrong", "192.0.2.1", "r1")
        assert steps == ["find username", "find email", "verify"]


async def test_who_is_not_let_in_has_a_line_in_the_audit_log(tokens, caplog, monkeypatch):
    """Whom it was about, where somebody has the name: what was typed there may be a password. And from where, and why."""
    caplog.set_level("INFO", "hookd.audit")
    monkeypatch.setattr(audit, "_REFUSALS", Refusals())  # other tests' refusals are counted, too
    user = await sign_in(tokens.issuer, "ada", PASSWORD, "192.0.2.1", "r0")
    assert not caplog.records

    async def refused(name: str, password: str, error: type[OAuthError]) -> object:
        caplog.clear()
        with pytest.raises(error):
            await sign_in(tokens.issuer, name, password, "192.0.2.2", "r1")
        (line,) = caplog.records
        assert line.getMessage() == "refused"
        return line.fields

    about = {"action": "login", "peer": "192.0.2.2", "request_id": "r1"}
    wrong = {**about, "status": 400, "error": "invalid_grant"}
    assert await refused("ada", "wrong", InvalidGrant) == {**wrong, "subject": user.user_id}
    assert await refused("a-password-in-the-wrong-field", "", InvalidGrant) == wrong
    for _ in range(MOST_FAILURES - 1):
        await refused("ada", "wrong", InvalidGrant)
    many = {**about, "status": 429, "error": "too_many_attempts"}
    assert await refused("ada", PASSWORD, TooManyAttempts) == {**many, "subject": user.user_id}
    await tokens.issuer.store.users.change(user.user_id, lambda found: replace(found, blocked=True))
    with pytest.raises(AccessDenied):
        await sign_in(tokens.issuer, "ada", PASSWORD, "192.0.2.3", "r2")
    assert caplog.records[-1].fields["error"] == "access_denied"
