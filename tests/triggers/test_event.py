"""The door of the four extensibility points without a token: what is sent, and what the hook is called with."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime import triggers
from runtime.errors import InvalidBody
from runtime.model import Secrets
from runtime.triggers import TRIGGERS, EventRequest, Trigger
from runtime.triggers.event import parse_event

CALM = settings(deadline=None)  # other work may share the machine
EVENTS = [trigger for trigger in TRIGGERS.values() if not trigger.grant]
USERS = [trigger for trigger in EVENTS if trigger.id != "send-phone-message"]
PHONE = TRIGGERS["send-phone-message"]
EACH = pytest.mark.parametrize("trigger", EVENTS, ids=lambda trigger: trigger.id)
EACH_USER = pytest.mark.parametrize("trigger", USERS, ids=lambda trigger: trigger.id)
SECRETS = Secrets(KEY="real")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELD = re.compile(r"^The body |^'(user|recipient|text|context(\.\w+)*)' |is not a field of an execution request")


def body_of(trigger: Trigger) -> dict[str, Any]:
    return dict(triggers.sample(trigger.id))


def changed(trigger: Trigger, path: str, value: object) -> dict[str, Any]:
    """The trigger's sample with another value at this path; the member is absent where the value is `...`."""
    body = body_of(trigger)
    *parents, name = path.split(".")
    inside = body
    for parent in parents:
        inside = inside[parent]
    if value is ...:
        del inside[name]
    else:
        inside[name] = value
    return body


def refused(trigger: Trigger, body: object) -> str:
    with pytest.raises(InvalidBody) as caught:
        triggers.parse(trigger, body)
    return caught.value.message


@EACH
def test_a_request_is_parsed(trigger: Trigger):
    """As it was sent, in the order of the hook's parameters (contract 0)."""
    body = body_of(trigger)
    request = triggers.parse(trigger, body)
    context = {**body["context"], "webtask": {"secrets": SECRETS}, "secrets": SECRETS}

    assert isinstance(request, EventRequest)
    assert request.arguments(SECRETS) == [*(body[name] for name in trigger.parameters[:-1]), context]
    assert (request.trigger, request.audience, request.webtask) == (trigger, "", {})
    assert request.client_id == ("client-1" if trigger is PHONE else "")
    assert request.user == (body["context"] if trigger is PHONE else body)["user"]


@pytest.mark.parametrize("value", [None, ...], ids=["null", "absent"])
def test_a_phone_message_may_have_no_client(value: object):
    """Contract 0: `client?`; null counts as absent, as everywhere."""
    assert parse_event(PHONE, changed(PHONE, "context.client", value)).client_id == ""
    assert parse_event(PHONE, changed(PHONE, "context.client.client_metadata", value)).client_id == "client-1"


OBJECT = "must be an object, not"
NO_OBJECT, NO_STRING = "is missing; it must be an object.", "is missing; it must be a string."
STRING = "must be a string, not"
USER_FAULTS: list[tuple[str, object, str]] = [
    ("user", ..., f"'user' {NO_OBJECT}"),
    ("user", None, f"'user' {NO_OBJECT}"),
    ("user", "ada", f"'user' {OBJECT} string."),
    ("user", [], f"'user' {OBJECT} array."),
    ("context", ..., f"'context' {NO_OBJECT}"),
    ("context", "x", f"'context' {OBJECT} string."),
    ("context", False, f"'context' {OBJECT} boolean."),
    ("context.connection", ..., f"'context.connection' {NO_OBJECT}"),
    ("context.connection", "Users", f"'context.connection' {OBJECT} string."),
    ("context.connection", 1.5, f"'context.connection' {OBJECT} number."),
    ("scope", [], "'scope' is not a field of an execution request; the fields are: user, context."),
]
PHONE_FAULTS: list[tuple[str, object, str]] = [
    ("recipient", ..., f"'recipient' {NO_STRING}"),
    ("recipient", 18085555555, f"'recipient' {STRING} number."),
    ("text", {}, f"'text' {STRING} object."),
    ("context", None, f"'context' {NO_OBJECT}"),
    ("context.message_type", ..., "'context.message_type' is missing; it must be 'sms' or 'voice'."),
    ("context.message_type", "SMS", "'context.message_type' must be 'sms' or 'voice', not 'SMS'."),
    ("context.message_type", ["sms"], "'context.message_type' must be 'sms' or 'voice', not array."),
    ("context.action", 1, "'context.action' must be 'enrollment' or 'second-factor-authentication', not number."),
    ("context.action", "", "'context.action' must be 'enrollment' or 'second-factor-authentication', not ''."),
    ("context.language", ..., f"'context.language' {NO_STRING}"),
    ("context.code", 123456, f"'context.code' {STRING} number."),
    ("context.ip", None, f"'context.ip' {NO_STRING}"),
    ("context.user_agent", [], f"'context.user_agent' {STRING} array."),
    ("context.client", "1235", f"'context.client' {OBJECT} string."),
    ("context.client.client_id", ..., f"'context.client.client_id' {NO_STRING}"),
    ("context.client.client_id", 1235, f"'context.client.client_id' {STRING} number."),
    ("context.client.client_id", "x" * 257, "'context.client.client_id' may have 256 characters; it has 257."),
    ("context.client.name", None, f"'context.client.name' {NO_STRING}"),
    ("context.client.client_metadata", [], f"'context.client.client_metadata' {OBJECT} array."),
    ("context.user", ..., f"'context.user' {NO_OBJECT}"),
    ("context.user", "u", f"'context.user' {OBJECT} string."),
    ("user", {}, "'user' is not a field of an execution request; the fields are: recipient, text, context."),
]


@EACH_USER
@pytest.mark.parametrize("path, value, message", USER_FAULTS)
def test_a_wrong_member_of_a_users_event_is_named(trigger: Trigger, path: str, value: object, message: str):
    """Contract-full 2.3, one sentence: field, rule, and JSON's name for what came instead."""
    assert refused(trigger, changed(trigger, path, value)) == message


@pytest.mark.parametrize("path, value, message", PHONE_FAULTS)
def test_a_wrong_member_of_a_phone_message_is_named(path: str, value: object, message: str):
    """Likewise."""
    assert refused(PHONE, changed(PHONE, path, value)) == message


@EACH
@pytest.mark.parametrize("body, word", [(None, "null"), ([], "array"), ("{}", "string"), (1, "number")])
def test_a_body_that_is_no_object_is_refused(trigger: Trigger, body: object, word: str):
    """The first check of all."""
    assert refused(trigger, body) == f"The body must be an object, not {word}."


def test_a_message_repeats_no_endless_text():
    """The caller's own text in an error is cut."""
    assert len(refused(PHONE, changed(PHONE, "context.action", "x" * 100_000))) < 300
    assert len(refused(PHONE, {"x" * 100_000: 1})) < 300


@EACH_USER
def test_only_who_decides_about_a_sign_up_sees_the_password(trigger: Trigger):
    """Contract 0: afterwards it is not sent; a server that does send it shows it to no hook."""
    request = parse_event(trigger, changed(trigger, "user.password", "hunter22"))

    assert ("password" in request.user) == (trigger.id == "pre-user-registration")
    assert {**request.user, "password": ""} == {**body_of(trigger)["user"], "password": ""}


@pytest.mark.parametrize(
    "value, expected",
    [("s3cret", {"password": "s3cret"}), (None, {}), (True, {}), (12345678, {"password": "12345678"})],
)
def test_what_is_confidential_is_named(value: object, expected: dict[str, str]):
    """The password of a sign-up, the code of a message, where they are texts."""
    sign_up = TRIGGERS["pre-user-registration"]

    assert parse_event(sign_up, changed(sign_up, "user.password", value)).confidential == expected
    assert parse_event(PHONE, body_of(PHONE)).confidential == {"code": "999111"}


@EACH
@CALM
@given(context=st.dictionaries(st.sampled_from(["webtask", "secrets", "__proto__"]) | TEXT, JSON, max_size=4))
@example(context={"webtask": {"secrets": {"KEY": "forged"}, "token": "t"}, "secrets": {"KEY": "forged"}})
def test_what_the_caller_calls_secrets_never_passes(trigger: Trigger, context: dict[str, object]):
    """context.webtask and context.secrets are hookd's alone."""
    body = body_of(trigger)
    request = parse_event(trigger, body | {"context": context | body["context"]})
    given_context = orjson.loads(orjson.dumps(request.arguments(SECRETS)))[-1]

    assert given_context["webtask"] == {"secrets": {"KEY": "real"}}
    assert given_context["secrets"] == {"KEY": "real"}


def test_context_webtask_has_what_a_webtask_has_beside_its_secrets():
    """As in a token request."""
    request = parse_event(PHONE, body_of(PHONE))
    request.webtask = {"headers": {"host": "x"}, "secrets": {"KEY": "forged"}}
    context = request.arguments(SECRETS)[-1]

    assert isinstance(context, dict)
    assert context["webtask"] == {"headers": {"host": "x"}, "secrets": SECRETS}


@EACH
@CALM
@given(data=st.data())
def test_any_json_is_a_request_or_a_named_fault(trigger: Trigger, data: st.DataObject):
    """Whatever stands in place of a member, or of the body."""
    body = body_of(trigger)
    places: list[dict[str, Any]] = [body, body["context"]]
    inside = data.draw(st.sampled_from(places))
    inside[data.draw(st.sampled_from(sorted(inside)) | TEXT)] = data.draw(JSON)
    sent = data.draw(st.just(body) | JSON)
    try:
        request = triggers.parse(trigger, sent)
    except InvalidBody as error:
        assert FIELD.search(error.message)  # noqa: PT017 - whether it raises depends on the body
    else:
        assert len(orjson.loads(orjson.dumps(request.arguments(SECRETS)))) == len(trigger.parameters)
