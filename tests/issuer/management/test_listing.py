"""Lists of the management API."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from runtime.errors import InvalidQuery
from runtime.issuer.management.client_grants import ClientGrants
from runtime.issuer.management.clients import Clients
from runtime.issuer.management.collection import Collection
from runtime.issuer.management.listing import wanted_list, wanted_record
from runtime.issuer.management.resource_servers import ResourceServers
from runtime.issuer.management.users import Users

FIELDS = ("a", "b", "c")


def query(text):
    return make_mocked_request("GET", f"/?{text}")


def test_without_a_query():
    """The first fifty, as a plain array."""
    wanted = wanted_list(query(""), FIELDS, ["audience"])

    assert (wanted.start, wanted.limit, wanted.has_totals, wanted.where) == (0, 50, False, {})
    assert wanted.answer("rows", [{"a": 1}], 7) == [{"a": 1}]


def test_as_the_sdks_ask():
    """With totals the list is in an object, in the recorded order (contract-full 5.2)."""
    wanted = wanted_list(query("page=2&per_page=10&include_totals=true&audience=x"), FIELDS, ["audience"])
    answer = wanted.answer("rows", [{"a": 1}], 27)

    assert wanted.where == {"audience": "x"}
    assert isinstance(answer, dict)
    assert list(answer.items()) == [("total", 27), ("start", 20), ("limit", 10), ("rows", [{"a": 1}])]


def test_from_one_answer_to_the_next():
    """Auth0's checkpoints: `next` is there as long as there is more."""
    more = wanted_list(query("take=2&from=4"), FIELDS, [])
    first = wanted_list(query("take=2"), FIELDS, [])

    assert (more.start, more.limit, first.start) == (4, 2, 0)
    assert more.answer("rows", [{}, {}], 7) == {"rows": [{}, {}], "next": "6"}
    assert more.answer("rows", [{}, {}], 6) == {"rows": [{}, {}]}
    assert more.answer("rows", [], 1) == {"rows": []}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("fields=a,c", {"a": 1, "c": 3}),
        ("fields=a,c&include_fields=true", {"a": 1, "c": 3}),
        ("fields=a,c&include_fields=false", {"b": 2}),
        ("include_fields=true", {"a": 1, "b": 2, "c": 3}),
    ],
)
def test_fields_are_chosen_or_left_out(text, expected):
    """For one record as for many."""
    document = {"a": 1, "b": 2, "c": 3}

    assert wanted_record(query(text), FIELDS).of(document) == expected
    assert wanted_list(query(text), FIELDS, []).answer("rows", [document], 1) == [expected]


@pytest.mark.parametrize(
    "text, message",
    [
        ("page=-1", "'Value -1 is less than minimum 0' on property page."),
        ("page=10000001", "'Value 10000001 is greater than maximum 10000000' on property page."),
        ("per_page=101", "'Value 101 is greater than maximum 100' on property per_page."),
        ("per_page=%D9%A1", "'Expected type integer but found \u0661' on property per_page."),
        ("per_page=", "'Expected type integer but found an empty text' on property per_page."),
        ("include_totals=yes", "'Expected type boolean but found yes' on property include_totals."),
        ("include_totals=", "'Expected type boolean but found an empty text' on property include_totals."),
        ("fields=nope", "'No enum match for: nope; the values are: a, b, c' on property fields."),
        ("fields=a,nope", "'No enum match for: nope; the values are: a, b, c' on property fields."),
        ("q=email:x", "'Additional properties not allowed: q' (known are: page, per_page, include_totals, "),
        ("take=101", "'Value 101 is greater than maximum 100' on property take."),
        ("from=x", "'Expected type integer but found x' on property from."),
        ("page=1&page=2", "'The parameter is given more than once' on property page."),
        ("audience=", "'The value must have from 1 to 600 characters, not 0' on property audience."),
    ],
)
def test_a_wrong_query_is_named(text, message):
    """An unknown filter too: leaving it out would answer with too much. The words are those of `runtime.http.query`."""
    with pytest.raises(InvalidQuery) as caught:
        wanted_list(query(text), FIELDS, ["audience"])
    assert caught.value.message.startswith(f"Query validation error: {message}")


def test_a_single_record_has_no_pages():
    """They would be ignored otherwise."""
    with pytest.raises(InvalidQuery, match="Additional properties not allowed: page"):
        wanted_record(query("page=1"), FIELDS)


async def test_every_member_of_a_document_is_a_field(tokens):
    """What is missing in `fields` would be shown nowhere but in the answer to a POST."""
    issuer, store = tokens.issuer, tokens.issuer.store
    collections: list[Collection[Any]] = [
        Clients(issuer, store.clients),
        ResourceServers(issuer, store.resource_servers),
        ClientGrants(issuer, store.client_grants),
        Users(issuer, store.users),
    ]
    for collection in collections:
        (record,), _ = await collection.table.page({}, start=0, limit=1)
        assert tuple(collection.document(record)) == collection.fields


@pytest.mark.parametrize("path", ["clients", "resource-servers", "client-grants", "users"])
async def test_lists_over_http_know_their_fields(tokens, path):
    """One is shown alone; one that there is not is a 400, as in the lists of the runtime."""
    token = await tokens.management_token()
    headers = {"Authorization": f"Bearer {token}"}
    key = {"clients": "client_id", "users": "user_id"}.get(path, "id")
    rows = await tokens.manage("GET", f"{path}?fields={key}", token=token)
    assert rows
    assert all(list(row) == [key] for row in rows)
    async with tokens.http.get(f"{tokens.url}/api/v2/{path}?fields=nope", headers=headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["message"].startswith("Query validation error: 'No enum match for: nope; ")
