"""Query strings, and variables of the path, read once and strictly: a parameter that is not known, not valid or given twice is a 400.

A misspelt filter that is ignored answers more than was asked for. The words are the vendor's (contract-full 5.4).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from multidict import MultiMapping

from runtime.errors import InvalidPath, InvalidQuery
from runtime.ulid import is_ulid

PAGE_PARAMETERS: Final = ("page", "per_page", "include_totals")
FIELD_PARAMETERS: Final = ("fields", "include_fields")
PER_PAGE: Final = 50
MOST_PER_PAGE: Final = 100
LAST_PAGE: Final = 10_000_000
TEXT_CHARS: Final = 256

_QUOTED_CHARS = 100


def path_variable(given: str, name: str, pattern: str, about: str) -> str:
    """A variable of the path, or `InvalidPath` when it does not match."""
    if re.fullmatch(pattern, given) is None:
        raise InvalidPath(
            f"Path validation error: 'String does not match pattern {pattern}: {given[:100]}' on property {name} ({about})."
        )
    return given


class Query:
    """The parameters of one request. `names` are those that its route knows, `many` those that may be given several times.

    `InvalidQuery` names what is wrong.
    """

    def __init__(self, given: MultiMapping[str], names: Collection[str], many: Collection[str] = ()) -> None:
        for name in given:
            if name in many:
                continue
            if name not in names:
                known = ", ".join((*names, *many)) or "none"
                raise InvalidQuery(
                    f"Query validation error: 'Additional properties not allowed: {_quoted(name)}' (known are: {known})."
                )
            if len(given.getall(name)) > 1:
                raise _invalid(name, "The parameter is given more than once")
        self._given = given

    def integer(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number within bounds."""
        text = self._given.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,15}", text):
            raise _invalid(name, f"Expected type integer but found {_quoted(text)}")
        value = int(text)
        if value < least:
            raise _invalid(name, f"Value {value} is less than minimum {least}")
        if value > most:
            raise _invalid(name, f"Value {value} is greater than maximum {most}")
        return value

    def flag(self, name: str) -> bool | None:
        """True or false, in any case; None when it is not given."""
        text = self._given.get(name)
        if text is None:
            return None
        try:
            return {"true": True, "false": False}[text.lower()]
        except KeyError:
            raise _invalid(name, f"Expected type boolean but found {_quoted(text)}") from None

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """One of these words; None when it is not given."""
        text = self._given.get(name)
        if text is not None and text not in choices:
            raise _invalid(name, f"No enum match for: {_quoted(text)}; the values are: {', '.join(choices)}")
        return text

    def choices(self, name: str, choices: Collection[str]) -> list[str] | None:
        """Several of these words with commas between them; None when it is not given."""
        text = self._given.get(name)
        if text is None:
            return None
        words = text.split(",")
        for word in words:
            if word not in choices:
                raise _invalid(name, f"No enum match for: {_quoted(word)}; the values are: {', '.join(choices)}")
        return words

    def text(self, name: str, *, most: int = TEXT_CHARS) -> str | None:
        """Any text of at most so many characters; None when it is not given."""
        text = self._given.get(name)
        if text is not None and not 1 <= len(text) <= most:
            raise _invalid(name, f"The value must have from 1 to {most} characters, not {len(text)}")
        return text

    def texts(self, name: str) -> list[str]:
        """All that one of `many` was given."""
        return list(self._given.getall(name, []))

    def ulid(self, name: str) -> str | None:
        """The id of a hook or an execution; None when it is not given."""
        text = self._given.get(name)
        if text is not None and not is_ulid(text):
            raise _invalid(name, f"{_quoted(text)} is not an id of 26 characters")
        return text

    def moment(self, name: str) -> float | None:
        """A moment as RFC 3339 writes it, in seconds since the epoch; None when it is not given."""
        text = self._given.get(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise _invalid(name, f"{_quoted(text)} is not a moment such as 2026-11-21T07:05:00Z")
        return moment.timestamp()

    def page(self) -> tuple[int, int]:
        """`page` and `per_page`, as the number of rows before the first one and the number of rows."""
        limit = self.integer("per_page", PER_PAGE, least=0, most=MOST_PER_PAGE)
        return self.integer("page", 0, least=0, most=LAST_PAGE) * limit, limit

    def shown(self, fields: Sequence[str]) -> frozenset[str]:
        """Which of these are to be shown: `fields` only, or all but `fields` when `include_fields` is false."""
        named = self.choices("fields", fields)
        including = self.flag("include_fields") is not False
        if named is None:
            return frozenset(fields)
        return frozenset(named) if including else frozenset(fields).difference(named)


def _invalid(name: str, rule: str) -> InvalidQuery:
    return InvalidQuery(f"Query validation error: '{rule}' on property {name}.")


def _quoted(text: str) -> str:
    if not text:
        return "an empty text"
    return text if len(text) <= _QUOTED_CHARS else f"{text[:_QUOTED_CHARS]}..."
