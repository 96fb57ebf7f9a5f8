from __future__ import annotations

from dataclasses import fields

from runtime.model import ConsoleLine, DroppedClaim, Execution, Failure, Hook, HookVersion, Operation, Refusal
from runtime.web.shapes import HOOK_FIELDS, execution_body, execution_summary, fault_body, hook_body

VERSION = HookVersion(id="f" * 64, trigger="credentials-exchange", script="1", dependencies={"a": "1.0.0"})
HOOK = Hook(
    tenant="acme", id="h1", name="a", trigger=VERSION.trigger, enabled=True, version=VERSION, created_at=1, updated_at=2
)
EXECUTION = Execution(
    id="e1",
    tenant="acme",
    trigger="credentials-exchange",
    hook_id="h1",
    hook_name="a",
    version_id=VERSION.id,
    client_id="c1",
    at=1526774400.25,
    decision="deny",
    error="access_denied",
    description="no",
    failure=Refusal(name="Error", message="no", stack="at x"),
    dropped=(DroppedClaim(name="sub", token="access_token", reason="protected"),),
    console=(ConsoleLine(level="info", text="hi"),),
    operations=(Operation(kind="fetch", method="GET", host="a.example:81", status=200, ms=1.23456),),
    duration_ms=1.23456,
    cpu_ms=0.5,
    memory_bytes=65536,
    request_id="r1",
)


def test_a_hook_has_the_vendors_fields_in_the_vendors_order():
    """contract-full 5.1; neither the tenant nor the times."""
    assert hook_body(HOOK) == {
        "id": "h1",
        "name": "a",
        "script": "1",
        "dependencies": {"a": "1.0.0"},
        "enabled": True,
        "triggerId": "credentials-exchange",
    }
    assert tuple(hook_body(HOOK)) == HOOK_FIELDS


def test_a_refusal_is_denied_and_a_failure_has_its_code():
    """Both have the same members."""
    refusal, failure = (
        Refusal(name="E", message="m", stack="s"),
        Failure(code="threw", message="m", name="E", stack="s"),
    )
    assert fault_body(refusal) == {"code": "denied", "name": "E", "message": "m", "stack": "s"}
    assert fault_body(failure) == {**fault_body(refusal), "code": "threw"}


def test_a_record_shows_all_but_the_tenant():
    """Every field of an execution is shown under some name; a new one must be placed or left out here."""
    body = execution_body(EXECUTION)
    names = {
        "hook_name": "hook",
        "version_id": "version",
        "client_id": "client",
        "description": "error_description",
        "failure": "hook_error",
        "trace": "trace_id",
    }
    found_out = {"outcome", "level"}
    assert set(body) == {names.get(item.name, item.name) for item in fields(Execution)} - {"tenant"} | found_out
    assert body["at"] == "2018-05-20T00:00:00.250Z"
    assert (body["duration_ms"], body["cpu_ms"]) == (1.235, 0.5)
    assert body["operations"] == [
        {"kind": "fetch", "method": "GET", "host": "a.example:81", "status": 200, "ms": 1.235, "error": None}
    ]


def test_an_answers_summary_is_a_part_of_its_record():
    """Same names, same values."""
    summary, record = execution_summary(EXECUTION), execution_body(EXECUTION)
    assert list(summary) == ["id", "hook", "version", "duration_ms", "cpu_ms"]
    assert summary.items() <= record.items()
