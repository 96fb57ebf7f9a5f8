"""Client authentication (RFC 6749 section 2.3)."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest

API = "https://api.example.com/"
SECRET = "m2m-secret-0123456789"
ODD_ID, ODD_SECRET = "odd:id%2Bä", "p%41ss+word/ü:&=?"
ASK = {"grant_type": "client_credentials", "audience": API}


def basic(text):
    return {"Authorization": "Basic " + b64encode(text.encode()).decode()}


async def post(tokens, headers=None, **fields):
    async with tokens.http.post(f"{tokens.url}/oauth/token", data=ASK | fields, headers=headers) as answer:
        return answer.status, await answer.json(), answer.headers.get("WWW-Authenticate")


@pytest.mark.parametrize("encode", [quote_plus, lambda text: quote(text, safe="")])
async def test_basic_is_percent_decoded(tokens, encode):
    """RFC 6749 section 2.3.1: id and secret are form-encoded before they are put together."""
    status, body, _ = await post(tokens, basic(f"{encode(ODD_ID)}:{encode(ODD_SECRET)}"))

    assert status == 200, body


async def test_basic_is_taken_as_it_stands_too(opened):
    """Not encoded, as authlib and requests send it (contract 2): a percent sign or a plus in the secret is meant."""
    client = {"client_id": "m2m", "client_secret": ODD_SECRET}
    tokens = await opened()
    admin = await tokens.management_token()
    await tokens.manage("PATCH", "clients/m2m", {"client_secret": ODD_SECRET}, token=admin)

    assert (await post(tokens, basic(f"m2m:{ODD_SECRET}")))[0] == 200
    assert (await post(tokens, **client))[0] == 200


async def test_basic_with_the_same_client_id_in_the_body(tokens):
    """requests-oauthlib does so (contract 2)."""
    assert (await post(tokens, basic(f"m2m:{SECRET}"), client_id="m2m"))[0] == 200


@pytest.mark.parametrize("scheme", ["basic", "BASIC"])
async def test_the_scheme_has_no_case(tokens, scheme):
    """RFC 7235 section 2.1."""
    header = {"Authorization": basic(f"m2m:{SECRET}")["Authorization"].replace("Basic", scheme)}

    assert (await post(tokens, header))[0] == 200


@pytest.mark.parametrize(
    "headers, fields",
    [
        (basic("m2m:wrong"), {}),
        (basic("nobody:wrong"), {}),
        (basic("m2m:"), {}),
        (basic("spa:something"), {}),
        (basic("m2m"), {}),
        (basic(":secret"), {}),
        ({"Authorization": "Basic !!!"}, {}),
        ({"Authorization": "Basic " + b64encode(b"\xff:\xff").decode()}, {}),
        ({"Authorization": f"Bearer {SECRET}"}, {}),
        ({"Authorization": "Basic"}, {}),
        (None, {"client_id": "m2m", "client_secret": "wrong"}),
        (None, {"client_id": "m2m"}),
        (None, {"client_id": "nobody", "client_secret": SECRET}),
        (None, {"client_id": "nobody"}),
        (None, {"client_id": "spa", "client_secret": "x"}),
        (None, {"client_secret": SECRET}),
        (None, {}),
    ],
)
async def test_who_does_not_prove_to_be_a_client_is_refused(tokens, decider, headers, fields):
    """401 invalid_client; the scheme is named to who used the header (RFC 6749 section 5.2)."""
    status, body, challenge = await post(tokens, headers, **fields)

    assert (status, body["error"]) == (401, "invalid_client")
    assert challenge == ('Basic realm="hookd", charset="UTF-8"' if headers else None)
    assert decider.asked == []


@pytest.mark.parametrize(
    "headers, fields, description",
    [
        (basic(f"m2m:{SECRET}"), {"client_secret": SECRET}, "authenticates twice"),
        (basic(f"m2m:{SECRET}"), {"client_id": "app"}, "names another client"),
    ],
)
async def test_two_ways_at_once_are_refused(tokens, headers, fields, description):
    """400 invalid_request: a client uses one method per request (RFC 6749 section 2.3)."""
    status, body, _ = await post(tokens, headers, **fields)

    assert (status, body["error"]) == (400, "invalid_request")
    assert description in body["error_description"]


async def test_unknown_and_wrong_say_the_same(tokens):
    """The answer does not tell which clients there are."""
    wrong = await post(tokens, client_id="m2m", client_secret="wrong")
    unknown = await post(tokens, client_id="nobody", client_secret="wrong")

    assert wrong == unknown


async def test_who_invents_clients_costs_no_hash(tokens):
    """Else eighty connections of nobody in particular keep every client and every user out."""
    tokens.issuer.secrets._passwords.close()

    for headers in (basic("nobody:x"), basic("nobody:%41"), basic("m2m%20:x"), None):
        fields = {} if headers else {"client_id": "nobody", "client_secret": "x"}
        assert (await post(tokens, headers, **fields))[0] == 401


async def test_a_basic_header_costs_two_hashes_at_most(tokens):
    """One for each way to read it, and both count as failures; the reading that was right is remembered at once."""
    assert (await post(tokens, basic("m2m:wrong%41")))[0] == 401
    for _ in range(4):
        assert (await post(tokens, basic("m2m:wrong%41")))[0] == 401

    assert (await post(tokens, basic("m2m:wrong%41")))[0] == 429


async def test_a_client_that_guesses_is_refused(tokens):
    """After ten wrong secrets; who has been right before is not concerned, nor are other clients."""
    assert (await post(tokens, client_id="m2m", client_secret=SECRET))[0] == 200
    for _ in range(10):
        assert (await post(tokens, client_id="m2m", client_secret="wrong"))[0] == 401

    status, body, _ = await post(tokens, client_id="m2m", client_secret="wrong")
    assert (status, body["error"]) == (429, "too_many_attempts")
    assert (await post(tokens, client_id="m2m", client_secret=SECRET))[0] == 200
    assert (await post(tokens, client_id="ungranted", client_secret=SECRET))[0] == 403
