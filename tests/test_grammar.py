"""Scopes and the names of types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.grammar import is_scope, json_type, schema_type


@given(st.text(max_size=4))
def test_a_scope_is_what_rfc_6749_says(text: str):
    """One or more of %x21 / %x23-5B / %x5D-7E."""
    allowed = {chr(code) for code in (0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F))}

    assert is_scope(text) is (bool(text) and set(text) <= allowed)


@pytest.mark.parametrize("text", ["read:orders", "!", "~", "a'b"])
def test_scopes(text: str):
    """Some that are."""
    assert is_scope(text)


@pytest.mark.parametrize("text", ["", " ", "a b", 'a"', "a\\", "a\n", "\n", "ä", "\x7f"])
def test_no_scopes(text: str):
    """Some that are not, a line's end last among them."""
    assert not is_scope(text)


@pytest.mark.parametrize(
    "value, word, schema_word",
    [
        (None, "null", "null"),
        ("", "string", "string"),
        (True, "boolean", "boolean"),
        (1, "number", "integer"),
        (1.5, "number", "number"),
        (1.0, "number", "integer"),
        ([], "array", "array"),
        ({}, "object", "object"),
        ((), "tuple", "tuple"),
    ],
)
def test_types_have_their_json_names(value: object, word: str, schema_word: str):
    """Messages speak JSON, not Python; a boolean is no number. JSON Schema knows integers too."""
    assert json_type(value) == word
    assert schema_type(value) == schema_word
