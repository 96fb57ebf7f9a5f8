"""POST /oauth/token as a whole: bodies, errors of RFC 6749 section 5.2, grants."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OAUTH_ERRORS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
}


async def post(tokens, **request):
    async with tokens.http.post(f"{tokens.url}/oauth/token", **request) as answer:
        return answer.status, answer.headers, await answer.json()


async def test_a_form_and_json_give_the_same(tokens):
    """RFC 6749 sends a form, Auth0's SDKs send JSON."""
    fields = {
        "grant_type": "client_credentials",
        "client_id": "m2m",
        "client_secret": "m2m-secret-0123456789",
        "audience": "https://api.example.com/",
    }

    as_form = await post(tokens, data=fields)
    as_json = await post(tokens, json=fields)

    for status, headers, body in (as_form, as_json):
        assert status == 200
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        assert {name: value for name, value in body.items() if name != "access_token"} == {
            "token_type": "Bearer",
            "expires_in": 86_400,
            "scope": "read:orders write:orders",
        }


async def test_nulls_and_empty_strings_are_absent(tokens):
    """auth0-python sends null for what it does not have; a form has empty fields."""
    body = await tokens.m2m(scope=None, organization=None, realm="")

    assert body["scope"] == "read:orders write:orders"


@pytest.mark.parametrize(
    "request_, error, description",
    [
        ({"data": "a=1&a=2"}, "invalid_request", "The body has the field 'a' twice."),
        ({"json": []}, "invalid_request", "The body must be a JSON object or a form."),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, "invalid_request", None),
        ({"data": b"\xff=%ff"}, "invalid_request", None),
        ({}, "invalid_request", None),
        ({"json": {}}, "invalid_request", "The parameter grant_type is missing."),
        ({"json": {"grant_type": 1}}, "invalid_request", "The parameter grant_type must be a string, not number."),
        (
            {"json": {"grant_type": "implicit"}},
            "unsupported_grant_type",
            "Unsupported grant type: implicit",
        ),
    ],
)
async def test_a_request_that_is_none_is_refused(tokens, request_, error, description):
    """Each with an OAuth error that says what is wrong."""
    if isinstance(request_.get("data"), str | bytes) and "headers" not in request_:
        request_ = request_ | {"headers": FORM}

    status, headers, body = await post(tokens, **request_)

    assert status == 400
    assert body["error"] == error
    assert body.keys() == {"error", "error_description"}
    if description is not None:
        assert body["error_description"] == description
    assert headers["Cache-Control"] == "no-store"


async def test_a_large_body_is_refused(tokens):
    """A token request is small."""
    status, _, body = await post(tokens, json={"grant_type": "x" * 70_000})

    assert (status, body["error"]) == (400, "invalid_request")


async def test_a_client_uses_its_own_grants_only(tokens):
    """unauthorized_client, in Auth0's words (contract-full 4)."""
    body = await tokens.password(status=400, client_id="m2m")

    assert body == {
        "error": "unauthorized_client",
        "error_description": "Grant type 'password' not allowed for the client.",
    }


async def test_headers_that_are_no_text_do_no_harm(tokens, decider):
    """A User-Agent may have any bytes; the hook sees them as replacement characters."""
    fields = {"grant_type": "client_credentials", "client_id": "m2m", "client_secret": "m2m-secret-0123456789"}
    body = urlencode(fields | {"audience": "https://api.example.com/"}).encode()
    host, port = tokens.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: a\xffb\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert decider.asked[0][2]["context"]["userAgent"] == "a\ufffdb"


async def test_get_is_not_possible(tokens):
    """The token endpoint takes POST only (RFC 6749 section 3.2)."""
    async with tokens.http.get(f"{tokens.url}/oauth/token") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "POST"


NAMES = st.sampled_from(
    ["grant_type", "client_id", "client_secret", "audience", "scope", "username", "password", "refresh_token", "x"]
)
TEXTS = st.one_of(
    st.sampled_from(
        ["client_credentials", "password", "refresh_token", "m2m", "spa", "ada", "https://api.example.com/"]
    ),
    st.text(max_size=20).filter(lambda text: text.isprintable()),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(NAMES, VALUES) | VALUES, as_form=st.booleans())
async def test_no_body_breaks_the_endpoint(tokens, body, as_form):
    """Whatever is sent, the answer is a token or an OAuth error of the client's, never a 500."""
    form = {name: str(value) for name, value in body.items()} if isinstance(body, dict) else {"x": "y"}
    request = {"data": urlencode(form), "headers": FORM} if as_form else {"json": body}

    status, _, answer = await post(tokens, **request)

    assert (status == 200 and "access_token" in answer) or (status < 500 and answer["error"] in OAUTH_ERRORS)
