"""What a command runs: the hook of a project folder or of a file, and a request for it with its secrets."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from runtime.cli.cases import is_case, read_case
from runtime.cli.project import (
    FILE,
    MAINS,
    Project,
    find_folder,
    name_like,
    read_object,
    read_project,
    read_source,
)
from runtime.errors import SettingsError
from runtime.grammar import json_type
from runtime.model import JsonObject, Secrets
from runtime.triggers import TRIGGERS, sample

STANDARD_INPUT: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A hook as the Management API takes it, and the project that it is of, if it is of one."""

    body: dict[str, Any]
    project: Project | None
    source: Path

    @property
    def name(self) -> str:
        """The hook's."""
        return str(self.body["name"])

    @property
    def trigger(self) -> str:
        """Its extensibility point's id."""
        return str(self.body["triggerId"])

    @property
    def engine(self) -> str:
        """What it asks for, or ""."""
        return str(self.body.get("engine", ""))

    @property
    def secret_names(self) -> tuple[str, ...]:
        """What it says it needs."""
        return self.project.secrets if self.project else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, where it is from, and the secrets that come with it."""

    request: JsonObject
    origin: str
    secrets: Secrets = field(default_factory=Secrets)


def read_target(path: Path | None, *, trigger: str = "", engine: str = "") -> Target:
    """The hook of a folder, of a file, or of the project folder that the current folder is in. `SettingsError`."""
    folder = path if path is not None and path.is_dir() else None
    if path is None:
        folder = find_folder(Path())
        if folder is None:
            raise SettingsError(
                f"There is no {FILE} here or above: name a file or a folder, or make a project with `hookd init`."
            )
    more = {"engine": engine} if engine else {}
    if folder is not None:
        project = read_project(folder)
        return Target(body={**project.body(), **_at(trigger), **more}, project=project, source=project.source)
    assert path is not None
    if not path.exists():
        raise SettingsError(f"There is no file and no folder {path}: name a hook, such as {MAINS[0]}, or its folder.")
    own = _project_of(path)
    if own is not None:
        return Target(body={**own.body(), **_at(trigger), **more}, project=own, source=path)
    if not trigger:
        raise SettingsError(
            f"{path} is in no project folder, so say what it is for: --trigger, one of {', '.join(TRIGGERS)}."
        )
    name = name_like(path.stem)
    body = {"name": name, "script": read_source(path), "triggerId": trigger, **more}
    return Target(body=body, project=None, source=path)


def _at(trigger: str) -> dict[str, str]:
    return {"triggerId": trigger} if trigger else {}


def _project_of(file: Path) -> Project | None:
    """The project whose source this file is."""
    folder = find_folder(file.parent)
    project = None if folder is None else read_project(folder)
    return project if project and project.source.absolute() == file.absolute() else None


def read_asked(file: str | None, target: Target) -> Asked:
    """The request, or the case, of a file, of the standard input (`-`), or else the sample. `SettingsError`."""
    if file is None:
        return Asked(request=sample(target.trigger), origin=f"the sample of {target.trigger}")
    if file == STANDARD_INPUT:
        return Asked(request=_from_input(), origin="the standard input")
    document = read_object(Path(file))
    if not is_case(document):
        return Asked(request=document, origin=file)
    case = read_case(Path(file), target.trigger)
    return Asked(request=case.request, origin=file, secrets=case.secrets)


def _from_input() -> JsonObject:
    try:
        value = json.load(sys.stdin)
    except ValueError as error:
        raise SettingsError(f"The standard input is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise SettingsError(f"The standard input must be a request, a JSON object, not {json_type(value)}.")
    request = value["request"] if is_case(value) else value
    assert isinstance(request, dict)
    return request


def gather_secrets(target: Target, asked: Asked, given: Mapping[str, str]) -> Secrets:
    """Those of the folder's secrets.env, then the case's, then the given ones. `SettingsError`, without values."""
    kept = target.project.values() if target.project else Secrets()
    return Secrets({**kept, **asked.secrets, **given})


def split_paths(paths: Sequence[str]) -> tuple[Path | None, str | None]:
    """`[HOOK] [REQUEST]`: what ends in .json, or is `-`, is a request; the hook may be left out."""
    hooks = [path for path in paths if not _is_request(path)]
    requests = [path for path in paths if _is_request(path)]
    if len(hooks) > 1 or len(requests) > 1:
        raise SettingsError(
            f"One hook ({' or '.join(MAINS)}, or a folder) and one request (a .json file, or - for the standard input) "
            "can be named."
        )
    return (Path(hooks[0]) if hooks else None, requests[0] if requests else None)


def _is_request(path: str) -> bool:
    return path == STANDARD_INPUT or path.endswith(".json")
