from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime import claims
from runtime.claims import MAX_DEPTH, MAX_DESCRIPTION, MAX_MEMBERS, MAX_NAME, PROTECTED, claim_fault
from runtime.grammar import SCOPE_RULE, is_scope
from runtime.model import FAILURES, Allow, Answer, Deny, DroppedClaim, Failure, Refusal
from runtime.triggers import TRIGGERS, TokenRequest
from runtime.triggers.token import parse_token

CALM = settings(deadline=None)  # other work may share the machine
ASKED = ("asked", "b")
BODY: dict[str, object] = {"client": {"id": "c"}, "scope": list(ASKED), "audience": "https://api/"}
CREDENTIALS = parse_token(TRIGGERS["credentials-exchange"], BODY)
PASSWORD = parse_token(TRIGGERS["password-exchange"], BODY | {"user": {"id": "u"}})
BOTH = pytest.mark.parametrize("request_", [CREDENTIALS, PASSWORD], ids=lambda request_: request_.trigger.id)
NAME = "https://foo.com/claim"

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
# What orjson reads as an integer; beyond, it is a float.
INTEGERS = st.integers(-(2**63), 2**64 - 1)
SCALARS = st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT
NAMES = (
    st.sampled_from(["scope", "accessToken", "idToken", "__proto__", "constructor", *sorted(PROTECTED)])
    | st.sampled_from(["https://foo.com/a", "http://foo.com/a", "HTTPS://x.org/", "https://auth0.com/", " https://x/"])
    | st.builds("{}://{}/{}".format, st.sampled_from(["http", "https", "urn", "javascript"]), TEXT, TEXT)
    | TEXT
)
SCOPES = st.lists(st.sampled_from(["a", "b", "read:x", "", "a b", '"']) | TEXT) | st.lists(SCALARS, max_size=2)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=12
)
FLAT = st.dictionaries(NAMES, JSON, max_size=8) | st.fixed_dictionaries({"scope": SCOPES}, optional={NAME: JSON})
TOKEN = FLAT | JSON
NESTED = st.fixed_dictionaries({}, optional={"accessToken": TOKEN, "idToken": TOKEN, NAME: JSON, "iss": JSON})


def allowed(request: TokenRequest, value: object) -> Allow:
    decision, _ = claims.decide(request, Answer(value))
    assert isinstance(decision, Allow), decision
    return decision


def drops(reason: str, *names: str, token: str = "access_token") -> tuple[DroppedClaim, ...]:
    return tuple(DroppedClaim(name=name, token=token, reason=reason) for name in names)


def deep(levels: int) -> object:
    value: object = "leaf"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def members(request: TokenRequest, value: dict[str, object]) -> list[tuple[str, str]]:
    """What an answer has beside scope: name and token of each member, as the contract reads them."""
    if not request.trigger.has_id_token:
        return [(name, "id_token" if name == "idToken" else "access_token") for name in value if name != "scope"]
    if not value.keys() & {"accessToken", "idToken"}:
        return [(name, "access_token") for name in value if name != "scope"]
    outer = [(name, "access_token") for name in value if name not in ("accessToken", "idToken")]
    access, id_token = (value.get(name) or {} for name in ("accessToken", "idToken"))
    assert isinstance(access, dict)
    assert isinstance(id_token, dict)
    return [
        *outer,
        *((name, "access_token") for name in access if name != "scope"),
        *((name, "id_token") for name in id_token),
    ]


# Any answer at all


@BOTH
@CALM
@given(value=JSON | FLAT | NESTED)
@example(value={"https://x.org/a": deep(200), "scope": ["a", "a"]})
@example(value={"accessToken": {"https://x.org/a": 1}, "https://x.org/a": 2, "scope": ["lost"]})
@example(value={"__proto__": {"scope": ["a"]}, "constructor": {}, "toString": 1, "hasOwnProperty": 1})
def test_any_json_is_decided(request_: TokenRequest, value: object):
    """Allow or Deny, never an exception, and always something that JSON can carry.

    An Allow has scope-tokens only, each once, and claims with an allowed name only; each other member of the answer is
    reported, exactly once.
    """
    decision, fault = claims.decide(request_, Answer(value))

    orjson.dumps(asdict(decision))
    if isinstance(decision, Deny):
        assert decision == Deny(error="server_error", description="The hook failed: malformed_answer.")
        assert isinstance(fault, Failure)
        assert fault.code == "malformed_answer"
        return
    assert fault is None
    assert all(map(is_scope, decision.scope))
    assert len(set(decision.scope)) == len(decision.scope)
    names = {"access_token": decision.claims, "id_token": decision.id_token_claims}
    issued = [(name, token) for token, kept in names.items() for name in kept]
    assert {claim_fault(name) for name, _ in issued} <= {""}
    assert not PROTECTED & {name for name, _ in issued}
    reported = [(claim.name, claim.token) for claim in decision.dropped]
    if value is not None:
        assert isinstance(value, dict)
        assert sorted(issued + reported) == sorted((name[:MAX_NAME], token) for name, token in members(request_, value))


@CALM
@given(name=NAMES)
def test_a_custom_claim_can_never_be_read_as_a_protected_one(name: str):
    """However a reader trims, folds or unescapes names: one that passes begins with http(s):// and is printable."""
    if claim_fault(name) == "":
        assert name.lower().startswith(("http://", "https://"))
        assert name.isprintable()
        assert name == name.lstrip()


@BOTH
def test_no_answer_object_means_no_change_by_the_hook(request_: TokenRequest):
    """cb() and cb(null, {}) are one; what becomes of the scope is the trigger's rule."""
    assert allowed(request_, None) == allowed(request_, {})


@BOTH
@pytest.mark.parametrize(
    "value, message",
    [
        ("text", "The answer must be an object, not string."),
        (["scope"], "The answer must be an object, not array."),
        (0, "The answer must be an object, not number."),
        (False, "The answer must be an object, not boolean."),
        ({"scope": "a b"}, "'scope' must be an array of strings, not string."),
        ({"scope": {"0": "a"}}, "'scope' must be an array of strings, not object."),
        ({"scope": False}, "'scope' must be an array of strings, not boolean."),
        ({"scope": ["a", None]}, "'scope[1]' must be a string, not null."),
        ({"scope": ["a", ["b"]]}, "'scope[1]' must be a string, not array."),
        ({"scope": ["a", "b c"]}, f"'scope[1]' is not a scope: {SCOPE_RULE}."),
        ({"scope": [""]}, f"'scope[0]' is not a scope: {SCOPE_RULE}."),
        ({f"n{n}": 1 for n in range(MAX_MEMBERS + 1)}, "The answer has 1,001 members; it may have 1,000."),
    ],
)
def test_a_malformed_answer_denies_and_says_where(request_: TokenRequest, value: object, message: str):
    """The client learns that the hook broke; the developer learns what is wrong."""
    decision, fault = claims.decide(request_, Answer(value))

    assert decision == Deny(error="server_error", description="The hook failed: malformed_answer.")
    assert fault == Failure(code="malformed_answer", name="TypeError", message=message)


# Scope


@pytest.mark.parametrize(
    "value, credentials, password",
    [
        (None, (), ASKED),
        ({}, (), ASKED),
        ({"scope": None}, (), ASKED),
        ({NAME: 1}, (), ASKED),
        ({"scope": []}, (), ()),
        ({"scope": ["asked", "b", "extra"]}, ("asked", "b", "extra"), ("asked", "b", "extra")),
        ({"scope": ["z", "a", "z", "a"]}, ("z", "a"), ("z", "a")),
    ],
)
def test_the_tokens_scope_is_the_hooks(value: object, credentials: tuple[str, ...], password: tuple[str, ...]):
    """Exactly the hook's array, in its order, each once (contract 0). An answer without scope resets it at
    credentials-exchange and leaves it at password-exchange (contract-full 2.7).
    """
    assert (allowed(CREDENTIALS, value).scope, allowed(PASSWORD, value).scope) == (credentials, password)


@BOTH
def test_without_a_hook_the_asked_scope_stays(request_: TokenRequest):
    """No hook enabled: allow, unchanged."""
    assert claims.unchanged(request_) == Allow(scope=ASKED)


def test_no_scope_asked_is_no_scope():
    """Absent is not null in a token: an empty tuple."""
    request = parse_token(TRIGGERS["password-exchange"], {"user": {}, "client": {}, "audience": "a"})

    assert (claims.unchanged(request).scope, allowed(request, None).scope) == ((), ())


def test_the_seed_case():
    """Issue 2, shown by 1: scope has `extra`, https://foo.com/claim is `bar`."""
    expected = Allow(scope=("asked", "b", "extra"), claims={"https://foo.com/claim": "bar"})

    assert allowed(CREDENTIALS, {"https://foo.com/claim": "bar", "scope": ["asked", "b", "extra"]}) == expected


# The two forms of password-exchange


@pytest.mark.parametrize(
    "value, expected",
    [
        ({"scope": ["s"], NAME: 1}, Allow(scope=("s",), claims={NAME: 1})),
        ({"accessToken": {"scope": ["s"], NAME: 1}}, Allow(scope=("s",), claims={NAME: 1})),
        ({"idToken": {NAME: 2}}, Allow(scope=ASKED, id_token_claims={NAME: 2})),
        (
            {"accessToken": {NAME: 1}, "idToken": {NAME: 2}},
            Allow(scope=ASKED, claims={NAME: 1}, id_token_claims={NAME: 2}),
        ),
        ({"accessToken": None, "idToken": None}, Allow(scope=ASKED)),
        ({"accessToken": {}}, Allow(scope=ASKED)),
        ({"accesstoken": {}}, Allow(scope=ASKED, dropped=drops("not_namespaced", "accesstoken"))),
        ({"idToken": {"scope": ["s"]}}, Allow(scope=ASKED, dropped=drops("protected", "scope", token="id_token"))),
        (
            {"accessToken": {"iss": 1}, "idToken": {"iss": 2}},
            Allow(scope=ASKED, dropped=drops("protected", "iss") + drops("protected", "iss", token="id_token")),
        ),
        (
            {"accessToken": {"scope": ["s"]}, "scope": ["lost"], NAME: 1, "iss": 2},
            Allow(scope=("s",), dropped=drops("misplaced", "scope", NAME, "iss")),
        ),
    ],
)
def test_password_exchange_takes_both_forms(value: object, expected: Allow):
    """Flat, or {accessToken, idToken}, each optional (contract 0); beside the two nothing is read, and that is said."""
    assert allowed(PASSWORD, value) == expected


@pytest.mark.parametrize("name", ["accessToken", "idToken"])
@pytest.mark.parametrize("value", ["x", [], 1, True])
def test_each_token_is_an_object(name: str, value: object):
    """Anything else is malformed."""
    _, fault = claims.decide(PASSWORD, Answer({name: value}))

    assert isinstance(fault, Failure)
    assert fault.message.startswith(f"'{name}' must be an object, not ")


def test_client_credentials_have_no_id_token():
    """There the nested form is no form: both members are dropped, each with its own reason."""
    assert allowed(CREDENTIALS, {"accessToken": {NAME: 1, "scope": ["s"]}, "idToken": {NAME: 2}, NAME: 3}) == Allow(
        scope=(),
        claims={NAME: 3},
        dropped=drops("no_id_token", "idToken", token="id_token") + drops("not_namespaced", "accessToken"),
    )


# Names of claims

ROWS = tomllib.loads(Path(__file__).with_name("claim_names.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ROWS["good"])
def test_a_namespaced_name_may_be_a_claim(name: str):
    """Contract 0: an http or https URL whose host is not the vendor's."""
    assert claim_fault(name) == ""


@pytest.mark.parametrize("name", ROWS["reserved_namespace"])
def test_the_vendors_domains_are_reserved(name: str):
    """Contract 0: auth0.com, webtask.io, webtask.run and subdomains, however a URL spells them."""
    assert claim_fault(name) == "reserved_namespace"


@pytest.mark.parametrize("name", [*ROWS["not_namespaced"], "https://foo.com/\ud800"])
def test_anything_else_is_not_namespaced(name: str):
    """What is no http(s) URL with a host, to every reader alike, names no claim."""
    assert claim_fault(name) == "not_namespaced"


def test_a_host_has_a_longest_length():
    """More than any host has, with a user before it, is not even read; the path is another matter."""
    user = "https://" + "u" * 300 + "@"

    assert claim_fault(user + "foo.com/" + "x" * 500) == ""
    assert claim_fault(user + "foo.example.com.example/") == "not_namespaced"
    assert claim_fault("https://" + "\u0300" * 900 + ".example/") == "not_namespaced"


@pytest.mark.parametrize("name", sorted(PROTECTED))
def test_protected_claims_are_never_the_hooks(name: str):
    """Not in either token, whatever the form; `scope` is read, but never as a claim."""
    assert claim_fault(name) == "protected"
    assert allowed(PASSWORD, {"idToken": {name: 1}}).id_token_claims == {}
    if name != "scope":
        assert allowed(CREDENTIALS, {name: 1}).claims == {}


def test_the_claims_of_the_standards_are_protected():
    """RFC 7519 4.1; RFC 9068 2.2; OpenID Connect Core 2; RFC 8693 4; RFC 7800 3.1; and Auth0's gty and permissions."""
    standard = "iss sub aud exp nbf iat jti scope client_id azp auth_time nonce acr amr act may_act cnf at_hash c_hash"

    assert {*standard.split(), "gty", "roles", "groups", "entitlements", "permissions"} <= PROTECTED


@pytest.mark.parametrize("name", ROWS["looks_protected"])
def test_a_name_that_looks_protected_is_dropped_as_well(name: str):
    """A reader that trims, folds case or normalises finds no `iss` of the hook's."""
    assert allowed(CREDENTIALS, {name: "evil"}) == Allow(scope=(), dropped=drops("not_namespaced", name))


def test_a_name_has_a_longest_length():
    """1,024 characters; the report has that much of a longer one, and the cache nothing."""
    longest = "https://foo.com/".ljust(MAX_NAME, "x")
    claims._name_fault.cache_clear()
    kept = allowed(CREDENTIALS, {longest: 1, longest + "x": 2})

    assert kept.claims == {longest: 1}
    assert kept.dropped == drops("name_too_long", longest)
    assert claims._name_fault.cache_info().currsize == 1


# Values of claims


@CALM
@given(value=JSON)
def test_a_claim_is_any_json(value: object):
    """Contract 0: "<any JSON>"; it arrives as it was."""
    assert allowed(CREDENTIALS, {NAME: value}).claims == {NAME: value}


def test_a_claim_nests_so_deep_and_no_deeper():
    """64 levels. JSON writers give up at some depth (orjson at 255), and one claim must not cost the whole answer."""
    value = {NAME: deep(MAX_DEPTH), NAME + "2": deep(MAX_DEPTH + 1), NAME + "3": deep(900)}
    dropped = drops("nested_too_deeply", NAME + "2", NAME + "3")

    assert allowed(CREDENTIALS, value) == Allow(scope=(), claims={NAME: deep(MAX_DEPTH)}, dropped=dropped)


def test_a_dropped_member_may_nest_as_it_likes():
    """Only its name is looked at."""
    assert [claim.reason for claim in allowed(CREDENTIALS, {"claim": deep(900)}).dropped] == ["not_namespaced"]


def test_as_many_members_as_there_may_be():
    """1,000 in each object: a report is longer than the name, and an answer of bare names must not swell."""
    value: dict[str, object] = {f"n{n}": 1 for n in range(MAX_MEMBERS)}

    assert len(allowed(CREDENTIALS, value).dropped) == MAX_MEMBERS
    for token in ("accessToken", "idToken"):
        assert isinstance(claims.decide(PASSWORD, Answer({token: value | {"one": 1}}))[0], Deny)


# Reports


def test_reports_are_in_the_order_of_the_answer():
    """The developer finds them again."""
    names = ["z", "iss", "a", "https://webtask.io/"]

    assert [claim.name for claim in allowed(CREDENTIALS, dict.fromkeys(names)).dropped] == names


# Refusals and failures


@pytest.mark.parametrize(
    "name, error",
    [
        ("Error", "access_denied"),
        ("InvalidScopeError", "invalid_scope"),
        ("InvalidRequestError", "invalid_request"),
        ("ServerError", "server_error"),
        ("TypeError", "access_denied"),
        ("invalid_scope", "access_denied"),
        ("__proto__", "access_denied"),
        ("", "access_denied"),
    ],
)
@BOTH
def test_a_refusal_denies_with_the_hooks_words(request_: TokenRequest, name: str, error: str):
    """Contract 0: the starter code's classes have their OAuth codes, any other error denies too."""
    refusal = Refusal(name=name, message="access denied", stack="at hook.js:1:1")

    assert claims.decide(request_, refusal) == (Deny(error=error, description="access denied"), refusal)


def test_a_description_is_cut():
    """1,000 characters; the developer's copy is whole."""
    refusal = Refusal(name="Error", message="x" * 5000)
    decision = Deny(error="access_denied", description="x" * MAX_DESCRIPTION)

    assert claims.decide(CREDENTIALS, refusal) == (decision, refusal)


@BOTH
@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_denies_and_tells_the_client_nothing_of_the_hooks_inside(request_: TokenRequest, code: str):
    """The code only; message and stack are the developer's."""
    failure = Failure(code=code, name="TypeError", message="secret sauce", stack="at hook.js:1:1")

    assert claims.decide(request_, failure) == (
        Deny(error="server_error", description=f"The hook failed: {code}."),
        failure,
    )
