from __future__ import annotations

import time

import jwt
import pytest

from runtime.cli.bearer import BearerClaims, duration, read_claims


def test_what_a_token_says_is_read():
    """Without its key."""
    token = jwt.encode({"ten": "acme", "scope": "a b", "exp": time.time() + 7300}, "k" * 32)
    claims = read_claims(token)

    assert (claims.tenant, claims.scopes, claims.lasts, claims.expired) == ("acme", ("a", "b"), "2 hours", "")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.W10.c", "a.bnVsbA.c", "a.eyJleHAiOiJ4In0.c"])
def test_what_is_no_jwt_says_nothing(token):
    """Servers may take other tokens: that is theirs to say."""
    assert read_claims(token) == BearerClaims()


def test_an_old_token_says_since_when():
    """In words."""
    claims = BearerClaims(expires_at=time.time() - 3 * 86_400 - 1)

    assert (claims.expired, claims.lasts) == ("3 days ago", "")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 seconds"), (1, "1 second"), (119, "1 minute"), (7200, "2 hours"), (90_000, "1 day")],
)
def test_durations_are_one_number(seconds, words):
    """The largest unit is all that anybody reads."""
    assert duration(seconds) == words
