"""Bodies of the management API: errors name field and rule, in Auth0's words."""

from __future__ import annotations

import pytest

from runtime.errors import InvalidBody
from runtime.issuer.management.fields import boolean, free_object, items, one_of, read_fields, text, whole

FIELDS = {
    "name": text(1, 5, pattern="[a-z]+"),
    "flag": boolean,
    "count": whole(1, 9),
    "kinds": items(one_of("a", "b"), 2),
    "data": free_object,
}


def test_a_good_body_comes_back():
    """Arrays as tuples, each value once."""
    body = {"name": "abc", "flag": True, "count": 9, "kinds": ["b", "b"], "data": {"x": [1]}}

    assert read_fields(body, FIELDS, ["name"]) == body | {"kinds": ("b",)}


@pytest.mark.parametrize(
    "body, rule",
    [
        ([], "'Expected type object but found type array'."),
        (None, "'Expected type object but found type null'."),
        ({}, "'Missing required property: name'."),
        ({"flag": True}, "'Missing required property: name'."),
        ({"name": "a", "other": 1}, "'Additional properties not allowed: other'."),
        ({"name": 1}, "'Expected type string but found type integer' on property name."),
        ({"name": None}, "'Expected type string but found type null' on property name."),
        ({"name": ""}, "'String is too short (0 chars), minimum 1' on property name."),
        ({"name": "abcdef"}, "'String is too long (6 chars), maximum 5' on property name."),
        ({"name": "A"}, "'String does not match pattern [a-z]+: A' on property name."),
        ({"name": "a\n"}, "'String does not match pattern [a-z]+: a\n' on property name."),
        ({"name": "a", "flag": 1}, "'Expected type boolean but found type integer' on property flag."),
        ({"name": "a", "count": True}, "'Expected type integer but found type boolean' on property count."),
        ({"name": "a", "count": 1.5}, "'Expected type integer but found type number' on property count."),
        ({"name": "a", "count": 0}, "'Value 0 is less than minimum 1' on property count."),
        ({"name": "a", "count": 10}, "'Value 10 is greater than maximum 9' on property count."),
        ({"name": "a", "kinds": "a"}, "'Expected type array but found type string' on property kinds."),
        ({"name": "a", "kinds": ["a", "c"]}, "'No enum match for: c; one of a, b' on property kinds[1]."),
        ({"name": "a", "kinds": ["a", "b", "a"]}, "'Array is too long (3), maximum 2' on property kinds."),
        ({"name": "a", "data": []}, "'Expected type object but found type array' on property data."),
    ],
)
def test_a_bad_body_is_named(body, rule):
    """The first fault that is found."""
    with pytest.raises(InvalidBody) as caught:
        read_fields(body, FIELDS, ["name"])

    assert caught.value.message == f"Payload validation error: {rule}"


def test_a_change_must_change_something():
    """Auth0 says so too (minProperties 1)."""
    with pytest.raises(InvalidBody, match=r"Too few properties defined \(0\), minimum 1"):
        read_fields({}, FIELDS)
