"""What an Action decided, out of what its adapter answers: twin of `adapters/actions.js`. All of it is an attacker's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from runtime.model import Answer, Failure, JsonObject, Outcome, Refusal
from runtime.sandbox import abi
from runtime.sandbox.caches import MOST_KEY, MOST_VALUE, Change

MARK: Final = "hookd:action"
"""The one member of what an Action answers; a plain function, which the adapter lets be, answers without it."""

MOST_CHANGES: Final = 64
"""The adapter keeps one for each key; who goes around it has the last ones only."""


class Did(NamedTuple):
    """What an Action decided, what it changed in its cache, and whether it read that."""

    outcome: Outcome
    changes: Sequence[Change] = ()
    asked: bool = False


def unpacked(answer: Answer) -> Did:
    """What the Action did."""
    packed = answer.value
    if type(packed) is not dict or packed.keys() != {MARK}:
        return Did(answer)
    said = packed[MARK]
    if type(said) is not dict:
        return Did(_nonsense())
    changes, asked = list(_changes(said.get("cache"))), said.get("asked") is True
    if "refusal" in said:
        return Did(_refusal(said["refusal"]), changes, asked)
    return Did(Answer(said["answer"]) if "answer" in said else _nonsense(), changes, asked)


def _refusal(said: object) -> Outcome:
    if type(said) is not dict:
        return _nonsense()
    name, message = _text(said.get("name"), abi.MOST_NAME), _text(said.get("message"), abi.MOST_MESSAGE)
    return Refusal(name=name, message=message, properties=_properties(said.get("properties")))


def _nonsense() -> Failure:
    return Failure(code="malformed_answer", message="The Action's answer has a shape that api never gives it.")


def _text(value: object, most: int) -> str:
    return value[:most] if type(value) is str else ""


def _properties(said: object) -> JsonObject:
    """Texts for end users; as short as an error's properties are."""
    if type(said) is not dict or len(said) > abi.MOST_MEMBERS:
        return {}
    return {name: value[:4096] for name, value in said.items() if type(value) is str and len(name) <= MOST_KEY}


def _changes(said: object) -> Iterable[Change]:
    for change in said[-MOST_CHANGES:] if type(said) is list else ():
        match change:
            case [str(key)]:
                yield Change(key)
            case [str(key), str(value), int() | float() as expires_at] if _fits(key, value):
                yield Change(key, value, float(expires_at))


def _fits(key: str, value: str) -> bool:
    return len(key.encode()) <= MOST_KEY and len(value.encode()) <= MOST_VALUE
