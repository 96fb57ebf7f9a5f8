from __future__ import annotations

import re

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime import triggers
from runtime.errors import InvalidBody
from runtime.grammar import is_scope
from runtime.model import Secrets
from runtime.triggers import TRIGGERS, TokenRequest, Trigger
from runtime.triggers.token import parse_token

CREDENTIALS = TRIGGERS["credentials-exchange"]
PASSWORD = TRIGGERS["password-exchange"]
BOTH = pytest.mark.parametrize("trigger", [CREDENTIALS, PASSWORD], ids=lambda trigger: trigger.id)

CLIENT = {"tenant": "acme", "id": "c1", "name": "shop", "metadata": {"plan": "gold"}}
USER = {"tenant": "acme", "id": "u1", "displayName": "Ann", "email": "ann@acme.example"}
CONTEXT = {"ip": "192.0.2.1", "userAgent": "curl/8"}
BODIES: dict[str, dict[str, object]] = {
    CREDENTIALS.id: {"client": CLIENT, "scope": ["a", "b"], "audience": "https://api/", "context": CONTEXT},
    PASSWORD.id: {"user": USER, "client": CLIENT, "scope": ["a", "b"], "audience": "https://api/", "context": CONTEXT},
}
SECRETS = Secrets(KEY="real")

# What orjson reads as an integer; beyond, it is a float.
INTEGERS = st.integers(-(2**63), 2**64 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CALM = settings(deadline=None)  # other work may share the machine
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=12,
)
NAMED = re.compile(
    r"^The body |^'(client|scope(\[\d+\])?|audience|context|user)' |is not a field of an execution request"
)
FIELDS = ("client", "scope", "audience", "context", "user")
# Bodies that are nearly right, so that each rule is reached.
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "client": st.just(CLIENT) | JSON,
        "scope": st.just(["a"]) | st.lists(TEXT) | JSON,
        "audience": TEXT | JSON,
        "context": st.just(CONTEXT) | JSON,
        "user": st.just(USER) | JSON,
        "extra": JSON,
    },
)


def parsed(trigger: Trigger, **changes: object) -> TokenRequest:
    return parse_token(trigger, BODIES[trigger.id] | changes)


@BOTH
def test_a_whole_body_is_parsed(trigger: Trigger):
    """Every field arrives as it was sent; scopes in their order."""
    request = parsed(trigger)

    assert (request.client, request.scope, request.audience, request.context) == (
        CLIENT,
        ("a", "b"),
        "https://api/",
        CONTEXT,
    )
    assert request.user == (USER if trigger is PASSWORD else None)
    assert request.client_id == "c1"


@BOTH
@pytest.mark.parametrize("missing", [{}, {"scope": None, "context": None}], ids=["absent", "null"])
def test_scope_and_context_may_be_missing(trigger: Trigger, missing: dict[str, object]):
    """Contract 0: scope may be absent; null counts as absent, as everywhere at the token endpoint (contract 2)."""
    body = {name: value for name, value in BODIES[trigger.id].items() if name not in ("scope", "context")}
    request = parse_token(trigger, body | missing)

    assert (request.scope, request.context) == (None, {})


@BOTH
@pytest.mark.parametrize(
    "changes, message",
    [
        ({"client": None}, "'client' is missing; it must be an object."),
        ({"client": "c1"}, "'client' must be an object, not string."),
        ({"client": [CLIENT]}, "'client' must be an object, not array."),
        ({"audience": None}, "'audience' is missing; it must be a string."),
        ({"audience": ["a"]}, "'audience' must be a string, not array."),
        ({"audience": {}}, "'audience' must be a string, not object."),
        ({"context": "x"}, "'context' must be an object, not string."),
        ({"context": False}, "'context' must be an object, not boolean."),
        ({"scope": "a b"}, "'scope' must be an array of strings, not string."),
        ({"scope": {}}, "'scope' must be an array of strings, not object."),
        ({"scope": 0}, "'scope' must be an array of strings, not number."),
        ({"scope": ["a", None]}, "'scope[1]' must be a string, not null."),
        ({"scope": [True]}, "'scope[0]' must be a string, not boolean."),
        ({"scope": [1.5]}, "'scope[0]' must be a string, not number."),
        ({"scopes": []}, "'scopes' is not a field of an execution request; the fields are: client, scope, audience,"),
        ({"": 1}, "'' is not a field of an execution request"),
    ],
)
def test_a_wrong_field_is_named(trigger: Trigger, changes: dict[str, object], message: str):
    """400 with the field, the rule and JSON's name for what came instead."""
    with pytest.raises(InvalidBody, match=re.escape(message)):
        parsed(trigger, **changes)


@BOTH
@pytest.mark.parametrize(
    "body, word", [(None, "null"), ([], "array"), ("{}", "string"), (1, "number"), (True, "boolean")]
)
def test_a_body_that_is_no_object_is_refused(trigger: Trigger, body: object, word: str):
    """Contract-full 2.3: the first check of all."""
    with pytest.raises(InvalidBody, match=f"^The body must be an object, not {word}\\.$"):
        triggers.parse(trigger, body)


@pytest.mark.parametrize(
    "body, fault",
    [
        ({}, "is missing; it must be an object"),
        ({"user": None}, "is missing; it must be an object"),
        ({"user": "u1"}, "must be an object, not string"),
        ({"user": []}, "must be an object, not array"),
    ],
)
def test_a_password_grant_has_a_user(body: dict[str, object], fault: str):
    """Contract 0: the user is the first argument."""
    rest = {name: value for name, value in BODIES[PASSWORD.id].items() if name != "user"}

    with pytest.raises(InvalidBody, match=f"^'user' {fault}\\.$"):
        triggers.parse(PASSWORD, rest | body)


def test_a_client_credentials_grant_has_no_user():
    """A user there is a token server's mistake that must not pass in silence; null is none."""
    with pytest.raises(InvalidBody, match="'user' is not sent at credentials-exchange"):
        parsed(CREDENTIALS, user=USER)
    assert parsed(CREDENTIALS, user=None).user is None


@pytest.mark.parametrize("scope", ["", " ", "a b", "a\tb", 'a"', "a\\b", "\u00e9", "a\x7f", "a\n", "\x00"])
def test_a_scope_is_a_scope_token(scope: str):
    """RFC 6749 3.3. Let through, "a b" would be two scopes in a token that the hook never touched."""
    with pytest.raises(InvalidBody, match=r"'scope\[1\]' is not a scope: one or more printable ASCII"):
        parsed(CREDENTIALS, scope=["fine", scope])


@pytest.mark.parametrize("scope", ["a", "read:users", "https://x.example/scope", "!", "~", "#[]{}'`", "a,b;c"])
def test_every_scope_token_passes(scope: str):
    """RFC 6749 3.3: printable ASCII but space, quote and backslash."""
    assert parsed(CREDENTIALS, scope=[scope]).scope == (scope,)


def test_a_scope_that_is_sent_twice_counts_once():
    """Scopes are a set (RFC 6749 3.3); their order is kept."""
    assert parsed(CREDENTIALS, scope=["b", "a", "b"]).scope == ("b", "a")


def test_a_message_repeats_no_endless_name():
    """The caller's own text in an error is cut."""
    with pytest.raises(InvalidBody) as caught:
        parsed(CREDENTIALS, **{"x" * 100_000: 1})
    assert len(caught.value.message) < 300


@BOTH
@CALM
@given(body=JSON | NEARLY)
@example(body={"client": CLIENT, "audience": "a", "__proto__": {}})
def test_any_json_is_a_request_or_a_named_fault(trigger: Trigger, body: object):
    """Any JSON is either a TokenRequest, or an InvalidBody whose message names the body or one of its fields."""
    try:
        request = parse_token(trigger, body)
    except InvalidBody as error:
        assert NAMED.search(error.message)  # noqa: PT017 - whether it raises depends on the body
    else:
        assert isinstance(body, dict)
        assert set(body) <= set(FIELDS)
        assert all(map(is_scope, request.scope or ()))
        assert orjson.loads(orjson.dumps(request.arguments(SECRETS)))[-2] == request.audience


@BOTH
def test_arguments_are_in_the_order_of_the_parameters(trigger: Trigger):
    """Contract 0: user (password only), client, scope, audience, context."""
    context = {**CONTEXT, "webtask": {"secrets": SECRETS}, "secrets": SECRETS}
    by_name = {"user": USER, "client": CLIENT, "scope": ("a", "b"), "audience": "https://api/", "context": context}

    assert parsed(trigger).arguments(SECRETS) == [by_name[name] for name in trigger.parameters]


def test_an_absent_scope_is_an_argument_of_its_own():
    """The arguments behind it keep their places; None is `undefined` in the guest."""
    assert parsed(CREDENTIALS, scope=None).arguments(SECRETS)[:3] == [CLIENT, None, "https://api/"]


@BOTH
@CALM
@given(context=st.dictionaries(st.sampled_from(["webtask", "secrets", "ip", "__proto__"]) | TEXT, JSON, max_size=6))
@example(context={"webtask": {"secrets": {"KEY": "forged"}, "token": "t"}, "secrets": {"KEY": "forged"}})
def test_what_the_caller_calls_secrets_never_passes(trigger: Trigger, context: dict[str, object]):
    """context.webtask and context.secrets are hookd's alone, whatever the token server sent under these names."""
    given_context = orjson.loads(orjson.dumps(parsed(trigger, context=context).arguments(SECRETS)))[-1]

    assert given_context["webtask"] == {"secrets": {"KEY": "real"}}
    assert given_context["secrets"] == {"KEY": "real"}
    assert {name for name in given_context if name not in context} <= {"webtask", "secrets"}


def test_arguments_leave_the_request_as_it_was():
    """A request that is run twice (inline first) holds no secrets from the first time."""
    request = parsed(CREDENTIALS)
    request.arguments(SECRETS)

    assert request.context == {"ip": "192.0.2.1", "userAgent": "curl/8"}


@pytest.mark.parametrize(
    "client, expected", [({}, ""), ({"id": None}, ""), ({"id": 7}, ""), ({"id": "x"}, "x"), ({"client_id": "x"}, "")]
)
def test_the_client_id_is_the_clients_id_or_nothing(client: dict[str, object], expected: str):
    """Records name the client where the token server did."""
    assert parsed(CREDENTIALS, client=client).client_id == expected


@BOTH
def test_context_webtask_has_what_a_webtask_has_beside_its_secrets(trigger: Trigger):
    """Contract-full 2.4: headers, query, meta ... of a request that came as to a webtask; its secrets stay hookd's."""
    request = parsed(trigger)
    request.webtask = {"headers": {"host": "x"}, "secrets": {"KEY": "forged"}}

    context = request.arguments(SECRETS)[-1]

    assert isinstance(context, dict)
    assert context["webtask"] == {"headers": {"host": "x"}, "secrets": SECRETS}
