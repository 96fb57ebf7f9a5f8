"""What the Management API takes: hooks and secrets as JSON, checked and made into nouns. Pure.

The first broken rule is an `InvalidBody` in the vendor's words (contract-full 5.3 and 5.4):
`Payload validation error: 'RULE' on property PATH (DESCRIPTION).` No message ever repeats a secret's value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, Final, NoReturn

from runtime.errors import InvalidBody
from runtime.grammar import schema_type
from runtime.model import ENGINES, WASM, HookVersion, JsonObject, Policy, Secrets
from runtime.triggers import TRIGGERS

SCRIPT_BYTES: Final = 102_400
NAME_CHARS: Final = 128
SECRETS: Final = 20
"""Most secrets of one hook."""
SECRET_NAME_CHARS: Final = 128
SECRET_VALUE_CHARS: Final = 4_096
DEPENDENCIES: Final = 10
"""Most npm modules of one hook: the vendor's number (contract 0)."""
MODULE_NAME_CHARS: Final = 214
MODULE_VERSION_CHARS: Final = 64

VALUE_NOT_SHOWN: Final = "_VALUE_NOT_SHOWN_"
"""What the API shows in place of a secret's value, and what leaves it unchanged in a PATCH (contract 1.3)."""

NAME_PATTERN: Final = r"^[a-zA-Z0-9]([ \-a-zA-Z0-9]*[a-zA-Z0-9])?$"
_NAME: Final = re.compile(NAME_PATTERN.strip("^$"))
# npm's rule for names (package.json, "name"); capitals too, for modules from before it have some: JSONStream.
MODULE_PATTERN: Final = r"^(@[a-zA-Z0-9~-][a-zA-Z0-9._~-]*/)?[a-zA-Z0-9~-][a-zA-Z0-9._~-]*$"
_MODULE: Final = re.compile(MODULE_PATTERN.strip("^$"))
_HALF_PAIR: Final = re.compile(r"[\ud800-\udfff]")
_QUOTED_CHARS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHook:
    """The body of a create. Policy, metadata and secrets come with it in the Webtask API only."""

    name: str
    script: str
    trigger: str
    enabled: bool
    dependencies: Mapping[str, str]
    engine: str | None = None
    """None: what the server takes by default."""
    policy: Policy = field(default_factory=Policy)
    meta: Mapping[str, str] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=Secrets)

    def version(self, engine: str) -> HookVersion:
        """The version that the hook begins with; `engine` where the body says none."""
        return make_version(self.trigger, self.script, self.dependencies, engine=self.engine or engine)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookPatch:
    """The body of a PATCH. None leaves the field; `dependencies` replaces the whole map."""

    name: str | None = None
    script: str | None = None
    enabled: bool | None = None
    dependencies: Mapping[str, str] | None = None
    engine: str | None = None

    def version(self, old: HookVersion) -> HookVersion:
        """The version after the patch: the old one when neither script, dependencies nor engine change."""
        script = old.script if self.script is None else self.script
        dependencies = old.dependencies if self.dependencies is None else self.dependencies
        return make_version(old.trigger, script, dependencies, engine=self.engine or old.engine)


def parse_new_hook(body: object) -> NewHook:
    """A create's body: name, script and triggerId, maybe enabled, dependencies and engine. `InvalidBody`."""
    values = members(body, _CREATE, required=("name", "script", "triggerId"))
    return NewHook(
        name=values["name"],
        script=values["script"],
        trigger=values["triggerId"],
        enabled=values.get("enabled", False),
        dependencies=values.get("dependencies", {}),
        engine=values.get("engine"),
    )


def parse_hook_patch(body: object) -> HookPatch:
    """A PATCH's body: at least one of name, script, enabled, dependencies and engine. `InvalidBody`."""
    values = members(body, _PATCH)
    require_properties(values)
    return HookPatch(**values)


MOST_NUMBER: Final = 999_999_999
"""No hook has had so many versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookTest:
    """The body of a test run. `number` names one of the hook's versions; `script`, `dependencies` and `engine` are a draft's.

    `request` is as a token server sends it, not looked at yet; `execution` is the id of one whose request is to be taken.
    Neither asks for a sample.
    """

    number: int | None = None
    script: str | None = None
    dependencies: Mapping[str, str] | None = None
    engine: str | None = None
    request: JsonObject | None = None
    execution: str | None = None

    @property
    def is_draft(self) -> bool:
        """Whether it changes anything of a version."""
        return any(part is not None for part in (self.script, self.dependencies, self.engine))

    def version(self, old: HookVersion) -> HookVersion:
        """What to run: the draft, as far as there is one, over this version."""
        return HookPatch(script=self.script, dependencies=self.dependencies, engine=self.engine).version(old)


def parse_test(body: object) -> HookTest:
    """A test run's body: any of version, script, dependencies, engine, request and execution. `InvalidBody`."""
    values = members(body, _TEST)
    if "version" in values and "script" in values:
        _broken("Only one of version and script can be given")
    if "request" in values and "execution" in values:
        _broken("Only one of request and execution can be given")
    return HookTest(
        number=values.get("version"),
        script=values.get("script"),
        dependencies=values.get("dependencies"),
        engine=values.get("engine"),
        request=values.get("request"),
        execution=values.get("execution"),
    )


def parse_rollback(body: object) -> int:
    """A rollback's body `{version}`: the number of the version. `InvalidBody`."""
    return int(members(body, _ROLLBACK, required=("version",))["version"])


def parse_secrets(body: object) -> Secrets:
    """The body that adds or changes secrets: 1 to 20 of them, name to value. `InvalidBody`."""
    secrets = _body(body)
    require_properties(secrets)
    if len(secrets) > SECRETS:
        _broken(f"Too many properties defined ({len(secrets)}), maximum {SECRETS}")
    for name, value in secrets.items():
        _at("", "", _secret_name, name)
        _at(quoted(name), "Value of this secret.", _secret_value, value)
    return Secrets(secrets)


def string_map(body: object) -> dict[str, str]:
    """An object of texts, by the rules of a hook's secrets. `Broken`, which never repeats a value."""
    texts = _object(body)
    for name, value in texts.items():
        try:
            _secret_name(name)
            _secret_value(value)
        except Broken as rule:
            raise Broken(f"{rule}, in {quoted(name)}") from None
    return texts


def parse_secret_names(body: object) -> list[str]:
    """The body that deletes secrets: an array of names, at least one. `InvalidBody`."""
    if type(body) is not list:
        _broken(expected("array", body))
    if not body:
        _broken("Array is too short (0), minimum 1")
    return [_at(f"[{index}]", "Name of a secret.", _secret_name, name) for index, name in enumerate(body)]


def make_version(
    trigger: str, script: str, dependencies: Mapping[str, str], modules: str = "", *, engine: str = WASM
) -> HookVersion:
    """The version of this content."""
    return HookVersion(
        id=version_id(trigger, script, dependencies, modules, engine),
        trigger=trigger,
        script=script,
        dependencies=dependencies,
        modules=modules,
        engine=engine,
    )


def version_id(
    trigger: str, script: str, dependencies: Mapping[str, str], modules: str = "", engine: str = WASM
) -> str:
    """SHA-256, in hex, of what decides a version's behaviour. The same for ever: stored hooks refer to it."""
    content: dict[str, object] = {"dependencies": dict(dependencies), "script": script, "trigger": trigger}
    if modules:
        content["modules"] = modules
    if engine != WASM:  # what was stored before there was another has no engine in its id
        content["engine"] = engine
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Broken(Exception):
    """A rule that a value breaks. `where` is the place inside the value, `.name` or `[0]`; what is around it is not known."""

    def __init__(self, rule: str, where: str = "") -> None:
        super().__init__(rule)
        self.where = where


@dataclass(frozen=True, slots=True)
class Property:
    """A member of a body: what it is, and how it is read. `read` raises `Broken`."""

    description: str
    read: Callable[[Any], Any]


def members(body: object, known: Mapping[str, Property], required: Collection[str] = ()) -> dict[str, Any]:
    """What a body has, read by the properties that are known. `InvalidBody`."""
    given = _body(body)
    unknown = [name for name in given if name not in known]
    if unknown:
        _broken(f"Additional properties not allowed: {quoted(unknown[0])}")
    for name in required:
        if name not in given:
            _broken(f"Missing required property: {name}")
    return {name: _at(name, known[name].description, known[name].read, value) for name, value in given.items()}


def inside(where: str, read: Callable[[Any], Any], value: object) -> Any:
    """A value inside another one. `Broken` says where."""
    try:
        return read(value)
    except Broken as rule:
        raise Broken(str(rule), f"{where}{rule.where}") from None


def _body(body: object) -> dict[str, Any]:
    members: dict[str, Any] = _at("", "", _object, body)
    return members


def require_properties(values: Mapping[str, object]) -> None:
    """`InvalidBody` for a body that has nothing."""
    if not values:
        _broken("Too few properties defined (0), minimum 1")


def _at(path: str, description: str, read: Callable[[Any], Any], value: object) -> Any:
    try:
        return read(value)
    except Broken as rule:
        _broken(str(rule), f"{path}{rule.where}", description)


def _broken(rule: str, path: str = "", description: str = "") -> NoReturn:
    place = f" on property {path} ({description})" if path else ""
    raise InvalidBody(f"Payload validation error: '{rule}'{place}.") from None


def _name(value: object) -> str:
    name = string(value)
    _require_length(name, NAME_CHARS)
    if not _NAME.fullmatch(name):
        raise Broken(f"String does not match pattern {NAME_PATTERN}: {quoted(name)}")
    return name


def _script(value: object) -> str:
    script = string(value)
    if not script:
        raise Broken("String is too short (0 chars), minimum 1")
    size = len(script.encode())
    if size > SCRIPT_BYTES:
        raise Broken(f"String is too long ({size} bytes), maximum {SCRIPT_BYTES}")
    return script


def _enabled(value: object) -> bool:
    if type(value) is not bool:
        raise Broken(expected("boolean", value))
    return value


def _object(value: object) -> dict[str, Any]:
    if type(value) is not dict:
        raise Broken(expected("object", value))
    return value


def _one_of(choices: Collection[str]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if string(value) not in choices:
            raise Broken(f"No enum match for: {quoted(value)}")
        return str(value)

    return read


def _dependencies(value: object) -> dict[str, str]:
    versions = _object(value)
    if len(versions) > DEPENDENCIES:
        raise Broken(f"Too many properties defined ({len(versions)}), maximum {DEPENDENCIES}")
    return {_module_name(name): inside(f".{name}", _module_version, version) for name, version in versions.items()}


def _module_name(value: object) -> str:
    name = string(value)
    _require_length(name, MODULE_NAME_CHARS)
    if not _MODULE.fullmatch(name):
        raise Broken(f"String does not match pattern {MODULE_PATTERN}: {quoted(name)}")
    return name


def _module_version(value: object) -> str:
    version = string(value)
    _require_length(version, MODULE_VERSION_CHARS)
    return version


def _secret_name(value: object) -> str:
    name = string(value)
    if not 1 <= len(name) <= SECRET_NAME_CHARS:
        raise Broken(f"A secret's name must have 1 to {SECRET_NAME_CHARS} characters, not {len(name)}")
    return name


def _secret_value(value: object) -> str:
    text = string(value)
    _require_length(text, SECRET_VALUE_CHARS)
    return text


def string(value: object) -> str:
    """Text that can be written as UTF-8. `Broken`."""
    if type(value) is not str:
        raise Broken(expected("string", value))
    # To try and encode it would raise an error that carries the text.
    if _HALF_PAIR.search(value):
        raise Broken("String is not valid Unicode: it has half of a surrogate pair")
    return value


def integer(value: object, least: int, most: int, *, wanted: str = "integer") -> int:
    """A whole number within bounds. `Broken`. 1.0 is one, as in JSON Schema: to JavaScript there is no difference."""
    number = int(value) if type(value) is float and value.is_integer() else value
    if type(number) is not int:
        raise Broken(expected(wanted, value))
    if not least <= number <= most:
        raise Broken(f"Value {quoted(number)} is not between {least} and {most}")
    return number


def _require_length(text: str, most: int) -> None:
    if len(text) > most:
        raise Broken(f"String is too long ({len(text)} chars), maximum {most}")


def expected(wanted: str, value: object) -> str:
    """The rule of a type."""
    return f"Expected type {wanted} but found type {schema_type(value)}"


def quoted(text: object) -> str:
    """What the caller sent, short and fit for an answer."""
    return str(text)[:_QUOTED_CHARS].encode("utf-8", "replace").decode()


SCRIPT: Final = Property("Code to be executed when this hook runs.", _script)
ENGINE: Final = Property(f"What runs this hook, one of: {', '.join(ENGINES)}.", _one_of(ENGINES))
DEPENDENCY_MAP: Final = Property("Modules that this hook uses, name to version.", _dependencies)

_PATCH: Final = {
    "name": Property("Name of this hook.", _name),
    "script": SCRIPT,
    "enabled": Property("Whether this hook is executed.", _enabled),
    "dependencies": DEPENDENCY_MAP,
    "engine": ENGINE,
}
_NUMBER_OF: Final = Property("Number of the version.", partial(integer, least=1, most=MOST_NUMBER))
_ROLLBACK: Final = {"version": _NUMBER_OF}
_TEST: Final = {
    "version": _NUMBER_OF,
    "script": _PATCH["script"],
    "dependencies": _PATCH["dependencies"],
    "engine": ENGINE,
    "request": Property("What a token server would send; without it a sample is taken.", _object),
    "execution": Property("Id of an execution whose request is to be taken.", string),
}
_CREATE: Final = {**_PATCH, "triggerId": Property(f"One of: {', '.join(TRIGGERS)}.", _one_of(TRIGGERS))}
