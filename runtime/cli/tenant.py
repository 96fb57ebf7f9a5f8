"""An Auth0 tenant as auth0-deploy-cli exports it: hooks, Actions and rules, from a folder of JSON or from a tenant.yaml.

    hooks/NAME.json    {name, triggerId, enabled, script: "./NAME.js", secrets: {KEY: "_VALUE_NOT_SHOWN_"}, dependencies: {...}}
    actions/NAME.json  {name, code: ".../actions/NAME/code.js", supported_triggers: [{id}], deployed,
                        secrets: [{name, value?}], dependencies: [{name, version}]}
    triggers/triggers.json   {"post-login": [{action_name, display_name}]}      rules/NAME.json
    tenant.yaml        the same as lists under hooks, actions, triggers and rules; paths from its folder

`##KEY##` and `@@KEY@@` are the tool's marks for what it puts in when it imports; here they stand for what is not known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from runtime.errors import SettingsError
from runtime.manifest import NAME_CHARS, VALUE_NOT_SHOWN
from runtime.triggers import TRIGGERS

HOOK, ACTION, RULE = "hook", "Action", "rule"
LOGIN: Final = "post-login"
POINTS: Final = {**{trigger: trigger for trigger in TRIGGERS}, LOGIN: "password-exchange"}
"""Auth0's triggers, and the extensibility points that stand for them here."""

_YAML: Final = ("tenant.yaml", "tenant.yml")
_MARK: Final = re.compile(r"##\w+##|@@\w+@@")
_BARE_MARK: Final = re.compile(r"(?<!['\"\w])@@(\w+)@@(?!['\"\w])")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9 -]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A hook, an Action or a rule as the export has it. `point` is the vendor's name of where it runs, "" for a rule's."""

    kind: str
    name: str
    point: str
    script: str
    is_enabled: bool
    order: int | None = None
    dependencies: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those whose value the export has."""
    missing: tuple[str, ...] = ()
    """The names of the others."""

    @property
    def trigger(self) -> str:
        """Its extensibility point here, or ""."""
        return POINTS.get(self.point, "")

    @property
    def fit_name(self) -> str:
        """What a hook can be called."""
        return _UNFIT.sub("-", self.name)[:NAME_CHARS].strip("- ") or self.kind.lower()


def read_export(path: Path) -> list[Exported]:
    """All that runs code, hooks first. `SettingsError` names the file, and the field."""
    file = path if path.is_file() else next((path / name for name in _YAML if (path / name).is_file()), None)
    assets = _from_yaml(file) if file is not None else _from_folder(path)
    base = path if file is None else file.parent
    found = [_hook(base, *row) for row in assets.hooks]
    found += [_action(base, assets.bindings, *row) for row in assets.actions]
    return found + [_rule(*row) for row in assets.rules]


@dataclass(slots=True)
class _Assets:
    """Rows of the export with where they stand."""

    hooks: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    actions: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    rules: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    bindings: Mapping[str, Any] | None = None


def _from_folder(folder: Path) -> _Assets:
    if not any((folder / name).is_dir() for name in ("hooks", "actions", "rules")):
        raise SettingsError(
            f"{folder} has no tenant.yaml and none of hooks/, actions/ and rules/: name the folder or the file that "
            "`a0deploy export` wrote."
        )
    triggers = folder / "triggers" / "triggers.json"
    return _Assets(
        hooks=list(_rows_of(folder / "hooks")),
        actions=list(_rows_of(folder / "actions")),
        rules=list(_rows_of(folder / "rules")),
        bindings=_object(str(triggers), _json(triggers)) if triggers.is_file() else None,
    )


def _rows_of(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for file in sorted(folder.glob("*.json")):
        yield str(file), _object(str(file), _json(file))


def _json(file: Path) -> object:
    try:
        return json.loads(_BARE_MARK.sub(r'"@@\1@@"', _text(file)))
    except json.JSONDecodeError as error:
        raise SettingsError(f"{file} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from None


def _from_yaml(file: Path) -> _Assets:
    import yaml

    try:
        document = yaml.safe_load(_BARE_MARK.sub(r'"@@\1@@"', _text(file)))
    except yaml.YAMLError as error:
        raise SettingsError(f"{file} is not YAML: {' '.join(str(error).split())}.") from None
    tenant = _object(str(file), {} if document is None else document)
    bindings = tenant.get("triggers")
    return _Assets(
        hooks=_rows_in(file, tenant, "hooks"),
        actions=_rows_in(file, tenant, "actions"),
        rules=_rows_in(file, tenant, "rules"),
        bindings=bindings if isinstance(bindings, dict) else None,
    )


def _rows_in(file: Path, tenant: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    rows = tenant.get(name) or []
    if not isinstance(rows, list):
        _refuse(str(file), name, "a list")
    return [(f"{file}, {name}[{at}]", _object(f"{file}, {name}[{at}]", row)) for at, row in enumerate(rows)]


# What a row is


def _hook(base: Path, where: str, row: Mapping[str, Any]) -> Exported:
    known, missing = _known(where, _object(where, row.get("secrets") or {}, "secrets"))
    return Exported(
        kind=HOOK,
        name=_string(where, row, "name"),
        point=_string(where, row, "triggerId"),
        script=_script(base, where, _string(where, row, "script"), "hooks"),
        is_enabled=row.get("enabled") is True,
        dependencies=_versions(where, _object(where, row.get("dependencies") or {}, "dependencies")),
        secrets=known,
        missing=missing,
    )


def _action(base: Path, bindings: Mapping[str, Any] | None, where: str, row: Mapping[str, Any]) -> Exported:
    name = _string(where, row, "name")
    points = [_string(where, point, "id") for point in _objects(where, row, "supported_triggers")]
    point = next((point for point in points if point in POINTS), points[0] if points else "")
    secrets = {_string(where, secret, "name"): secret.get("value") for secret in _objects(where, row, "secrets")}
    known, missing = _known(where, secrets)
    place = _place(name, point, bindings)
    versions = {_string(where, each, "name"): each.get("version") for each in _objects(where, row, "dependencies")}
    return Exported(
        kind=ACTION,
        name=name,
        point=point,
        script=_script(base, where, row["code"], "actions") if row.get("code") else "",
        is_enabled=row.get("deployed") is True and place != 0,
        order=place or None,
        dependencies=_versions(where, versions),
        secrets=known,
        missing=missing,
    )


def _place(name: str, point: str, bindings: Mapping[str, Any] | None) -> int | None:
    """Which of several Actions of its trigger it is, from 1; 0 where it is bound to none, None where the export says nothing."""
    if bindings is None:
        return None
    bound = bindings.get(point) or []
    names = [row.get("action_name") for row in bound if isinstance(row, dict)]
    if name not in names:
        return 0
    return names.index(name) + 1 if len(names) > 1 else None


def _rule(where: str, row: Mapping[str, Any]) -> Exported:
    return Exported(
        kind=RULE, name=_string(where, row, "name"), point="", script="", is_enabled=row.get("enabled") is True
    )


def _known(where: str, secrets: Mapping[str, object]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The secrets whose values are there, and the names of those that only have a mark, or the tool's word for hidden."""
    for name, value in secrets.items():
        if value is not None and not isinstance(value, str):
            _refuse(where, f"secrets.{name}", "a string")
    known = {
        name: value
        for name, value in secrets.items()
        if isinstance(value, str) and value and value != VALUE_NOT_SHOWN and not _MARK.search(value)
    }
    return known, tuple(name for name in secrets if name not in known)


def _versions(where: str, versions: Mapping[str, object]) -> dict[str, str]:
    for name, version in versions.items():
        if not isinstance(version, str):
            _refuse(where, f"dependencies.{name}", "a version, as a string")
    return {name: str(version) for name, version in versions.items()}


def _script(base: Path, where: str, path: object, folder: str) -> str:
    """The source that a row names. The tool writes paths from where it ran, or from the folder, or from the export."""
    if not isinstance(path, str):
        _refuse(where, "script" if folder == "hooks" else "code", "the path of a file")
    parts = Path(path.replace("\\", "/")).parts
    inside = parts[parts.index(folder) :] if folder in parts else (folder, *parts)
    candidates = [base.joinpath(*inside), base / path]
    for file in candidates:
        if file.is_file() and file.resolve().is_relative_to(base.resolve()):
            return _text(file)
    raise SettingsError(f"{where} names the source {path}, which is not in the export: {candidates[0]} is not there.")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{file} can not be read ({reason}).") from None


def _string(where: str, row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        _refuse(where, name, "a string")
    return value


def _object(where: str, value: object, name: str = "") -> Mapping[str, Any]:
    if not isinstance(value, dict):
        _refuse(where, name, "an object")
    return value


def _objects(where: str, row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of objects; a mark in its place says nothing."""
    rows = row.get(name) or []
    if isinstance(rows, str) and _MARK.search(rows):
        return []
    if not isinstance(rows, list):
        _refuse(where, name, "a list")
    return [_object(where, each, f"{name}[{at}]") for at, each in enumerate(rows)]


def _refuse(where: str, name: str, wanted: str) -> NoReturn:
    what = f"'{name}'" if name else "it"
    raise SettingsError(f"{where}: {what} must be {wanted}.")
