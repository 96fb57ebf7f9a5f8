"""The nouns of the token server."""

from __future__ import annotations

import re

import pytest

from runtime.issuer.records import (
    Client,
    SigningKey,
    User,
    hash_token,
    login_key,
    new_client_id,
    new_client_secret,
    new_grant_id,
    new_user_id,
)


@pytest.mark.parametrize(
    "text, key", [("Ada", "ada"), (" ada ", "ada"), ("STRASSE", "strasse"), ("", None), (" ", None)]
)
def test_logins_have_no_case(text, key):
    """And an empty one is found by nobody."""
    assert login_key(text) == key


def test_new_ids_look_as_auth0s():
    """Nobody's parser is surprised."""
    assert re.fullmatch(r"[A-Za-z0-9]{32}", new_client_id())
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", new_client_secret())
    assert re.fullmatch(r"cgr_[A-Za-z0-9]{16}", new_grant_id())
    assert re.fullmatch(r"auth0\|[0-9a-f]{24}", new_user_id())


def test_hashes_and_keys_are_not_in_a_repr():
    """A record in a log line tells nothing."""
    client = Client(client_id="a", name="b", secret_hash="hush")
    user = User(user_id="a", password_hash="hush", created_at=0, updated_at=0)
    key = SigningKey(kid="a", state="next", jwk={}, private_pem="hush", since=0)

    assert "hush" not in f"{client!r} {user!r} {key!r}"


def test_a_token_is_hashed_by_sha256():
    """FIPS 180-2's example."""
    assert hash_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
