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
