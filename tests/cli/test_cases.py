"""A case: read, checked, held against a run, and written anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.cli.cases import differences, is_case, read_case, updated
from runtime.errors import SettingsError

POINT = "credentials-exchange"
ALLOW: dict[str, Any] = {"allow": {"scope": [], "claims": {}}}
FOUND: dict[str, Any] = {"decision": ALLOW, "failure": "", "denied": "", "console": [["info", "a"]]}


def write(folder: Path, document: object) -> Path:
    file = folder / "a-case.json"
    file.write_text(json.dumps(document))
    return file


def test_a_case_of_a_project_need_not_say_its_trigger(tmp_path: Path):
    """Name, request and secrets; whose repr shows no value."""
    case = read_case(write(tmp_path, {"request": {"x": 1}, "secrets": {"K": "not-to-be-seen"}}), POINT)

    assert (case.name, case.trigger, case.request, case.secrets) == ("a-case", POINT, {"x": 1}, {"K": "not-to-be-seen"})
    assert "not-to-be-seen" not in repr(case.secrets)


@pytest.mark.parametrize(
    "document, message",
    [
        (
            {"request": {}, "descision": {}},
            "a-case.json: There is no 'descision' in a case; there are: description, trig",
        ),
        ({"request": {}, "trigger": "x"}, "a-case.json: 'trigger' must be one of credentials-exchange, "),
        ({"request": {}, "trigger": "send-phone-message"}, "'trigger' is send-phone-message, but its hook is for cred"),
        ({}, "a-case.json: 'request' is missing: what a token server would send."),
        ({"request": []}, "a-case.json: 'request' must be an object, not array."),
        ({"request": {}, "secrets": []}, "a-case.json: 'secrets' must be an object, not array."),
        ({"request": {}, "secrets": {"K": 1}}, "a-case.json: 'secrets.K' must be a string, not number."),
    ],
)
def test_a_fault_is_named(tmp_path: Path, document: object, message: str):
    """The file and the field."""
    with pytest.raises(SettingsError) as raised:
        read_case(write(tmp_path, document), POINT)

    assert message in str(raised.value)


@pytest.mark.parametrize(
    "more, places",
    [
        ({"decision": ALLOW}, []),
        ({"decision": ALLOW, "failure": "", "console": [["info", "a"]]}, []),
        ({}, ["decision"]),
        ({"decision": ALLOW, "failure": "threw"}, ["failure"]),
        ({"decision": ALLOW, "console": []}, ["console"]),
        ({"decision": ALLOW, "denied": "no"}, ["denied"]),
    ],
)
def test_only_what_a_case_says_is_looked_at(tmp_path: Path, more: dict[str, Any], places: list[str]):
    """The decision and how it broke always, the console and the error where they are given."""
    case = read_case(write(tmp_path, {"request": {}, **more}), POINT)

    assert places == [difference.path for difference in differences(case, FOUND)]


def test_an_update_keeps_what_is_the_authors(tmp_path: Path):
    """Request, secrets and description; what it did not look at it does not look at now."""
    document = {"description": "why", "request": {"x": 1}, "secrets": {"K": "v"}, "failure": "threw", "denied": "x"}
    case = read_case(write(tmp_path, document), POINT)
    written = json.loads(updated(case, {**FOUND, "denied": "no"}))

    assert written == {
        "description": "why",
        "request": {"x": 1},
        "secrets": {"K": "v"},
        "decision": ALLOW,
        "denied": "no",
    }
    assert differences(read_case(write(tmp_path, written), POINT), {**FOUND, "denied": "no"}) == []


def test_a_request_is_no_case():
    """By its members: no extensibility point's request has one that is called request."""
    assert is_case({"trigger": POINT, "request": {}})
    assert not is_case({"client": {}, "audience": "a"})
    assert not is_case({"request": {}, "client": {}})
