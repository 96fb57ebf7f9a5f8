from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import MultiDict

from runtime.errors import InvalidQuery
from runtime.http.query import FIELD_PARAMETERS, PAGE_PARAMETERS, Query

NAMES = ("number", "flag", "word", "words", "text", "id")
ABC = ("a", "b", "c")


def query(**given: str) -> Query:
    return Query(MultiDict(given), NAMES)


def test_what_is_given_is_read():
    """Each kind, in the form that clients send."""
    read = query(number="7", flag="True", word="a", words="a,b", text="x y", id="01GBPZWEFDT9RFR6PN6939RZZE")
    assert read.integer("number", 1, least=0, most=10) == 7
    assert read.flag("flag") is True
    assert read.choice("word", ["a", "b"]) == "a"
    assert read.choices("words", ["a", "b"]) == ["a", "b"]
    assert read.text("text") == "x y"
    assert read.ulid("id") == "01GBPZWEFDT9RFR6PN6939RZZE"


def test_what_is_absent_is_none():
    """Or the default."""
    read = query()
    assert read.integer("number", 1, least=0, most=10) == 1
    assert (read.flag("flag"), read.choice("word", ["a"]), read.choices("words", ["a"])) == (None, None, None)
    assert (read.text("text"), read.ulid("id")) == (None, None)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"number": "11"}, "'Value 11 is greater than maximum 10' on property number."),
        ({"number": "-1"}, "'Value -1 is less than minimum 0' on property number."),
        ({"number": "1.5"}, "'Expected type integer but found 1.5' on property number."),
        ({"number": "٣"}, "'Expected type integer but found ٣' on property number."),
        ({"flag": "1"}, "'Expected type boolean but found 1' on property flag."),
        ({"word": "c"}, "'No enum match for: c; the values are: a, b' on property word."),
        ({"words": "a,c"}, "'No enum match for: c; the values are: a, b' on property words."),
        ({"text": ""}, "'The value must have from 1 to 256 characters, not 0' on property text."),
        ({"id": "../x"}, "'../x is not an id of 26 characters' on property id."),
    ],
)
def test_what_is_wrong_is_named(given, message):
    """The property and the rule, in the vendor's words where it has some (contract-full 5.4)."""
    read = query(**given)
    with pytest.raises(InvalidQuery) as caught:
        _ = (
            read.integer("number", 1, least=0, most=10),
            read.flag("flag"),
            read.choice("word", ["a", "b"]),
            read.choices("words", ["a", "b"]),
            read.text("text"),
            read.ulid("id"),
        )
    assert caught.value.message == f"Query validation error: {message}"


def test_what_is_not_known_or_given_twice_is_refused():
    """A misspelt filter would answer more than was asked for."""
    with pytest.raises(InvalidQuery, match="Additional properties not allowed: flog"):
        query(flog="true")
    with pytest.raises(InvalidQuery, match="given more than once"):
        Query(MultiDict([("flag", "true"), ("flag", "false")]), NAMES)


def test_pages_and_fields_are_what_every_list_has():
    """One behaviour for hooks, clients, users and the rest; a field that there is not is named."""

    def asked(**given: str) -> Query:
        return Query(MultiDict(given), (*PAGE_PARAMETERS, *FIELD_PARAMETERS))

    assert (asked().page(), asked(page="2", per_page="10").page()) == ((0, 50), (20, 10))
    assert asked().shown(ABC) == asked(include_fields="false").shown(ABC) == {"a", "b", "c"}
    assert asked(fields="a,c").shown(ABC) == asked(fields="b", include_fields="false").shown(ABC) == {"a", "c"}
    for fields in ("nope", "a,nope", "", "a,"):
        with pytest.raises(InvalidQuery, match="No enum match for"):
            asked(fields=fields).shown(ABC)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_number_within_bounds_or_refused(text):
    """Never another error, however long or strange."""
    try:
        number = query(number=text).integer("number", 1, least=0, most=10)
    except InvalidQuery as error:
        assert len(error.message) < 300  # noqa: PT017 - either way is right
    else:
        assert 0 <= number <= 10


def test_what_may_be_given_several_times():
    """All of it, in its order; it is named among what is known."""
    given = MultiDict([("text", "x"), ("tag", "b"), ("tag", "a")])
    assert Query(given, ("text",), many=("tag",)).texts("tag") == ["b", "a"]
    assert Query(MultiDict(), (), many=("tag",)).texts("tag") == []
    with pytest.raises(InvalidQuery, match=r"not allowed: other' \(known are: text, tag\)"):
        Query(MultiDict(other="x"), ("text",), many=("tag",))


def test_a_moment_is_of_a_zone():
    """RFC 3339, with Z or an offset; without either it could be any of 38 moments."""
    assert query(text="2026-11-21T07:05:01.5Z").moment("text") == 1795244701.5
    assert query(text="2026-11-21T09:05:01+02:00").moment("text") == 1795244701.0
    assert query().moment("text") is None
    for wrong in ("2026-11-21T07:05:01", "2026-11-21", "yesterday", "", "9" * 300, "2026-13-01T00:00:00Z"):
        with pytest.raises(InvalidQuery, match=r"is not a moment such as .* on property text"):
            query(text=wrong).moment("text")
