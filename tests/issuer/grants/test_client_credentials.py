"""The client credentials grant: what the runtime is asked, what the token has, who is refused."""

from __future__ import annotations

import pytest

API = "https://api.example.com/"
DOCS = 'You might probably want to create a "client-grant" associated to this API.'


async def test_the_token_has_the_contracts_claims(tokens):
    """Contract 0: iss with a slash, sub with @clients, azp, gty, and a lifetime that expires_in says too."""
    body = await tokens.m2m()
    claims = await tokens.claims(body["access_token"])

    lifetime = claims["exp"] - claims["iat"]
    assert claims.pop("jti")
    assert lifetime == body["expires_in"] == 86_400
    assert {name: value for name, value in claims.items() if name not in ("iat", "exp")} == {
        "iss": f"{tokens.url}/",
        "sub": "m2m@clients",
        "aud": API,
        "scope": "read:orders write:orders",
        "azp": "m2m",
        "gty": "client-credentials",
    }


async def test_the_runtime_is_asked_as_the_contract_says(tokens, decider):
    """Client, scope, audience and context; the secret is nowhere in it."""
    await tokens.m2m(scope="read:orders", tracking={"id": 7}, headers={"User-Agent": "curl/8"})

    path, _, payload = decider.asked[0]
    assert path == "/api/v1/triggers/credentials-exchange/execute"
    assert payload == {
        "client": {"id": "m2m", "name": "Machine", "tenant": "demo", "metadata": {"plan": "gold"}},
        "scope": ["read:orders"],
        "audience": API,
        "context": {
            "ip": "127.0.0.1",
            "userAgent": "curl/8",
            "body": {
                "grant_type": "client_credentials",
                "client_id": "m2m",
                "audience": API,
                "scope": "read:orders",
                "tracking": {"id": 7},
            },
        },
    }


async def test_the_hooks_scope_and_claims_are_in_the_token(tokens, decider):
    """The token's scope and the answer's scope are exactly the hook's array; its claims stand beside ours."""
    decider.decision = {
        "decision": "allow",
        "scope": ["read:orders", "extra"],
        "claims": {"https://foo.com/claim": "bar", "https://foo.com/deep": {"a": [1, None]}},
    }

    body = await tokens.m2m()
    claims = await tokens.claims(body["access_token"])

    assert body["scope"] == claims["scope"] == "read:orders extra"
    assert claims["https://foo.com/claim"] == "bar"
    assert claims["https://foo.com/deep"] == {"a": [1, None]}


@pytest.mark.parametrize(
    "asked, expected",
    [
        (None, "read:orders write:orders"),
        ("read:orders", "read:orders"),
        ("write:orders  read:orders write:orders", "write:orders read:orders"),
        (["read:orders"], "read:orders"),
    ],
)
async def test_the_client_grant_limits_the_scope(tokens, asked, expected):
    """All of the grant, or what is asked for of it; a string or (in JSON) an array."""
    assert (await tokens.m2m(scope=asked))["scope"] == expected


@pytest.mark.parametrize(
    "fields, status, error, description",
    [
        (
            {"scope": "read:orders read:clients"},
            403,
            "access_denied",
            "Client has not been granted scopes: read:clients",
        ),
        ({"scope": 7}, 400, "invalid_scope", "Scope must be an array or a string, not number."),
        ({"scope": "a\tb"}, 400, "invalid_scope", "Scope has a name that RFC 6749 section 3.3 does not allow."),
        ({"audience": None}, 400, "invalid_request", "The parameter audience is missing."),
        ({"audience": "urn:nowhere"}, 403, "access_denied", "Service not enabled within domain: urn:nowhere"),
        (
            {"client_id": "ungranted"},
            403,
            "access_denied",
            f'Client is not authorized to access "{API}". {DOCS}'.replace('"', "'"),
        ),
        (
            {"client_id": "spa", "client_secret": None},
            400,
            "unauthorized_client",
            "Grant type 'client_credentials' not allowed for the client: it has no secret.",
        ),
    ],
)
async def test_refusals_in_auth0s_words(tokens, decider, fields, status, error, description):
    """Each names what is wrong (contract-full 4); the hook is not run for any of them."""
    body = await tokens.m2m(status=status, **fields)

    assert body == {"error": error, "error_description": description}
    assert decider.asked == []


async def test_every_hook_sees_management_tokens_but_can_not_widen_them(tokens, decider):
    """Who may write hooks would otherwise have every scope of the management API."""
    decider.decision = {"decision": "allow", "scope": ["read:clients", "execute:hooks", "read:logs", "extra"]}

    claims = await tokens.claims(await tokens.management_token())

    assert claims["scope"] == "read:clients extra"
    assert claims["ten"] == "demo"
