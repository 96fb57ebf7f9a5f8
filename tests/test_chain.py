"""Several hooks in a row."""

from __future__ import annotations

from runtime import chain, triggers
from runtime.model import Allow, DroppedClaim
from runtime.triggers import parse

USER = {"id": "u"}
BODY = {"client": {"id": "c"}, "scope": ["a"], "audience": "x", "context": {"ip": "1"}}


def test_the_next_hook_is_asked_with_what_was_left():
    """Scopes in `scope`, claims where Rules had them; the rest of the context stays; no ID token where there is none."""
    request = parse(triggers.get("credentials-exchange"), BODY)

    following = chain.following(request, Allow(scope=("b", "c"), claims={"https://a/b": 1}))

    assert following.scope == ("b", "c")
    assert following.context == {"ip": "1", "accessToken": {"scope": ("b", "c"), "https://a/b": 1}}
    assert (request.scope, request.context) == (("a",), {"ip": "1"})


def test_at_password_exchange_there_is_an_id_token():
    """Its claims are apart."""
    request = parse(triggers.get("password-exchange"), {**BODY, "user": USER})

    following = chain.following(request, Allow(scope=(), id_token_claims={"https://a/id": True}))

    assert following.context["idToken"] == {"https://a/id": True}


def test_of_all_the_latest_scope_and_every_claim_counts():
    """A later claim takes an earlier one's place; everything dropped is reported."""
    first = Allow(
        scope=("a",),
        claims={"https://a/1": 1, "https://a/2": 1},
        id_token_claims={"https://a/3": 1},
        dropped=(DroppedClaim(name="sub", token="access_token", reason="protected"),),
    )
    latest = Allow(
        scope=("b",),
        claims={"https://a/2": 2},
        dropped=(DroppedClaim(name="iss", token="access_token", reason="protected"),),
    )

    assert chain.joined(first, latest) == Allow(
        scope=("b",),
        claims={"https://a/1": 1, "https://a/2": 2},
        id_token_claims={"https://a/3": 1},
        dropped=first.dropped + latest.dropped,
    )
