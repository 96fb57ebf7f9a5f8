"""What webtask's command line wants to know of modules before it sends a webtask."""

from __future__ import annotations

import pytest

from tests.web.conftest import token

MODULES = "/api/env/node/modules"


async def test_every_module_that_there_could_be_is_available(api):
    """The deploy fetches it; what can be none fails at once."""
    asked = [
        {"name": "@a/b", "version": "1.2.3"},
        {"name": "a", "version": "git://x"},
        {"name": "../a", "version": "1"},
    ]
    answer = await api.call("POST", MODULES, {"modules": asked}, reset="1")

    assert answer.status == 200
    assert answer.body == [
        {**row, "state": state} for row, state in zip(asked, ("available", "failed", "failed"), strict=True)
    ]


async def test_none_is_there_beforehand(api):
    """Who asks for versions sends no token."""
    answer = await api.with_token(None).call("GET", f"{MODULES}/%40a%2Fb")

    assert (answer.status, answer.body) == (200, [])


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({}, "Missing required property: modules"),
        ({"modules": {}}, "Expected type array but found type object"),
        ({"modules": ["a"]}, "on property modules[0]"),
        ({"modules": [{"name": "a"}]}, "It has a name and a version, and nothing else"),
        ({"modules": [{"name": 1, "version": "1"}]}, "on property modules[0].name"),
        ({"modules": [{"name": "a", "version": "1"}] * 11}, "Array is too long (11), maximum 10"),
    ],
)
async def test_a_wrong_body_is_named(api, body, rule):
    """As everywhere."""
    answer = await api.call("POST", MODULES, body)

    assert (answer.status, answer.body["errorCode"]) == (400, "invalid_body")
    assert rule in answer.body["message"]


async def test_it_is_for_who_may_deploy(api):
    """Others are told."""
    answer = await api.with_token(token(scope="read:hooks")).call("POST", MODULES, {"modules": []})

    assert answer.status == 403
