"""What is done before and after a program that has an adapter around it, and not around any other."""

from __future__ import annotations

import orjson
import pytest

from runtime.model import Answer, Refusal, Response
from runtime.sandbox import actions, webtasks
from runtime.sandbox.adapted import Adapted
from runtime.sandbox.pool import WasmSandbox
from runtime.sandbox.program import load_program
from tests.sandbox.running import AMPLE

ACTION = "exports.onExecuteCredentialsExchange = (event, api) => {};"


@pytest.mark.parametrize(
    "source, trigger, adapted",
    [
        ("module.exports = (cb) => cb();", "credentials-exchange", ""),
        ("module.exports = (cb) => cb();", "webtask", "webtask"),
        (ACTION, "credentials-exchange", "credentials-exchange"),
        ("// onExecute\nmodule.exports = (cb) => cb();", "", ""),
        ("// onExecute\nmodule.exports = (cb) => cb();", "unknown", ""),
        (f"setTimeout(() => {{}}, 1); {ACTION}", "credentials-exchange", "credentials-exchange"),
    ],
)
async def test_an_image_knows_its_adapter(sandbox: WasmSandbox, source: str, trigger: str, adapted: str):
    """Only what may be an Action, or is a webtask; one that is evaluated in each request, too."""
    program = load_program(await sandbox.make_image(source, trigger=trigger))

    assert program.adapted == adapted


async def test_an_action_that_is_evaluated_in_each_request(sandbox: WasmSandbox):
    """It waits while it loads, so no image is kept; it runs all the same."""
    program = sandbox.load(
        await sandbox.make_image(f"setTimeout(() => {{}}, 1); {ACTION}", trigger="credentials-exchange")
    )
    arguments = orjson.dumps([{"id": "c"}, ["a"], "x", {}])

    assert (await sandbox.run(program, arguments, AMPLE)).outcome == Answer({"scope": ["a"]})


def test_an_actions_cache_goes_in_and_its_changes_come_back():
    """To the same owner's Actions of the same trigger."""
    adapted = Adapted(lambda: 0.0)
    packed = Answer({actions.MARK: {"answer": {}, "cache": [["k", "v", 1000]]}})

    assert adapted.outcome(packed, "t", "x") == Answer({})
    assert adapted.arguments(b"[1]", "t", "x") == b'[1,[["k","v",1000.0]]]'
    assert adapted.arguments(b"[1]", "u", "x") == b"[1,[]]"


def test_a_webtask_has_no_cache():
    """And its response is read as one."""
    adapted = Adapted(lambda: 0.0)
    said = {"status": 204, "headers": {}, "body": ""}

    assert adapted.arguments(b"[{}]", "t", "webtask") == b"[{}]"
    assert adapted.outcome(Answer({webtasks.MARK: said}), "t", "webtask") == Response(said)


def test_a_refusal_passes():
    """The adapters say nothing about it."""
    refusal = Refusal(name="E", message="m")

    assert Adapted(lambda: 0.0).outcome(refusal, "t", "x") is refusal
