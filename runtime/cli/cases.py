"""A case: a request and what the hook must answer, one JSON file.

    {"trigger": "credentials-exchange", "request": {...}, "secrets": {"KEY": "..."},
     "decision": {"allow": {"scope": [...], "claims": {...}}}}

`decision` is `{"allow": {...}}` or `{"deny": {"error", "description", "user_message"?}}`. Of a hook that breaks, `failure` is
how. `console`, `[[level, text], ...]`, and `denied`, the message of an error that could deny nothing, are looked at where
they are given. `trigger` may be left out in a project folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.cli.comparing import NOTHING, Difference, compare
from runtime.cli.project import read_object
from runtime.dispatch import Executed
from runtime.errors import SettingsError
from runtime.grammar import json_type
from runtime.model import Allow, Decision, Failure, JsonObject, Secrets
from runtime.triggers import TRIGGERS

FIELDS: Final = ("description", "trigger", "request", "secrets", "decision", "failure", "denied", "console")
_NAMED: Final = re.compile(r"\w*Error: ")
_FOUND: Final = ("decision", "failure", "denied", "console")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file, read and checked. `document` is all that it has."""

    file: Path
    document: JsonObject
    trigger: str
    request: JsonObject
    secrets: Secrets

    @property
    def name(self) -> str:
        """The file's, less its ending."""
        return self.file.stem


def is_case(document: JsonObject) -> bool:
    """Whether this is a case and not a bare request, which has none of these members."""
    return "request" in document and document.keys() <= set(FIELDS)


def read_case(file: Path, trigger: str = "") -> Case:
    """The case of a file; `trigger` is its project's, if it has one. `SettingsError` names the file and the field."""
    document = read_object(file)
    try:
        return _case(file, document, trigger)
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from None


def _case(file: Path, document: JsonObject, trigger: str) -> Case:
    unknown = [name for name in document if name not in FIELDS]
    if unknown:
        raise SettingsError(f"There is no '{unknown[0]}' in a case; there are: {', '.join(FIELDS)}.")
    named = document.get("trigger", trigger)
    if named not in TRIGGERS:
        raise SettingsError(f"'trigger' must be one of {', '.join(TRIGGERS)}, not {named!r}.")
    if trigger and named != trigger:
        raise SettingsError(f"'trigger' is {named}, but its hook is for {trigger}.")
    secrets = _object(document, "secrets") if "secrets" in document else {}
    for name, value in secrets.items():
        if not isinstance(value, str):
            raise SettingsError(f"'secrets.{name}' must be a string, not {json_type(value)}.")
    return Case(
        file=file,
        document=document,
        trigger=str(named),
        request=_object(document, "request"),
        secrets=Secrets({name: str(value) for name, value in secrets.items()}),
    )


def _object(document: JsonObject, name: str) -> Mapping[str, object]:
    if name not in document:
        raise SettingsError(f"'{name}' is missing: what a token server would send.")
    value = document[name]
    if not isinstance(value, dict):
        raise SettingsError(f"'{name}' must be an object, not {json_type(value)}.")
    return value


def said(trigger: str, decision: Decision) -> dict[str, object]:
    """A decision as cases write it."""
    if not isinstance(decision, Allow):
        shown = {"user_message": decision.user_message} if decision.user_message else {}
        return {"deny": {"error": decision.error, "description": decision.description, **shown}}
    if not TRIGGERS[trigger].grant:
        return {"allow": decision.data or {}}
    extra = {"id_token_claims": decision.id_token_claims} if decision.id_token_claims else {}
    return {"allow": {"scope": list(decision.scope), "claims": decision.claims, **extra}}


def found_of(executed: Executed) -> dict[str, object]:
    """What a case could say of this run: `{decision, failure, denied, console}`."""
    execution = executed.execution
    assert execution is not None
    failure = execution.failure
    return {
        "decision": said(executed.trigger.id, executed.decision),
        "failure": failure.code if isinstance(failure, Failure) else "",
        "denied": failure.message if failure else "",
        "console": [[line.level, line.text] for line in execution.console],
    }


def told(name: str, message: str, stack: str) -> str:
    """An error as its developer reads it: name and message once, then the places."""
    if message in stack:
        return stack.rstrip()
    head = message if _NAMED.match(message) else f"{name}: {message}"
    return f"{head}\n{stack}".rstrip()


def differences(case: Case, found: Mapping[str, object]) -> list[Difference]:
    """Where the run was not as the case says. A case without a decision expects none yet."""
    expected = case.document
    rows = compare(expected.get("decision", NOTHING), found["decision"], "decision")
    rows += compare(expected.get("failure") or NOTHING, found["failure"] or NOTHING, "failure")
    for name in ("denied", "console"):
        if name in expected:
            rows += compare(expected[name], found[name], name)
    return rows


def updated(case: Case, found: Mapping[str, object]) -> str:
    """The file's text with what was found in place of what was expected; what the case does not look at stays away."""
    document = {name: value for name, value in case.document.items() if name not in _FOUND}
    document["decision"] = found["decision"]
    if found["failure"]:
        document["failure"] = found["failure"]
    for name in ("denied", "console"):
        if name in case.document:
            document[name] = found[name]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
