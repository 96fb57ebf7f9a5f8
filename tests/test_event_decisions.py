"""What a hook's answer decides at the extensibility points without a token (contract 0, contract-full 2.7)."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime import claims, triggers
from runtime.claims import MAX_DEPTH, MAX_DESCRIPTION, MAX_MEMBERS, MAX_NAME, PLACES, REASONS
from runtime.model import FAILURES, Allow, Answer, Deny, DroppedClaim, Failure, Outcome, Refusal
from runtime.triggers import TRIGGERS, EventRequest
from runtime.triggers.event import parse_event

CALM = settings(deadline=None)  # other work may share the machine
REQUESTS = {
    trigger.id: parse_event(trigger, triggers.sample(trigger.id)) for trigger in TRIGGERS.values() if not trigger.grant
}
SIGN_UP, MESSAGE = REQUESTS["pre-user-registration"], REQUESTS["send-phone-message"]
AFTER = [REQUESTS["post-user-registration"], REQUESTS["post-change-password"]]
ALL = pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
BLOCKING = pytest.mark.parametrize("request_", [SIGN_UP, MESSAGE], ids=lambda request: request.trigger.id)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | st.just("$x.y"), inner, max_size=3),
    max_leaves=8,
)
USERS = st.fixed_dictionaries({}, optional={"user_metadata": JSON, "app_metadata": JSON, "email": JSON})
ANSWERS = JSON | st.fixed_dictionaries({}, optional={"user": USERS | JSON, "x": JSON})


def decided(request: EventRequest, value: object) -> Allow:
    decision, fault = claims.decide(request, Answer(value))
    assert isinstance(decision, Allow), fault
    assert fault is None
    return decision


def user(value: object) -> object:
    decision = decided(SIGN_UP, value)
    assert decision.data is not None
    return decision.data["user"]


def dropped(value: object) -> list[tuple[str, str, str]]:
    return [(claim.token, claim.name, claim.reason) for claim in decided(SIGN_UP, value).dropped]


def deep(levels: int) -> object:
    value: object = "leaf"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


# pre-user-registration


@pytest.mark.parametrize(
    "value, expected",
    [
        (None, {}),
        ({}, {}),
        ({"user": None}, {}),
        ({"user": {}}, {}),
        ({"user": {"user_metadata": None, "app_metadata": {}}}, {"app_metadata": {}}),
        ({"user": {"user_metadata": {"a": [1, {"b": None}]}}}, {"user_metadata": {"a": [1, {"b": None}]}}),
        (
            {"user": {"user_metadata": {"a": 1}, "app_metadata": {"b": 2}}},
            {"user_metadata": {"a": 1}, "app_metadata": {"b": 2}},
        ),
    ],
)
def test_a_new_user_gets_the_metadata_that_the_hook_answers(value: object, expected: object):
    """`{"user": {"user_metadata"?, "app_metadata"?}}`; nothing means `{}`."""
    assert (user(value), dropped(value)) == (expected, [])


def test_the_starter_codes_answer_is_the_whole_user():
    """`response.user = user`: what the hook left as it was is not reported as dropped, the metadata stay."""
    whole = SIGN_UP.user

    assert user({"user": whole}) == {name: whole[name] for name in ("user_metadata", "app_metadata")}
    assert dropped({"user": whole}) == []


def test_what_a_hook_sets_in_vain_is_named():
    """Beside the metadata nothing of a user is used."""
    value = {"x": 1, "user": {**SIGN_UP.user, "email": "other@example.com", "blocked": True}}

    assert dropped(value) == [
        ("answer", "x", "not_used"),
        ("user", "email", "not_used"),
        ("user", "blocked", "not_used"),
    ]


@pytest.mark.parametrize("place", ["user_metadata", "app_metadata"])
@pytest.mark.parametrize(
    "name, reason",
    [
        ("a.b", "dot_or_dollar"),
        (".", "dot_or_dollar"),
        ("$a", "dot_or_dollar"),
        ("$", "dot_or_dollar"),
        ("x" * (MAX_NAME + 1), "name_too_long"),
    ],
)
def test_a_member_with_a_bad_name_is_dropped(place: str, name: str, reason: str):
    """Contract 0: names without a dot, and not beginning with `$`; the others arrive."""
    value = {"user": {place: {name: 1, "a$": 2}}}

    assert user(value) == {place: {"a$": 2}}
    assert dropped(value) == [(place, name[:MAX_NAME], reason)]


def test_a_member_that_nests_too_deeply_is_dropped():
    """It could not be written as JSON by everybody."""
    value = {"user": {"app_metadata": {"fine": deep(MAX_DEPTH), "deep": deep(MAX_DEPTH + 1)}, "x": deep(3000)}}

    assert user(value) == {"app_metadata": {"fine": deep(MAX_DEPTH)}}
    assert dropped(value) == [("user", "x", "not_used"), ("app_metadata", "deep", "nested_too_deeply")]


def test_what_is_as_deep_as_it_came_is_reported_without_being_compared():
    """Comparing takes a stack as deep as the value."""
    request = replace(SIGN_UP, inputs=({**SIGN_UP.user, "x": deep(3000)},))
    decision, _ = claims.decide(request, Answer({"user": {"x": deep(3000)}}))

    assert isinstance(decision, Allow)
    assert decision.dropped == (DroppedClaim(name="x", token="user", reason="not_used"),)


@pytest.mark.parametrize(
    "value, message",
    [
        ("text", "The answer must be an object, not string."),
        ([], "The answer must be an object, not array."),
        (True, "The answer must be an object, not boolean."),
        ({"user": "ada"}, "'user' must be an object, not string."),
        ({"user": {"user_metadata": [1]}}, "'user.user_metadata' must be an object, not array."),
        ({"user": {"app_metadata": 1}}, "'user.app_metadata' must be an object, not number."),
        (
            {"user": {"app_metadata": dict.fromkeys(map(str, range(MAX_MEMBERS + 1)), 1)}},
            "'user.app_metadata' has 1,001 members; it may have 1,000.",
        ),
    ],
)
def test_a_malformed_answer_refuses_the_registration_and_says_where(value: object, message: str):
    """As for tokens: the caller reads server_error, the developer the place."""
    decision, fault = claims.decide(SIGN_UP, Answer(value))

    assert decision == Deny(error="server_error", description="The hook failed: malformed_answer.")
    assert fault == Failure(code="malformed_answer", message=message, name="TypeError")


# Denials


@BLOCKING
@pytest.mark.parametrize("name", ["Error", "PreUserRegistrationError", "SendPhoneMessageError", "InvalidScopeError"])
@pytest.mark.parametrize(
    "properties, shown", [({}, ""), ({"friendlyMessage": "Sorry."}, "Sorry."), ({"friendlyMessage": 7}, "")]
)
def test_an_error_denies_with_its_message_and_a_text_for_the_user(
    request_: EventRequest, name: str, properties: dict[str, object], shown: str
):
    """`new PreUserRegistrationError(message, friendlyMessage)`, of whatever class: access_denied."""
    refusal = Refusal(name=name, message="for the log", properties=properties)

    assert claims.decide(request_, refusal) == (
        Deny(error="access_denied", description="for the log", user_message=shown),
        refusal,
    )


@BLOCKING
def test_a_denials_texts_are_cut(request_: EventRequest):
    """As a token's denial."""
    long = "x" * (MAX_DESCRIPTION + 1)
    decision, _ = claims.decide(request_, Refusal(name="E", message=long, properties={"friendlyMessage": long}))

    assert decision == Deny(error="access_denied", description=long[:-1], user_message=long[:-1])


@BLOCKING
@pytest.mark.parametrize("code", FAILURES)
def test_a_hook_that_broke_denies(request_: EventRequest, code: str):
    """And the caller learns nothing of the hook's inside."""
    failure = Failure(code=code, message="inside")

    assert claims.decide(request_, failure) == (
        Deny(error="server_error", description=f"The hook failed: {code}."),
        failure,
    )


# After the fact


@pytest.mark.parametrize("request_", AFTER, ids=lambda request: request.trigger.id)
@pytest.mark.parametrize(
    "outcome", [Refusal(name="Error", message="no"), *(Failure(code=code, message="m") for code in FAILURES)], ids=repr
)
def test_nothing_is_denied_after_the_fact(request_: EventRequest, outcome: Outcome):
    """The user is registered, the password changed: the fault is shown, and that is all."""
    assert claims.decide(request_, outcome) == (Allow(), outcome)


@CALM
@given(value=JSON)
def test_any_answer_is_one_where_it_is_not_used(value: object):
    """Contract 0: any JSON."""
    assert [claims.decide(request, Answer(value)) for request in (*AFTER, MESSAGE)] == [(Allow(), None)] * 3


@ALL
@pytest.mark.parametrize(
    "outcome, text",
    [
        (Answer({"a": [1]}), '{"a": [1]}'),
        (Answer(None), "null"),
        (Answer(None, undefined=True), ""),
        (Answer("x" * 9999), '"' + "x" * 4095),
        (Answer(deep(3000)), '"(nested too deeply)"'),
        (Refusal(name="E", message="m"), ""),
        (Failure(code="threw", message="m"), ""),
    ],
    ids=["object", "null", "undefined", "long", "deep", "refusal", "failure"],
)
def test_what_is_recorded_of_an_answer(request_: EventRequest, outcome: Outcome, text: str):
    """Where nothing else is done with it; a user's metadata have their reader, and are theirs."""
    assert claims.logged(request_, outcome) == ("" if request_ is SIGN_UP else text)


# All of them


@ALL
def test_without_a_hook_nothing_is_set(request_: EventRequest):
    """The answer has the shape that it has with one."""
    assert claims.unchanged(request_) == Allow(data={"user": {}} if request_ is SIGN_UP else None)


@CALM
@given(value=ANSWERS)
def test_any_json_is_decided(value: object):
    """An answer that can be written, or a malformed one; every dropped member has a reason and a place that are explained."""
    decision, fault = claims.decide(SIGN_UP, Answer(value))

    if isinstance(decision, Allow):
        assert decision.data is not None
        assert set(orjson.loads(orjson.dumps(decision.data))["user"]) <= {"user_metadata", "app_metadata"}
        assert {claim.reason for claim in decision.dropped} <= REASONS.keys()
        assert {claim.token for claim in decision.dropped} <= set(PLACES)
    else:
        assert isinstance(fault, Failure)
        assert fault.code == "malformed_answer"


def test_every_reason_is_one_that_is_given():
    """Each key of REASONS can be met, and no dropped member has another."""
    answers: dict[str, object] = {
        "credentials-exchange": {"iss": 1, "x": 1, "https://auth0.com/": 1, "x" * 2000: 1, "idToken": {}},
        "password-exchange": {"idToken": {}, "x": 1, "accessToken": {"https://foo.com/a": deep(99)}},
        "pre-user-registration": {"x": 1, "user": {"user_metadata": {"$": 1}}},
    }
    reasons = set()
    for trigger, value in answers.items():
        request = triggers.parse(TRIGGERS[trigger], triggers.sample(trigger))
        decision, _ = claims.decide(request, Answer(value))
        assert isinstance(decision, Allow)
        reasons |= {claim.reason for claim in decision.dropped}

    assert reasons == REASONS.keys()
