"""What the grants that run a hook have in common; the questions themselves are in the grants' own tests."""

from __future__ import annotations

import pytest

from runtime.issuer.grants.requests import asked_api, context_argument
from runtime.issuer.oauth_errors import AccessDenied, InvalidRequest
from runtime.issuer.parameters import Parameters


async def test_the_api_is_found_by_its_identifier(tokens):
    """Exactly; a missing and an unknown one are different errors."""
    api = await asked_api(tokens.issuer, Parameters(values={"audience": "urn:strict"}))

    assert api.identifier == "urn:strict"
    with pytest.raises(AccessDenied, match="Service not enabled within domain: urn:Strict"):
        await asked_api(tokens.issuer, Parameters(values={"audience": "urn:Strict"}))
    with pytest.raises(InvalidRequest, match="audience is missing"):
        await asked_api(tokens.issuer, Parameters(values={}))


def test_the_context_is_the_contracts():
    """ip, userAgent, and the body less its secrets."""
    values = {"password": "hush", "client_secret": "hush", "refresh_token": "hush", "audience": "a"}
    parameters = Parameters(values=values, ip="1.2.3.4", user_agent="curl")

    assert context_argument(parameters) == {"ip": "1.2.3.4", "userAgent": "curl", "body": {"audience": "a"}}
