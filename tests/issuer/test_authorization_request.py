"""What an authorization request may be."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from runtime.issuer.authorization_request import asked_of

API, CALLBACK = "https://api.example.com/", "https://app.example.com/cb"
UNREGISTERED = [
    f"{CALLBACK}/",
    f"{CALLBACK}/evil",
    f"{CALLBACK}.evil.example",
    f"{CALLBACK}?",
    f"{CALLBACK}?next=https://evil.example",
    f"{CALLBACK}#",
    f"{CALLBACK}#fragment",
    f"{CALLBACK}/../evil",
    f"{CALLBACK}%2F..%2Fevil",
    f"{CALLBACK} ",
    f" {CALLBACK}",
    f"{CALLBACK}\0",
    f"{CALLBACK}\r\nSet-Cookie: a=b",
    "https://app.example.com/c%62",
    "https://app.example.com/CB",
    "HTTPS://app.example.com/cb",
    "https://APP.example.com/cb",
    "https://app.example.com./cb",
    "https://app.example.com:443/cb",
    "https://app.example.com:8443/cb",
    "https://app.example.com@evil.example/cb",
    "https://user@app.example.com/cb",
    "https://app.example.com\\@evil.example/cb",
    "https://app.example.com.evil.example/cb",
    "https://evil.example/cb",
    "https://evil.example/https://app.example.com/cb",
    "http://app.example.com/cb",
    "//app.example.com/cb",
    "/cb",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "com.example.app:/cb",
    "https://app.example.com/cb?tenant=2",
    "https://app.example.com/cb?tenant=1&x",
]


def test_what_is_empty_is_absent_and_what_is_there_twice_is_neither():
    """RFC 6749 section 3.1."""
    asked = asked_of([("a", "1"), ("b", ""), ("c", "2"), ("c", "2"), ("d", ""), ("d", "3")])

    assert asked.values == {"a": "1", "d": "3"}
    assert asked.repeated == {"c"}


async def test_only_a_registered_redirect_uri_is_ever_redirected_to(tokens):
    """Compared as it stands; the page says so, and shows nothing of what was sent."""
    for uri in UNREGISTERED:
        page = await tokens.authorize(redirect_uri=uri)

        assert (page.status, "Location" in page.headers) == (400, False), uri
        assert "not among the callbacks" in page.text
        assert "evil" not in page.text


async def test_who_asks_must_be_known_before_anything_is_redirected(tokens):
    """Neither an unknown client, nor none, nor one named twice."""
    twice = [("redirect_uri", CALLBACK), ("client_id", "web"), ("client_id", "other-web")]
    nobody: tuple[dict[str, str | None], ...] = (
        {"client_id": None},
        {"client_id": "nobody"},
        {"redirect_uri": None},
        {"client_id": ""},
    )
    for fields in nobody:
        assert (await tokens.authorize(**fields)).status == 400
    for pairs in (twice, [*twice[:2], ("redirect_uri", CALLBACK)]):
        page = await tokens.browse("GET", f"/authorize?{urlencode(pairs)}")
        assert (page.status, "Location" in page.headers) == (400, False)
        assert "more than once" in page.text


REFUSED: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": "none"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"response_mode": "form_post"}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge": "A" * 44}, "invalid_request"),
    ({"code_challenge": "A" * 42 + "="}, "invalid_request"),
    ({"code_challenge": "A" * 42 + "+"}, "invalid_request"),
    ({"code_challenge": "A" * 43 + "\n"}, "invalid_request"),
    ({"audience": None}, "invalid_request"),
    ({"audience": "urn:nobody"}, "access_denied"),
    ({"scope": "open\nid"}, "invalid_scope"),
    ({"scope": 'a"b'}, "invalid_scope"),
    ({"prompt": "none"}, "login_required"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "create"}, "invalid_request"),
    ({"request": "e30.e30."}, "request_not_supported"),
    ({"request_uri": "https://evil.example/"}, "request_uri_not_supported"),
    ({"nonce": "n" * 4_097}, "invalid_request"),
]


async def test_what_is_wrong_is_told_the_client(tokens):
    """By redirect, with the state and who says so (RFC 6749 section 4.1.2.1, RFC 9207)."""
    for fields, error in REFUSED:
        page = await tokens.authorize(**fields)

        assert page.location == CALLBACK
        told = page.sent_back
        assert told.pop("error_description")
        assert told == {"error": error, "state": "the-state", "iss": f"{tokens.url}/"}, fields


async def test_no_parameter_may_be_there_twice(tokens):
    """Which of the two counts, readers would not agree on; a state that is there twice is not told."""
    pairs = list(tokens.asking().items())
    for name in ("scope", "code_challenge", "code_challenge_method", "audience", "response_type", "nonce", "state"):
        page = await tokens.browse("GET", f"/authorize?{urlencode([*pairs, (name, 'x'), (name, 'y')])}")

        assert page.sent_back["error"] == "invalid_request"
        assert ("state" in page.sent_back) is (name != "state")


async def test_a_client_needs_the_grant(tokens):
    """And for hookd's own API a client grant besides: users' permissions are not for every client."""
    await tokens.manage("PATCH", "clients/m2m", {"callbacks": [CALLBACK]})
    page = await tokens.authorize(client_id="m2m")
    other = await tokens.authorize(client_id="other-web", audience=f"{tokens.url}/api/v2/")

    assert page.sent_back["error"] == "unauthorized_client"
    assert other.sent_back["error"] == "access_denied"


@pytest.mark.parametrize("prompt", ["login", "consent", "select_account", "login consent", None])
async def test_the_user_is_always_asked(tokens, prompt):
    """Nobody stays logged in; no cookie is set that could be."""
    page = await tokens.authorize(prompt=prompt)

    assert page.status == 200
    assert page.sealed
    assert "Set-Cookie" not in page.headers


async def test_a_state_comes_back_as_it_was(tokens):
    """Whatever is in it: in the query, never in a header of its own, never on the page."""
    for state in ('"><script>alert(1)</script>', "a\r\nSet-Cookie: b=c", "&code=evil&iss=evil", "ä 日 %00 +", "#x"):
        page = await tokens.authorize(state=state)
        refused = await tokens.authorize(state=state, prompt="none")

        assert "<script" not in page.text
        assert refused.location == CALLBACK
        assert refused.sent_back["state"] == state
        assert refused.sent_back["iss"] == f"{tokens.url}/"
        assert "code" not in refused.sent_back
        assert "Set-Cookie" not in refused.headers
    assert "state" not in (await tokens.authorize(state=None, prompt="none")).sent_back


async def test_a_redirect_uri_keeps_its_own_query(tokens):
    """RFC 6749 section 3.1.2."""
    page = await tokens.authorize(redirect_uri=f"{CALLBACK}?tenant=1", prompt="none")

    assert page.headers["Location"].startswith(f"{CALLBACK}?tenant=1&error=login_required&")
