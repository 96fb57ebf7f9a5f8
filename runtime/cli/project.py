"""A project folder: one hook, its cases, and `hookd.toml`, which says what it is. Read, checked, written; here alone.

    hookd.toml         name, trigger, main, engine, dependencies, policy, the names of its secrets
    hook.js, hook.ts   the source                      cases/*.json   what it must answer (`cases`)
    secrets.env        values for runs on this machine, which git ignores

Every error names the file and the field.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any, Final, NoReturn

from runtime.cli.env_files import read_values
from runtime.configuration import fill, setting
from runtime.errors import InvalidBody, SettingsError
from runtime.manifest import NAME_CHARS, NAME_PATTERN, SCRIPT_BYTES, SECRET_NAME_CHARS, SECRETS, parse_new_hook
from runtime.model import ENGINES, JsonObject, Policy, Secrets
from runtime.policies import parse_policy
from runtime.triggers import TRIGGERS

FILE: Final = "hookd.toml"
CASES: Final = "cases"
VALUES: Final = "secrets.env"
MAINS: Final = ("hook.js", "hook.ts")

_UNFIT: Final = re.compile(r"[^A-Za-z0-9]+")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a folder's hookd.toml says. `engine` is "" for the server's own; `policy` None where the file has none."""

    folder: Path
    name: str
    trigger: str
    main: str = MAINS[0]
    engine: str = ""
    dependencies: Mapping[str, str] = field(default_factory=dict)
    policy: Policy | None = None
    secrets: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        """Its hookd.toml."""
        return self.folder / FILE

    @property
    def source(self) -> Path:
        """The hook's source."""
        return self.folder / self.main

    @property
    def cases(self) -> list[Path]:
        """Its cases, in order of their names."""
        return sorted((self.folder / CASES).glob("*.json"))

    def body(self) -> dict[str, object]:
        """As the Management API takes it when the hook is made: `{name, script, triggerId, dependencies, engine?}`.

        `SettingsError` where the source can not be read, or has too many bytes.
        """
        body: dict[str, object] = {
            "name": self.name,
            "script": read_source(self.source, f"{self.file} says main = {_toml(self.main)}"),
            "triggerId": self.trigger,
            "dependencies": dict(self.dependencies),
        }
        return {**body, "engine": self.engine} if self.engine else body

    def policy_body(self) -> dict[str, object] | None:
        """As the policy's route takes it, or None where the server's is to stay as it is."""
        return None if self.policy is None else {item.name: _plain(self.policy, item.name) for item in fields(Policy)}

    def values(self) -> Secrets:
        """What `secrets.env` says, for runs on this machine; nothing where there is no such file."""
        return read_values(self.folder / VALUES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    name: str = setting("", "What the hook is called on the server.")
    trigger: str = setting("", "Its extensibility point.", choices=tuple(TRIGGERS))
    main: str = setting(MAINS[0], "The file with its source.")
    engine: str = setting("", "What runs it.", choices=ENGINES)
    secrets: tuple[str, ...] = setting((), "The names of its secrets.")
    dependencies: dict[str, Any] = setting(dict, "npm modules and their versions.")
    policy: dict[str, Any] = setting(dict, "For whom it runs, and what its failure means.")


def find_folder(start: Path) -> Path | None:
    """The project folder that this folder is, or lies in."""
    return next((folder for folder in (start, *start.absolute().parents) if (folder / FILE).is_file()), None)


def folders_in(place: Path) -> list[Path]:
    """The project folders that are meant by a folder: itself, or those in it; itself too where there are none."""
    if (place / FILE).exists():
        return [place]
    return sorted(file.parent for file in place.glob(f"*/{FILE}")) or [place]


def read_project(folder: Path) -> Project:
    """The project of a folder. `SettingsError` names the file, the field and the rule."""
    file = folder / FILE
    try:
        text = file.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        where = "this folder" if str(folder) == "." else folder
        _refuse(f"There is no {FILE} in {where}", f"`hookd init {folder}` makes a project folder of it")
    except (OSError, UnicodeDecodeError) as error:
        _refuse(f"{file} can not be read ({_reason(error)})", "make it a text file that you may read")
    return parse_project(folder, text)


def parse_project(folder: Path, text: str) -> Project:
    """The project that this text of a hookd.toml describes. `SettingsError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _refuse(f"{folder / FILE} is not TOML", str(error))
    try:
        return _project(folder, fill(_Table, document, ""), document)
    except (SettingsError, InvalidBody) as error:
        message = error.message if isinstance(error, InvalidBody) else str(error)
        raise SettingsError(f"{folder / FILE}: {message.removeprefix('Payload validation error: ')}") from None


def _project(folder: Path, table: _Table, document: Mapping[str, Any]) -> Project:
    for name in ("name", "trigger"):
        if name not in document:
            raise SettingsError(f"'{name}' is missing{_example_of(name)}.")
    require_name(table.name)
    _require_inside(table.main)
    _require_secret_names(table.secrets)
    _require_versions(table.dependencies)
    # What the server would say, said here: a script that is not empty stands for the one that is read later.
    parse_new_hook(
        {"name": table.name, "script": "-", "triggerId": table.trigger, "dependencies": dict(table.dependencies)}
    )
    return Project(
        folder=folder,
        name=table.name,
        trigger=table.trigger,
        main=table.main,
        engine=table.engine,
        dependencies=table.dependencies,
        policy=_policy(table.policy) if "policy" in document else None,
        secrets=table.secrets,
    )


def _example_of(name: str) -> str:
    return {"name": ': name = "my-hook"', "trigger": f", one of {', '.join(TRIGGERS)}"}[name]


def require_name(name: str) -> None:
    """`SettingsError` for what no hook can be called."""
    if len(name) > NAME_CHARS or not re.fullmatch(NAME_PATTERN, name):
        raise SettingsError(
            f"'name' must be letters, digits, hyphens and spaces, {NAME_CHARS} at most, the first and the last of them "
            f"a letter or a digit, not {name[:NAME_CHARS]!r}."
        )


def name_like(text: str, otherwise: str = "hook") -> str:
    """What a hook can be called that is like this, a file's or a folder's name mostly."""
    return _UNFIT.sub("-", text)[:NAME_CHARS].strip("-") or otherwise


def _require_inside(main: str) -> None:
    path = PurePosixPath(main)
    if not main or path.is_absolute() or ".." in path.parts:
        raise SettingsError(f"'main' must be a file in the folder, such as {_toml(MAINS[0])}, not {main!r}.")


def _require_secret_names(names: tuple[str, ...]) -> None:
    if len(names) > SECRETS:
        raise SettingsError(f"'secrets' has {len(names)} names; a hook can have {SECRETS}.")
    for name in names:
        if not 1 <= len(name) <= SECRET_NAME_CHARS:
            raise SettingsError(f"'secrets' has a name of {len(name)} characters; 1 to {SECRET_NAME_CHARS} can be.")


def _require_versions(dependencies: Mapping[str, object]) -> None:
    for name, version in dependencies.items():
        if not isinstance(version, str):
            raise SettingsError(f"'dependencies.{name}' must be a version as a string, such as \"1.2.3\".")


def _policy(table: Mapping[str, object]) -> Policy:
    try:
        return parse_policy(table)(Policy()) if table else Policy()
    except InvalidBody as error:
        raise InvalidBody(error.message.replace(" on property ", " on property policy.")) from None


# The files beside hookd.toml


def read_source(file: Path, because: str = "") -> str:
    """A hook's source. `SettingsError`; *because* says why it was looked for."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        _refuse(f"There is no file {file}", because or "name the file with the hook's source")
    except (OSError, UnicodeDecodeError) as error:
        _refuse(f"{file} can not be read ({_reason(error)})", because or "it must be a text file, in UTF-8")
    size = len(text.encode())
    if not text.strip():
        _refuse(f"{file} is empty", "write the hook into it; `hookd init` makes one to start from")
    if size > SCRIPT_BYTES:
        _refuse(f"{file} has {size:,} bytes; a hook can have {SCRIPT_BYTES:,}", "move code into npm modules")
    return text


def read_object(file: Path) -> JsonObject:
    """A JSON object in a file. `SettingsError`, with line and column."""
    try:
        value = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        _refuse(f"There is no file {file}", "name a JSON file with a request, or with a case")
    except json.JSONDecodeError as error:
        _refuse(f"{file} is not JSON", f"line {error.lineno}, column {error.colno}: {error.msg}")
    except (OSError, UnicodeDecodeError) as error:
        _refuse(f"{file} can not be read ({_reason(error)})", "it must be a text file, in UTF-8")
    if not isinstance(value, dict):
        _refuse(f"{file} must have a JSON object", "a request, or a case with a request in it")
    return value


# Writing


def render_project(project: Project) -> str:
    """The text of its hookd.toml, with a word on each field."""
    policy = project.policy_body()
    return "\n".join(
        [
            "# A hook for hookd: `hookd test` holds it against cases/, `hookd deploy` brings it to the server.",
            f"name = {_toml(project.name)}",
            f"trigger = {_toml(project.trigger)}",
            f"main = {_toml(project.main)}",
            *([f"engine = {_toml(project.engine)}"] if project.engine else []),
            "# Their names only; for runs on this machine their values are in secrets.env, which git ignores.",
            f"secrets = {_toml(list(project.secrets))}",
            "",
            "[dependencies]",
            *(f"{_key(name)} = {_toml(version)}" for name, version in project.dependencies.items()),
            *([] if policy is None else _policy_lines(policy)),
            "",
        ]
    )


def _policy_lines(policy: Mapping[str, object]) -> list[str]:
    return ["", "[policy]", *(f"{name} = {_toml(value)}" for name, value in policy.items() if value is not None)]


def _plain(policy: Policy, name: str) -> object:
    value = getattr(policy, name)
    return list(value) if isinstance(value, tuple) else value


def _toml(value: object) -> str:
    """A string, an array of strings or a number. JSON's escapes are all TOML's too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _toml(name)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8"


def _refuse(what: str, next_step: str) -> NoReturn:
    raise SettingsError(f"{what}: {next_step.removesuffix('.')}.") from None
