"""Bodies, envelopes and arguments of the webtask protocol; the vendor's own code is asked what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.model import Answer, Failure, Refusal
from runtime.triggers import TRIGGERS, sample
from runtime.webtask import protocol
from tests.webtask.conftest import node

VALUES: list[Any] = [None, True, False, 0, 1.5, "", "text", [], ["x"], {}, {"x": 1}]
ABSENT = object()
WORDS = {
    "message_type": ["sms", "voice", "SMS"],
    "action": ["enrollment", "second-factor-authentication"],
}
COMPILERS = {"credentials-exchange": "client-credentials-exchange"}


def places(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Each member of an object, and of its objects down to the third floor."""
    found = [path]
    if isinstance(value, dict) and len(path) < 3:
        for name, member in value.items():
            found += places(member, (*path, name))
    return found


def changed(value: Any, path: tuple[str, ...], new: object) -> Any:
    """A copy that has something else, or nothing, at this place."""
    if not path:
        return new
    copy = dict(value)
    inner = changed(copy[path[0]], path[1:], new)
    if inner is ABSENT:
        del copy[path[0]]
    else:
        copy[path[0]] = inner
    return copy


def bodies(trigger: str) -> list[Any]:
    """A good body, and all that are bad in one place."""
    good = sample(trigger)
    made = [good]
    for path in places(good):
        values = [*VALUES, *WORDS.get(path[-1] if path else "", [])]
        made += [changed(good, path, new) for new in (values if not path else [ABSENT, *values])]
    return made


@pytest.mark.parametrize("trigger", TRIGGERS)
async def test_bodies_are_checked_as_the_vendor_checks_them(trigger: str, package: Path):
    """The first fault and its words, for every type in every place. The vendor's code crashes on nulls; no more is said there."""
    sent = bodies(trigger)
    compiler, script = COMPILERS.get(trigger, trigger), "module.exports = (...args) => args.pop()(null, 'fine');"
    cases = [{"compiler": compiler, "script": script, "body": body} for body in sent]

    said = await node(package, "test/vendor.js", stdin=cases)

    assert len(said) == len(sent) > 40
    for body, vendors in zip(sent, said, strict=True):
        ours = protocol.body_fault(trigger, body)
        if "crashed" in vendors:
            assert "null" in json.dumps(body)
        elif vendors["body"]["status"] == "success":
            assert ours is None, body
        else:
            assert ours is not None, body
            assert text_of(ours) == vendors["body"]["data"]["message"]


def text_of(reply: protocol.Reply) -> object:
    """The message of an envelope that has an error."""
    assert reply.status == 200
    assert isinstance(reply.body, dict)
    assert reply.body["status"] == "error"
    return reply.body["data"]["message"]


NOT_AN_OBJECT = "received by extensibility point is not an object"


@pytest.mark.parametrize(
    ("trigger", "body", "text"),
    [
        *[(trigger, None, f"Body {NOT_AN_OBJECT}") for trigger in TRIGGERS],
        ("send-phone-message", {"recipient": "1", "text": "t", "context": None}, f"Body.context {NOT_AN_OBJECT}"),
    ],
)
def test_where_the_vendors_code_crashes_there_is_a_fault(trigger, body, text):
    """The check that null slips through, there."""
    fault = protocol.body_fault(trigger, body)

    assert fault is not None
    assert text_of(fault) == text


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_the_arguments(trigger):
    """In the order of the hook's parameters; what is missing or null is null, which the hook sees as undefined."""
    body: Any = sample(trigger)
    webtask = {"headers": {"a": "b"}, "query": {"q": "1"}, "params": {}}
    request = protocol.RunRequest(trigger=trigger, body=body, webtask=webtask)

    arguments = request.arguments({"KEY": "value"})

    expected: dict[str, Any] = dict(body)
    context: dict[str, Any] = {"data": {"q": "1", "KEY": "value"}, **webtask, "secrets": {"KEY": "value"}}
    expected["context"] = {**body["context"], "webtask": context}
    assert arguments == [expected[name] for name in TRIGGERS[trigger].parameters]
    assert request.client_id == ("client-1" if "client" in str(body) else "")


def test_a_context_is_made_where_none_is_sent():
    """It has the webtask's and nothing else; a context that is no object is as none."""
    for context in (None, "text", [1]):
        body = {"client": None, "audience": "a", "context": context}
        request = protocol.RunRequest(trigger="credentials-exchange", body=body, webtask={})
        assert request.arguments({}) == [None, None, "a", {"webtask": {"data": {}, "secrets": {}}}]
        assert request.client_id == ""


def test_the_context_of_a_plain_webtask():
    """`data` has query, secrets and body; of one name the query's counts least, the body's not at all."""
    webtask = {"query": {"a": "query", "b": "query"}, "params": {}}
    http = {"method": "GET", "url": "/"}
    request = protocol.RunRequest(
        trigger="webtask", body={"b": "body", "c": "body"}, webtask=webtask, http=http, merged=True
    )

    assert request.arguments({"a": "secret"}) == [
        {"data": {"a": "secret", "b": "query", "c": "body"}, **webtask, "secrets": {"a": "secret"}, "request": http}
    ]
    assert request.client_id == ""


@pytest.mark.parametrize(
    ("header", "is_one"),
    [
        ("Bearer s3cret", True),
        ("  bEARER s3cret\t", True),
        ("Bearer s3cret ", True),
        ("Bearer  s3cret", False),
        ("Bearer", False),
        ("Bearer ", False),
        ("", False),
        ("s3cret", False),
        ("Basic s3cret", False),
        ("Bearer s3cre", False),
        ("Bearer s3cret\udcff", False),
    ],
)
async def test_the_bearer_is_compared_as_the_vendor_compares_it(header, is_one, package):
    """Trimmed, the scheme in any case, one space."""
    assert protocol.is_bearer(header, "s3cret") is is_one


ENVELOPE = {"statusCode": 200, "headers": {}, "status": "success"}


@pytest.mark.parametrize(
    ("trigger", "answer", "data"),
    [
        ("credentials-exchange", Answer({"scope": []}), {"data": {"scope": []}}),
        ("credentials-exchange", Answer(None), {"data": None}),
        ("credentials-exchange", Answer(None, undefined=True), {}),
        ("credentials-exchange", Answer(0), {"data": 0}),
        ("send-phone-message", Answer("text"), {"data": "text"}),
        ("pre-user-registration", Answer(None, undefined=True), {"data": {}}),
        ("post-user-registration", Answer(""), {"data": {}}),
        ("post-change-password", Answer([]), {"data": []}),
    ],
)
def test_the_envelope_of_an_answer(trigger, answer, data):
    """Nothing is no data, except where the vendor makes an object of it."""
    assert protocol.reply(trigger, answer) == protocol.Reply(200, {**ENVELOPE, **data})


STACK = "    at <anonymous> (hook.js:1:1)"


@pytest.mark.parametrize(
    ("outcome", "status", "body"),
    [
        (
            Refusal(name="Error", message="no", stack=STACK),
            200,
            {"status": "error", "data": {"stack": f"Error: no\n{STACK}", "message": "no"}},
        ),
        (
            Refusal(name="InvalidScopeError", message="no", stack=STACK, properties={"code": 7}),
            200,
            {
                "status": "error",
                "data": {
                    "stack": f"InvalidScopeError: no\n{STACK}",
                    "message": "no",
                    "name": "InvalidScopeError",
                    "code": 7,
                },
            },
        ),
        (
            Refusal(name="X", message="text"),
            200,
            {"status": "error", "data": {"stack": "Error: text", "message": "text"}},
        ),
        (
            Failure(code="malformed_answer", message="circular reference", name="TypeError"),
            200,
            {
                "status": "error",
                "data": {
                    "stack": "Error: Error when JSON serializing the result of the extension point",
                    "message": "Error when JSON serializing the result of the extension point",
                },
            },
        ),
        (
            Failure(code="source_rejected", message="SyntaxError: Unexpected token"),
            200,
            {
                "status": "error",
                "data": {
                    "stack": "SyntaxError: Unable to compile the extensibility code as javascript",
                    "message": "Unable to compile the extensibility code as javascript",
                    "error_description": "Unexpected token",
                },
            },
        ),
        (
            Failure(code="threw", message="boom", name="TypeError"),
            500,
            {
                "code": 500,
                "error": "Script generated an unhandled synchronous exception.",
                "details": "TypeError: boom",
                "name": "TypeError",
                "message": "boom",
            },
        ),
        (
            Failure(code="cpu_limit", message="too long"),
            500,
            {
                "code": 500,
                "error": "Script exceeded a limit.",
                "details": "Error: too long",
                "name": "Error",
                "message": "too long",
            },
        ),
        (
            Failure(code="circuit_open", message="too often"),
            503,
            {
                "code": 503,
                "error": "Script is left alone for a while.",
                "details": "Error: too often",
                "name": "Error",
                "message": "too often",
            },
        ),
    ],
)
def test_the_envelope_of_an_error(outcome, status, body):
    """An error's own properties; outside of the envelope what no compiler caught."""
    assert protocol.reply("credentials-exchange", outcome) == protocol.Reply(status, body)


@pytest.mark.parametrize(
    ("outcome", "status", "body"),
    [
        (Answer([1]), 200, [1]),
        (Answer(None, undefined=True), 200, {}),
        (Answer(0), 200, {}),
        (
            Refusal(name="Error", message="bad", stack=STACK),
            400,
            {
                "code": 400,
                "error": "Script returned an error.",
                "details": "Error: bad",
                "name": "Error",
                "message": "bad",
            },
        ),
        (
            Failure(code="source_rejected", message="SyntaxError: x"),
            400,
            {
                "code": 400,
                "error": "Unable to compile submitted JavaScript: SyntaxError: x",
                "details": "SyntaxError: x",
                "name": "SyntaxError",
                "message": "x",
            },
        ),
    ],
)
def test_what_a_plain_webtask_answers(outcome, status, body):
    """The value itself, or webtask's own errors."""
    assert protocol.plain_reply(outcome) == protocol.Reply(status, body)
