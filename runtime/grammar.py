"""Words of the standards that more than one room reads or says: a scope, the names of JSON's types, how deep JSON is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

SCOPE_RULE: Final = 'one or more printable ASCII characters without space, " and \\'
"""The rule of `is_scope` in words, for messages."""

# RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+").fullmatch
_JSON_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def is_scope(text: str) -> bool:
    """Whether this is one scope: the `scope-token` of RFC 6749 section 3.3."""
    return _SCOPE_TOKEN(text) is not None


def parse_scopes(value: object) -> tuple[str, ...]:
    """The scopes of a JSON array, each once. `ValueError` says what is wrong with the field `scope`."""
    if type(value) is not list:
        raise ValueError(f"'scope' must be an array of strings, not {json_type(value)}.")
    for index, item in enumerate(value):
        if type(item) is not str:
            raise ValueError(f"'scope[{index}]' must be a string, not {json_type(item)}.")
        if _SCOPE_TOKEN(item) is None:
            raise ValueError(f"'scope[{index}]' is not a scope: {SCOPE_RULE}.")
    return tuple(dict.fromkeys(value))


def json_type(value: object) -> str:
    """JSON's name for a value's type (RFC 8259 section 3), for messages."""
    return _JSON_TYPES.get(type(value), type(value).__name__)


def schema_type(value: object) -> str:
    """JSON Schema's name for a value's type, which knows integers beside numbers: Auth0's Management API speaks so.

    1.0 is an integer too, for it is one to JavaScript.
    """
    whole = type(value) is int or (type(value) is float and value.is_integer())
    return "integer" if whole else json_type(value)


def is_deep(value: object, most: int) -> bool:
    """Whether arrays and objects nest deeper than `most`. In steps, for what is too deep is too deep for Python's stack."""
    level = [value]
    for _ in range(most + 1):
        level = [inner for outer in level for inner in _members(outer)]
        if not level:
            return False
    return True


def _members(value: object) -> Iterable[object]:
    if type(value) is dict:
        return value.values()
    return value if type(value) is list else ()
