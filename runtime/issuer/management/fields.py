"""Bodies of the management API: a table of fields, and what is wrong in Auth0's (z-schema's) words.

A reader takes a JSON value and its path, and gives the value or raises `InvalidBody`, which names both field and rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from runtime.errors import InvalidBody
from runtime.grammar import schema_type

Reader: TypeAlias = Callable[[object, str], Any]


def read_fields(body: object, fields: Mapping[str, Reader], required: Sequence[str] = ()) -> dict[str, Any]:
    """The body's fields, each as its reader has it. Unknown and missing ones are refused; none at all too."""
    if not isinstance(body, dict):
        raise InvalidBody(f"Payload validation error: 'Expected type object but found type {schema_type(body)}'.")
    for name in required:
        if name not in body:
            raise InvalidBody(f"Payload validation error: 'Missing required property: {name}'.")
    for name in body:
        if name not in fields:
            raise InvalidBody(f"Payload validation error: 'Additional properties not allowed: {str(name)[:100]}'.")
    if not body:
        raise InvalidBody("Payload validation error: 'Too few properties defined (0), minimum 1'.")
    return {name: fields[name](value, name) for name, value in body.items()}


def text(least: int = 0, most: int = 255, pattern: str = "") -> Reader:
    """A string of so many characters, of this pattern."""
    expression = re.compile(pattern)

    def read(value: object, path: str) -> str:
        given = _of_type(value, str, path)
        if len(given) < least:
            raise _invalid(f"String is too short ({len(given)} chars), minimum {least}", path)
        if len(given) > most:
            raise _invalid(f"String is too long ({len(given)} chars), maximum {most}", path)
        if pattern and expression.fullmatch(given) is None:
            raise _invalid(f"String does not match pattern {pattern}: {given[:100]}", path)
        return str(given)

    return read


def one_of(*choices: str) -> Reader:
    """One of these strings."""

    def read(value: object, path: str) -> str:
        given = str(_of_type(value, str, path))
        if given not in choices:
            raise _invalid(f"No enum match for: {given[:100]}; one of {', '.join(choices)}", path)
        return given

    return read


def boolean(value: object, path: str) -> bool:
    """True or false."""
    return bool(_of_type(value, bool, path))


def whole(least: int, most: int) -> Reader:
    """A whole number within bounds."""

    def read(value: object, path: str) -> int:
        number = int(_of_type(value, int, path))
        if number < least:
            raise _invalid(f"Value {number} is less than minimum {least}", path)
        if number > most:
            raise _invalid(f"Value {number} is greater than maximum {most}", path)
        return number

    return read


def items(of: Reader, most: int) -> Reader:
    """An array of at most so many values, each once."""

    def read(value: object, path: str) -> tuple[Any, ...]:
        given = _of_type(value, list, path)
        if len(given) > most:
            raise _invalid(f"Array is too long ({len(given)}), maximum {most}", path)
        return tuple(dict.fromkeys(of(item, f"{path}[{index}]") for index, item in enumerate(given)))

    return read


def free_object(value: object, path: str) -> dict[str, Any]:
    """An object of anything."""
    return dict(_of_type(value, dict, path))


def _of_type(value: object, kind: type, path: str) -> Any:
    if type(value) is kind:
        return value
    if kind is int and type(value) is float and value.is_integer():
        return int(value)  # 1.0 is an integer to JSON Schema
    raise _invalid(f"Expected type {schema_type(kind())} but found type {schema_type(value)}", path)


def _invalid(rule: str, path: str) -> InvalidBody:
    return InvalidBody(f"Payload validation error: '{rule}' on property {path}.")
