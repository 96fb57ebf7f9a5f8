"""schemathesis reads our OpenAPI document and sends what it allows, and what it forbids: over HTTP, with every scope.

The same requests in every run: hypothesis draws them from the test's name.
"""

from __future__ import annotations

import asyncio
from copy import deepcopy
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from runtime.web.openapi import OPERATIONS, document
from runtime.web.operation import EVENTS
from tests.web.conftest import SEED, Api, hook_of

EXAMPLES = 30
SECONDS = 30
"""For an answer."""

ENDLESS = {operation for operation, row in OPERATIONS.items() if row.media == EVENTS}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
BEYOND_SCHEMAS = {
    ("POST", "/api/v1/triggers/{trigger}/execute"): "which fields there are depends on the extensibility point",
    ("POST", "/api/v1/hooks/{id}/test"): "likewise",
    ("POST", "/api/v2/hooks"): "the script of an enabled hook must load",
    ("PATCH", "/api/v2/hooks/{id}"): "likewise",
    ("POST", "/api/v2/hooks/{id}/secrets"): "a hook has at most 20 secrets, those that are there included",
    ("PUT", "/api/webtask/{container}/{name}"): "a url is the webtask's own, or there is none",
    ("POST", "/api/tokens/issue"): "likewise",
    ("GET", "/api/tokens/inspect"): "a token is one of ours",
}
"""Operations that refuse what their schema allows, and why no schema can say it."""


def described() -> dict[str, Any]:
    """Our document without `security`: each request has the token, so its absence is none of the forbidden things."""
    description: dict[str, Any] = deepcopy(dict(document()))
    for methods in description["paths"].values():
        for operation in methods.values():
            del operation["security"]
    return description


def requests_of(operation: Any, there: dict[str, str]) -> st.SearchStrategy[Any]:
    """What the document allows and what it forbids, of things that are there and of any others."""
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    found = [operation.as_strategy(generation_mode=mode) for mode in modes]
    known = {name: value for name, value in there.items() if f"{{{name}}}" in operation.path}
    if known:
        found += [operation.as_strategy(generation_mode=mode, path_parameters=known) for mode in modes]
    return st.one_of(found)


@pytest.mark.parametrize("method, path", [operation for operation in OPERATIONS if operation not in ENDLESS])
async def test_every_answer_is_one_of_the_document(method: str, path: str, api: Api):
    """No 5xx; status, type, headers and body as documented; what is forbidden is refused, what is allowed is not."""
    hook = await api.create(SEED)
    await api.call("PATCH", f"/api/v2/hooks/{hook['id']}", {"script": hook_of("cb(null, {})")})
    operation = schemathesis.openapi.from_dict(described())[path][method]
    checks = CHECKS if (method, path) in BEYOND_SCHEMAS else [*CHECKS, positive_data_acceptance]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests_of(operation, {"id": hook["id"], "container": "acme", "name": hook["name"]}))
    def fuzz(case: Any) -> None:
        response = case.call(base_url=api.url, session=session, headers=api.headers, timeout=SECONDS)
        case.validate_response(response, checks=checks)

    found = ""
    with requests.Session() as session:
        try:
            await asyncio.to_thread(fuzz)
        except FailureGroup as failures:  # its text says all; the traceback is hypothesis's own
            found = f"{failures}"
    if found:
        pytest.fail(found, pytrace=False)  # whole: it has the request as a curl command
