from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import InvalidBody
from runtime.manifest import (
    VALUE_NOT_SHOWN,
    HookPatch,
    NewHook,
    make_version,
    parse_hook_patch,
    parse_new_hook,
    parse_rollback,
    parse_secret_names,
    parse_secrets,
    version_id,
)
from runtime.triggers import TRIGGERS

CALM = settings(deadline=None)  # other work may share the machine
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("name", "script", "triggerId", "enabled", "dependencies")
NEARLY_A_HOOK = st.fixed_dictionaries(
    {
        "name": st.just("a") | ANY_JSON,
        "script": st.just("x") | ANY_JSON,
        "triggerId": st.sampled_from(["credentials-exchange", "password-exchange"]) | ANY_JSON,
    },
    optional={"enabled": st.booleans() | ANY_JSON, "dependencies": st.dictionaries(ANY_TEXT, ANY_TEXT) | ANY_JSON},
)
NEARLY_SECRETS = st.dictionaries(ANY_TEXT, ANY_TEXT | ANY_JSON, max_size=25) | st.lists(ANY_TEXT, max_size=3)

HOOK = {"name": "my hook", "script": "module.exports = 1", "triggerId": "credentials-exchange"}
NAME_RULE = "String does not match pattern ^[a-zA-Z0-9]([ \\-a-zA-Z0-9]*[a-zA-Z0-9])?$"
MODULE_RULE = "String does not match pattern ^(@[a-zA-Z0-9~-][a-zA-Z0-9._~-]*/)?[a-zA-Z0-9~-][a-zA-Z0-9._~-]*$"
ON_NAME = "on property name (Name of this hook.)."
ON_SCRIPT = "on property script (Code to be executed when this hook runs.)."
ON_ENABLED = "on property enabled (Whether this hook is executed.)."
ON_DEPENDENCIES = "on property dependencies (Modules that this hook uses, name to version.)."
ON_A = ON_DEPENDENCIES.replace("dependencies", "dependencies.a", 1)
ON_TRIGGER = f"on property triggerId (One of: {', '.join(TRIGGERS)}.)."


def broken(parse, body) -> str:
    """The rule that the body breaks and where, less the words that all messages begin with."""
    with pytest.raises(InvalidBody) as caught:
        parse(body)
    return caught.value.message.removeprefix("Payload validation error: ")


def refusal_of(parse, body) -> InvalidBody | None:
    """Why the body is not taken, or None when it is."""
    try:
        parse(body)
    except InvalidBody as refusal:
        return refusal
    return None


@CALM
@given(ANY_JSON | NEARLY_A_HOOK | NEARLY_SECRETS)
def test_any_json_is_taken_or_refused(body):
    """Never another error; and every refusal can be written as an answer."""
    for parse in (parse_new_hook, parse_hook_patch, parse_secrets, parse_secret_names):
        refusal = refusal_of(parse, body)
        if refusal is not None:
            assert refusal.message.startswith("Payload validation error: '")
            assert refusal.message.endswith(".")
            assert len(refusal.message) < 500
            orjson.dumps(refusal.to_body())


@CALM
@given(
    name=st.text("aB1 -\n_ü", max_size=6), script=ANY_TEXT, dependencies=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2)
)
def test_what_is_taken_can_be_stored(name, script, dependencies):
    """Names fit the pattern, text is valid Unicode."""
    body = HOOK | {"name": name, "script": script, "dependencies": dependencies}

    if refusal_of(parse_new_hook, body) is None:
        hook = parse_new_hook(body)
        assert (hook.name, hook.script, hook.dependencies) == (name, script, dependencies)
        assert name.isascii()
        assert name.strip(" -\n") == name != ""
        orjson.dumps(hook)


def test_a_new_hook_is_disabled_without_dependencies():
    """Auth0's defaults (contract-full 5.3)."""
    assert parse_new_hook(HOOK) == NewHook(
        name="my hook", script="module.exports = 1", trigger="credentials-exchange", enabled=False, dependencies={}
    )
    whole = HOOK | {"enabled": True, "dependencies": {"auth0": "2.30.0"}}
    assert parse_new_hook(whole).enabled is True
    assert parse_new_hook(whole).dependencies == {"auth0": "2.30.0"}


@pytest.mark.parametrize("name", ["a", "A1", "my hook", "a--b", "0", "x" * 128, "test-hook735"])
def test_names_are_kept_as_they_came(name):
    """Also those that the vendor rewrote: its own tools lost them (contract 1.1)."""
    assert parse_new_hook(HOOK | {"name": name}).name == name


@pytest.mark.parametrize("name", ["", " a", "a ", "-a", "a-", "a_b", "ä", "a\n", "a\tb", "٣"])
def test_a_name_that_does_not_fit_the_pattern_is_refused(name):
    """In the vendor's words."""
    assert broken(parse_new_hook, HOOK | {"name": name}) == f"'{NAME_RULE}: {name}' {ON_NAME}"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"name": 1}, f"'Expected type string but found type integer' {ON_NAME}"),
        ({"name": "x" * 129}, f"'String is too long (129 chars), maximum 128' {ON_NAME}"),
        ({"script": ""}, f"'String is too short (0 chars), minimum 1' {ON_SCRIPT}"),
        ({"script": None}, f"'Expected type string but found type null' {ON_SCRIPT}"),
        ({"script": "\ud83d"}, f"'String is not valid Unicode: it has half of a surrogate pair' {ON_SCRIPT}"),
        ({"script": "x" * 102_401}, f"'String is too long (102401 bytes), maximum 102400' {ON_SCRIPT}"),
        ({"script": "ü" * 51_201}, f"'String is too long (102402 bytes), maximum 102400' {ON_SCRIPT}"),
        ({"enabled": 1}, f"'Expected type boolean but found type integer' {ON_ENABLED}"),
        ({"enabled": "true"}, f"'Expected type boolean but found type string' {ON_ENABLED}"),
        ({"dependencies": []}, f"'Expected type object but found type array' {ON_DEPENDENCIES}"),
        ({"dependencies": {"a": 1.5}}, f"'Expected type string but found type number' {ON_A}"),
        ({"dependencies": {"a": 1.0}}, f"'Expected type string but found type integer' {ON_A}"),
        (
            {"dependencies": {f"{n}": "1" for n in range(11)}},
            f"'Too many properties defined (11), maximum 10' {ON_DEPENDENCIES}",
        ),
        ({"dependencies": {"x" * 215: "1"}}, f"'String is too long (215 chars), maximum 214' {ON_DEPENDENCIES}"),
        ({"dependencies": {"a": "1" * 65}}, f"'String is too long (65 chars), maximum 64' {ON_A}"),
        ({"dependencies": {"a/b": "1"}}, f"'{MODULE_RULE}: a/b' {ON_DEPENDENCIES}"),
        ({"triggerId": "post-login"}, f"'No enum match for: post-login' {ON_TRIGGER}"),
        ({"triggerId": ["a"]}, f"'Expected type string but found type array' {ON_TRIGGER}"),
        ({"id": "1"}, "'Additional properties not allowed: id'."),
        ({"x" * 1000: "1"}, f"'Additional properties not allowed: {'x' * 100}'."),
    ],
)
def test_a_refusal_names_the_rule_and_the_property(change, message):
    """For each property and each rule, in the form that was recorded (contract-full 5.4)."""
    assert broken(parse_new_hook, HOOK | change) == message


@pytest.mark.parametrize(
    "name", ["a", "left-pad", "@auth0/node-auth0", "JSONStream", "x" * 214, "lodash.get", "~", "1"]
)
def test_modules_have_names_of_npm(name):
    """Of a scope, from before the rule that forbids capitals, and of npm's full length; versions as npm takes them."""
    for version in ("1.2.3", "^2 || >=3.0.0-beta.1", "latest", "", "1" * 64):
        assert parse_new_hook(HOOK | {"dependencies": {name: version}}).dependencies == {name: version}


@pytest.mark.parametrize(
    "name", ["", ".a", "_a", "a b", "../a", "@a", "@/a", "@a/", "@a/b/c", "a\n", "ä", "a%2fb", "'; x"]
)
def test_what_is_no_module_of_npm_is_refused(name):
    """Before it names a folder or an address anywhere."""
    assert broken(parse_new_hook, HOOK | {"dependencies": {name: "1"}}) == f"'{MODULE_RULE}: {name}' {ON_DEPENDENCIES}"


def test_dependencies_are_bounded():
    """Ten are taken, as many as the vendor takes; a patch keeps to the same rule."""
    ten = {f"module-{number}": "1" for number in range(10)}

    assert parse_hook_patch({"dependencies": ten}) == HookPatch(dependencies=ten)
    assert "Too many properties defined (11), maximum 10" in broken(
        parse_hook_patch, {"dependencies": ten | {"one-more": "1"}}
    )


@pytest.mark.parametrize("name", ["name", "script", "triggerId"])
def test_what_is_missing_is_named(name):
    """The three that a create needs."""
    body = {key: value for key, value in HOOK.items() if key != name}

    assert broken(parse_new_hook, body) == f"'Missing required property: {name}'."


@pytest.mark.parametrize("body, found", [(None, "null"), ([], "array"), ("{}", "string"), (True, "boolean")])
def test_a_body_is_an_object(body, found):
    """For creates, patches and secrets alike."""
    for parse in (parse_new_hook, parse_hook_patch, parse_secrets):
        assert broken(parse, body) == f"'Expected type object but found type {found}'."


def test_the_largest_script_is_taken():
    """102,400 bytes as UTF-8, to the byte."""
    assert len(parse_new_hook(HOOK | {"script": "ü" * 51_200}).script) == 51_200


def test_a_patch_changes_what_it_has():
    """Absent fields are left; an empty map of dependencies is a change."""
    assert parse_hook_patch({"name": "n"}) == HookPatch(name="n")
    assert parse_hook_patch({"enabled": False}) == HookPatch(enabled=False)
    assert parse_hook_patch({"dependencies": {}}) == HookPatch(dependencies={})
    assert broken(parse_hook_patch, {}) == "'Too few properties defined (0), minimum 1'."
    assert broken(parse_hook_patch, {"triggerId": "x"}) == "'Additional properties not allowed: triggerId'."
    assert broken(parse_hook_patch, {"name": None}) == f"'Expected type string but found type null' {ON_NAME}"


def test_a_patch_makes_a_version_of_what_it_leaves_and_what_it_changes():
    """A script keeps its dependencies; a given map replaces the whole map (contract-full 5.3)."""
    old = make_version("t", "old", {"a": "1", "b": "2"})

    assert HookPatch(name="n", enabled=True).version(old) == old
    assert HookPatch(script="new").version(old) == make_version("t", "new", {"a": "1", "b": "2"})
    assert HookPatch(dependencies={"c": "3"}).version(old) == make_version("t", "old", {"c": "3"})


def test_a_version_s_id_is_that_of_its_content():
    """The order of dependencies is no content; trigger, script and each version are. It never changes between releases."""
    known = version_id("credentials-exchange", "module.exports = 1; // ü", {"a": "1", "b": "2"})
    others = [
        version_id("password-exchange", "module.exports = 1; // ü", {"a": "1", "b": "2"}),
        version_id("credentials-exchange", "module.exports = 2; // ü", {"a": "1", "b": "2"}),
        version_id("credentials-exchange", "module.exports = 1; // ü", {"a": "1", "b": "3"}),
        version_id("credentials-exchange", "module.exports = 1; // ü", {}),
    ]

    assert known == "a19f408eefa453ece45a9a21717ccb9558eb86da49701e945e49eb64bce7e790"
    assert version_id("credentials-exchange", "module.exports = 1; // ü", {"b": "2", "a": "1"}) == known
    assert len({known, *others}) == 5


def test_secrets_are_names_and_values():
    """Any text, an empty value too; shown, they are names only."""
    body = {"FOO": "bar", "ü ": "", "SHOWN": VALUE_NOT_SHOWN, "x" * 128: "y" * 4096}

    secrets = parse_secrets(body)

    assert secrets == body
    assert "bar" not in f"{secrets} {secrets!r}"


@pytest.mark.parametrize(
    "body, message",
    [
        ({}, "'Too few properties defined (0), minimum 1'."),
        ({f"{n}": "" for n in range(21)}, "'Too many properties defined (21), maximum 20'."),
        ({"": "v"}, "'A secret's name must have 1 to 128 characters, not 0'."),
        ({"x" * 129: "v"}, "'A secret's name must have 1 to 128 characters, not 129'."),
        ({"\ud83d": "v"}, "'String is not valid Unicode: it has half of a surrogate pair'."),
        ({"A": 5}, "'Expected type string but found type integer' on property A (Value of this secret.)."),
        ({"A": "x" * 4097}, "'String is too long (4097 chars), maximum 4096' on property A (Value of this secret.)."),
    ],
)
def test_secrets_that_break_a_rule_are_refused(body, message):
    """The message names the secret and the rule."""
    assert broken(parse_secrets, body) == message


@pytest.mark.parametrize("value", [["hunter2"], {"hunter2": "hunter2"}, "hunter2" * 1000, "hunter2\ud800"])
def test_no_refusal_repeats_a_value(value):
    """Neither its message nor what it was raised from."""
    with pytest.raises(InvalidBody) as caught:
        parse_secrets({"A": value})

    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__


def test_names_of_secrets_to_delete():
    """An array with one name at least (contract-full 5.3)."""
    assert parse_secret_names(["A", "A", "none"]) == ["A", "A", "none"]
    assert broken(parse_secret_names, []) == "'Array is too short (0), minimum 1'."
    assert broken(parse_secret_names, {"A": "v"}) == "'Expected type array but found type object'."
    assert broken(parse_secret_names, ["A", 1]) == (
        "'Expected type string but found type integer' on property [1] (Name of a secret.)."
    )


def test_a_whole_number_is_one_however_it_is_written():
    """JSON Schema knows 2.0 as an integer, and JavaScript writes no difference; bounds are said short."""
    assert parse_rollback({"version": 2}) == parse_rollback({"version": 2.0}) == 2
    assert "'Expected type integer but found type number' on property version" in broken(
        parse_rollback, {"version": 2.5}
    )
    assert "'Expected type integer but found type boolean'" in broken(parse_rollback, {"version": True})
    assert "is not between 1 and 999999999'" in broken(parse_rollback, {"version": 1e300})


@CALM
@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4), st.text(max_size=20))
def test_a_version_s_id_does_not_depend_on_how_json_came(dependencies, script):
    """The same content read from JSON again has the same id."""
    again = json.loads(json.dumps({"s": script, "d": dict(reversed(dependencies.items()))}))

    assert version_id("t", script, dependencies) == version_id("t", again["s"], again["d"])
