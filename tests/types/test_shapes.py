"""The types are of what hooks and Actions are really given: the compiler checks both against values from the sandbox."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from runtime.bootstrap import Runtime
from runtime.model import Allow
from runtime.triggers import TRIGGERS, get, parse, sample
from tests.requesting import deploy
from tests.types.conftest import ACTIONS, NARROW, STYLES, Check

SHOW = """exports.%s = async (event, api) => {
  const methods = (room) => Object.fromEntries(Object.keys(room).map((name) => [name, 0]));
  const rooms = Object.keys(api).filter((room) => Object.keys(api[room]).length > 0);
  console.log(JSON.stringify({ event, api: Object.fromEntries(rooms.map((room) => [room, methods(api[room])])) }));
};"""
CHECKED = """import type { %(kind)s as Action } from './hookd';
type Api = Parameters<Action>[1];
export const event: Parameters<Action>[0] =
  %(event)s;
export const api: { [Room in keyof Api]: { [Method in keyof Api[Room]]: 0 } } =
  %(api)s;
"""


def test_hooks_are_called_with_what_the_types_say(check: Check, folder: Path):
    """No argument has a member that its type has not, none lacks one that its type promises."""
    for trigger, name in STYLES.items():
        arguments = orjson.dumps(parse(get(trigger), sample(trigger)).arguments({"KEY": "value"})).decode()
        source = f"import type {{ {name} as Hook }} from './hookd';\nexport const given: Parameters<Hook> =\n  "
        (folder / f"{trigger}.ts").write_text(f"{source}[...({arguments} satisfies Given), () => {{}}];\n{GIVEN}")

    assert check(*NARROW) == []


GIVEN = "type Given = Parameters<Hook> extends [...infer Head, any] ? Head : never;\n"


async def test_actions_are_called_with_what_the_types_say(runtime: Runtime, check: Check, folder: Path):
    """The event likewise; and api has exactly the methods of its type, but for those that only say that they are missing."""
    for trigger, kind in ACTIONS.items():
        await deploy(runtime, SHOW % f"o{kind[1:]}", {"KEY": "value"}, triggerId=trigger, name=trigger)
        executed = await runtime.dispatch.execute("t", trigger, sample(trigger))
        assert executed.execution is not None
        assert executed.fault is None
        (line,) = executed.execution.console
        said = orjson.loads(line.text)
        shown = {name: orjson.dumps(value).decode() for name, value in said.items()}
        (folder / f"{trigger}.ts").write_text(CHECKED % {"kind": kind, **shown})

    assert check(*NARROW) == []


async def test_an_action_in_typescript_runs(runtime: Runtime):
    """As a module, with its type from the file."""
    source = (Path(__file__).parent / "good/action.ts").read_text()
    await deploy(runtime, source, triggerId="password-exchange")
    executed = await runtime.dispatch.execute("t", "password-exchange", sample("password-exchange"))

    assert isinstance(executed.decision, Allow), executed.fault
    assert executed.decision.claims == {"https://example.com/name": "Ada"}


async def test_a_hook_that_uses_every_global_runs(runtime: Runtime):
    """What the compiler lets pass is there, and does what its type says."""
    source = (Path(__file__).parent / "good/globals.ts").read_text()
    await deploy(runtime, source)
    executed = await runtime.dispatch.execute("t", "credentials-exchange", sample("credentials-exchange"))

    assert isinstance(executed.decision, Allow), executed.fault
    claims = {name.rpartition("/")[2]: value for name, value in executed.decision.claims.items()}
    assert claims == {
        "why": "closed",
        "number": 0x0102,
        "text": True,
        "hash": 64,
        "name": True,
        "more": [1, 33, "text/plain", 36, "a", True],
        "errors": [20, True],
        "module": ["function", "object", "function", True],
    }


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_both_styles_are_named(trigger: str):
    """In the tables of these tests, so that a new extensibility point is not forgotten."""
    assert trigger in STYLES
    assert trigger in ACTIONS
