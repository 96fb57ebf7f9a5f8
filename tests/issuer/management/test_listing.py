"""Lists of the management API."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from runtime.errors import InvalidQuery
from runtime.issuer.management.listing import wanted_list, wanted_record


def query(text):
    return make_mocked_request("GET", f"/?{text}")


def test_without_a_query():
    """The first fifty, as a plain array."""
    wanted = wanted_list(query(""), ["audience"])

    assert (wanted.start, wanted.limit, wanted.has_totals, wanted.where) == (0, 50, False, {})
    assert wanted.answer("rows", [{"a": 1}], 7) == [{"a": 1}]


def test_as_the_sdks_ask():
    """With totals the list is in an object, in the recorded order (contract-full 5.2)."""
    wanted = wanted_list(query("page=2&per_page=10&include_totals=true&audience=x&fields="), ["audience"])
    answer = wanted.answer("rows", [{"a": 1}], 27)

    assert wanted.where == {"audience": "x"}
    assert isinstance(answer, dict)
    assert list(answer.items()) == [("total", 27), ("start", 20), ("limit", 10), ("rows", [{"a": 1}])]


def test_from_one_answer_to_the_next():
    """Auth0's checkpoints: `next` is there as long as there is more."""
    more = wanted_list(query("take=2&from=4"), [])
    first = wanted_list(query("take=2"), [])

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
        ("fields=unknown", {}),
        ("include_fields=true", {"a": 1, "b": 2, "c": 3}),
    ],
)
def test_fields_are_chosen_or_left_out(text, expected):
    """For one record as for many."""
    document = {"a": 1, "b": 2, "c": 3}

    assert wanted_record(query(text)).of(document) == expected
    assert wanted_list(query(text), []).answer("rows", [document], 1) == [expected]


@pytest.mark.parametrize(
    "text, message",
    [
        ("page=-1", "'page' must be a whole number from 0 to 1000000, not '-1'"),
        ("page=1000001", "'page' must be"),
        ("per_page=101", "'per_page' must be a whole number from 0 to 100, not '101'"),
        ("per_page=%D9%A1", "'per_page' must be"),
        ("include_totals=yes", "'include_totals' must be true or false, not 'yes'"),
        ("q=email:x", "There is no query parameter 'q' here; there are: fields"),
        ("take=101", "'take' must be a whole number from 0 to 100"),
        ("from=x", "'from' must be a whole number"),
        ("page=1&page=2", "'page' is given twice"),
    ],
)
def test_a_wrong_query_is_named(text, message):
    """An unknown filter too: leaving it out would answer with too much."""
    with pytest.raises(InvalidQuery, match=message):
        wanted_list(query(text), [])


def test_a_single_record_has_no_pages():
    """They would be ignored otherwise."""
    with pytest.raises(InvalidQuery, match="no query parameter 'page'"):
        wanted_record(query("page=1"))
