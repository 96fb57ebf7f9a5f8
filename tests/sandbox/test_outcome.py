"""From a reply of the guest to an outcome: messages in words, the console's last line, places in the user's source."""

from __future__ import annotations

import pytest

from runtime.model import FAILURES, Answer, ConsoleLine, Failure, Refusal
from runtime.sandbox import abi
from runtime.sandbox.outcome import console, failure, outcome, rejection
from tests.sandbox.running import LIMITS

LINE = ConsoleLine(level="info", text="x")


def test_each_kind_of_reply_is_an_outcome():
    """Answer, refusal, failure."""
    assert outcome(abi.Reply("answer", value={"a": 1}), LIMITS) == Answer({"a": 1})
    refusal = abi.Reply("refusal", code="refused", name="N", message="m", stack="s")
    assert outcome(refusal, LIMITS) == Refusal(name="N", message="m", stack="s")
    threw = abi.Reply("failure", code="threw", name="N", message="m {cpu_ms}", stack="s")
    assert outcome(threw, LIMITS) == Failure(code="threw", name="N", message="m {cpu_ms}", stack="s")


def test_an_answer_of_nothing_is_told_from_null():
    """`cb()` from `cb(null, null)`."""
    assert outcome(abi.Reply("answer", undefined=True), LIMITS) == Answer(None, undefined=True)
    assert outcome(abi.Reply("answer"), LIMITS) == Answer(None) != Answer(None, undefined=True)


@pytest.mark.parametrize(
    "text, properties",
    [
        ("", {}),
        ('{"a": {"b": [1, null]}}', {"a": {"b": [1, None]}}),
        ("{", {}),
        ("[1]", {}),
        ('"text"', {}),
        ("[" * 5000, {}),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", {}),
        ('{"a": ' + '{"b":' * 40 + "1" + "}" * 41, {}),
        ("{" + ",".join(f'"{n}": 1' for n in range(60)) + "}", {}),
        ('{"a": NaN}', {}),
    ],
)
def test_an_errors_properties_are_read_if_they_are_what_the_guest_writes(text: str, properties: dict[str, object]):
    """What is not, is nothing: they never turn a refusal into something else."""
    refusal = abi.Reply("refusal", name="N", message="m", properties=text)

    assert outcome(refusal, LIMITS) == Refusal(name="N", message="m", properties=properties)


@pytest.mark.parametrize("code", sorted(FAILURES))
def test_every_failure_has_a_message(code: str):
    """The limits' own name the limit's value; what the host found has its detail."""
    found = outcome(failure(code, "the {detail}"), LIMITS)

    assert isinstance(found, Failure)
    assert found.code == code
    assert found.message
    assert ("{" in found.message) == ("the {detail}" in found.message)


def test_what_the_host_found_keeps_what_was_there_before():
    """The console of a run that was stopped while it waited, and its memory."""
    before = abi.Reply("pending", (LINE,), console_dropped=2, memory_bytes=7)

    assert failure("wall_limit", before=before).console == (LINE,)
    assert (
        failure("wall_limit", before=before).memory_bytes,
        failure("x", memory_bytes=9, before=before).memory_bytes,
    ) == (7, 9)
    assert console(failure("wall_limit", before=before))[-1].level == "warn"


def test_a_full_console_has_one_line_more():
    """Only where lines are missing."""
    expected = ConsoleLine(level="warn", text="console_limit: 3 more lines were not kept.")

    assert console(abi.Reply("answer", (LINE,))) == (LINE,)
    assert console(abi.Reply("answer", (LINE,), console_dropped=3)) == (LINE, expected)


@pytest.mark.parametrize(
    "stack, place",
    [
        ("Error: x\n    at f (hook.js:12:34)\n    at hook.js:1:2\n", (12, 34)),
        ("SyntaxError: x\n    at hook.js:3:1\n", (3, 1)),
        ("Error: x\n    at g (native)\n    at hook.js:5:6", (5, 6)),
        ("", (0, 0)),
        ("hook.js:", (0, 0)),
        ("hook.js:1", (0, 0)),
        ("hook.js:a:b", (0, 0)),
        ("hook.js:-1:2", (0, 0)),
        ("hook.js:1:2:3", (0, 0)),
        ("hook.js:\u00b2:\u00b2", (0, 0)),
        ("hook.js:12345678:1", (0, 0)),
    ],
)
def test_a_rejection_has_the_first_place_in_the_users_source(stack: str, place: tuple[int, int]):
    """The stack is the hook's own text: what is no place is none."""
    error = rejection(abi.Reply("failure", code="threw", name="E", message="m", stack=stack), lines=20)

    assert (error.code, error.message, error.line, error.column) == ("threw", "E: m", *place)
    assert error.stack == stack


def test_the_end_of_the_input_is_the_users():
    """The parser goes on into the wrapper's last line; what it met there is nothing that the user wrote."""
    reply = abi.Reply(
        "failure", code="syntax_error", name="SyntaxError", message="expecting ';'", stack="at hook.js:3:2"
    )
    surplus = abi.Reply("failure", code="syntax_error", message="Unexpected token '}'", stack="at hook.js:3:1")

    assert (rejection(reply, lines=2).message, rejection(reply, lines=2).line) == (
        "SyntaxError: Unexpected end of input",
        2,
    )
    assert rejection(reply, lines=3).message == "SyntaxError: expecting ';'"
    assert (rejection(surplus, lines=2).message, rejection(surplus, lines=2).line) == (
        "SyntaxError: Unexpected token '}'",
        0,
    )
