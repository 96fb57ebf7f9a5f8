"""The examples in hooks/ do what their cases say, on the whole path: storage, sandbox, claims, record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.cli.cases import differences, found_of, read_case
from runtime.cli.project import read_project
from runtime.storage.base import ExecutionFilter
from runtime.triggers import TRIGGERS

HOOKS = Path(__file__).parents[2] / "hooks"
CASES = sorted(HOOKS.glob("*/cases/*.json"))


@pytest.mark.parametrize("file", CASES, ids=lambda file: f"{file.parents[1].name}/{file.stem}")
async def test_case(file, runtime):
    """The decision, the failure and the console are those of the case; `denied` is an error that could not deny."""
    project, case = read_project(file.parents[1]), read_case(file)
    hook = (await runtime.admin.create_hook("golden", {**project.body(), "enabled": True})).hook
    if case.secrets:
        await runtime.admin.add_secrets("golden", hook.id, dict(case.secrets))

    executed = await runtime.dispatch.execute("golden", case.trigger, case.request)

    assert differences(case, found_of(executed)) == []


def test_every_example_is_whole():
    """An example is a project folder: a hook, a README and at least one case, each with a decision."""
    for folder in sorted(path for path in HOOKS.iterdir() if path.is_dir()):
        project = read_project(folder)
        assert (project.name, project.main) == (folder.name, "hook.js")
        assert all("decision" in read_case(file, project.trigger).document for file in project.cases)
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
