"""Several hooks in a row."""

from __future__ import annotations

from runtime import chain, triggers
from runtime.model import Allow, DroppedClaim
from runtime.triggers import EventRequest, TokenRequest, parse

USER = {"id": "u"}
BODY = {"client": {"id": "c"}, "scope": ["a"], "audience": "x", "context": {"ip": "1"}}


def test_the_next_hook_is_asked_with_what_was_left():
    """Scopes in `scope`, claims where Rules had them; the rest of the context stays; no ID token where there is none."""
    request = parse(triggers.get("credentials-exchange"), BODY)

    following = chain.following(request, Allow(scope=("b", "c"), claims={"https://a/b": 1}))

    assert isinstance(request, TokenRequest)
    assert isinstance(following, TokenRequest)
    assert following.scope == ("b", "c")
    assert following.context == {
        "ip": "1",
        "accessToken": {"scope": ("b", "c"), "https://a/b": 1},
        "transaction": {"requested_scopes": ("a",)},
    }
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


SIGN_UP = {
    "user": {"email": "e", "app_metadata": {"a": 0, "z": 0}, "user_metadata": "none"},
    "context": {"connection": {}},
}


def test_the_next_hook_sees_a_new_user_as_the_last_one_left_them():
    """The metadata beside, or in place of, their own; what is no object gives way; the request stays as it was."""
    request = parse(triggers.get("pre-user-registration"), SIGN_UP)
    left = Allow(data={"user": {"app_metadata": {"a": 1}, "user_metadata": {"b": 2}}})

    following = chain.following(request, left)

    assert isinstance(following, EventRequest)
    assert following.user == {"email": "e", "app_metadata": {"a": 1, "z": 0}, "user_metadata": {"b": 2}}
    assert request == parse(triggers.get("pre-user-registration"), SIGN_UP)


def test_a_new_user_gets_the_metadata_of_all():
    """A later hook's member takes an earlier one's place."""
    first = Allow(data={"user": {"app_metadata": {"a": 1, "b": 1}}})
    latest = Allow(data={"user": {"app_metadata": {"b": 2}, "user_metadata": {"c": 3}}})
    expected = {"app_metadata": {"a": 1, "b": 2}, "user_metadata": {"c": 3}}

    assert chain.joined(first, latest) == Allow(data={"user": expected})
    assert chain.joined(Allow(), Allow()) == Allow()


def test_where_nothing_is_answered_the_next_hook_is_asked_the_same():
    """After the fact, and about a message."""
    trigger = triggers.get("send-phone-message")
    request = parse(trigger, triggers.sample(trigger.id))

    assert chain.following(request, Allow()) == request
