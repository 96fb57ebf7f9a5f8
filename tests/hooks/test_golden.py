"""The examples in hooks/ do what their cases say, on the whole path: storage, sandbox, claims, record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.model import Allow, Decision
from runtime.storage.base import ExecutionFilter
from runtime.triggers import TRIGGERS

HOOKS = Path(__file__).parents[2] / "hooks"
CASES = sorted(HOOKS.glob("*/cases/*.json"))


def said(trigger: str, decision: Decision) -> dict[str, object]:
    """A decision as the case files write it."""
    if not isinstance(decision, Allow):
        shown = {"user_message": decision.user_message} if decision.user_message else {}
        return {"deny": {"error": decision.error, "description": decision.description, **shown}}
    if not TRIGGERS[trigger].grant:
        return {"allow": decision.data or {}}
    extra = {"id_token_claims": decision.id_token_claims} if decision.id_token_claims else {}
    return {"allow": {"scope": list(decision.scope), "claims": decision.claims, **extra}}


@pytest.mark.parametrize("file", CASES, ids=lambda file: f"{file.parents[1].name}/{file.stem}")
async def test_case(file, runtime):
    """The decision, the failure and the console are those of the case; `denied` is an error that could not deny."""
    case = json.loads(file.read_text())
    body = {
        "name": file.parents[1].name,
        "script": (file.parents[1] / "hook.js").read_text(),
        "triggerId": case["trigger"],
        "enabled": True,
    }
    hook = (await runtime.admin.create_hook("golden", body)).hook
    if "secrets" in case:
        await runtime.admin.add_secrets("golden", hook.id, case["secrets"])

    executed = await runtime.dispatch.execute("golden", case["trigger"], case["request"])

    assert case["decision"] == said(case["trigger"], executed.decision)
    assert executed.execution is not None
    failure = executed.execution.failure
    assert case.get("failure", "") == getattr(failure, "code", "")
    if "denied" in case:
        assert case["denied"] == getattr(failure, "message", "")
    if "console" in case:
        assert case["console"] == [[line.level, line.text] for line in executed.execution.console]


def test_every_example_is_whole():
    """An example is a hook, a README and at least one case."""
    for folder in sorted(path for path in HOOKS.iterdir() if path.is_dir()):
        assert (folder / "hook.js").exists()
        assert (folder / "README.md").read_text().startswith(f"# {folder.name}\n")
        assert list(folder.glob("cases/*.json")) != []


def test_the_demo_starts_with_the_first_example():
    """What `hookd dev` enables is what the example shows."""
    packed = Path(__file__).parents[2] / "runtime/cli/seed.js"

    assert (HOOKS / "custom-claims/hook.js").read_text() == packed.read_text()


def test_every_extensibility_point_has_an_example():
    """To start from."""
    assert {json.loads(file.read_text())["trigger"] for file in CASES} == set(TRIGGERS)


async def test_an_execution_of_an_example_is_recorded(runtime):
    """The record is there when the recorder has written it."""
    body = {
        "name": "x",
        "script": "module.exports = (c, s, a, x, cb) => cb(null, {})",
        "triggerId": "credentials-exchange",
    }
    await runtime.admin.create_hook("golden", body | {"enabled": True})
    executed = await runtime.dispatch.execute(
        "golden", "credentials-exchange", {"client": {"id": "c"}, "audience": "a"}
    )
    await runtime.recorder.close()

    recorded = await runtime.storage.list_executions("golden", ExecutionFilter(), limit=10)

    assert executed.execution is not None
    assert [execution.id for execution in recorded] == [executed.execution.id]
