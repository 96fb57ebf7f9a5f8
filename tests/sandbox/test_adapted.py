"""What is done before and after a program that has an adapter around it, and not around any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import pytest

from runtime.model import Answer, Refusal, Response
from runtime.sandbox import actions, webtasks
from runtime.sandbox.adapted import Adapted
from runtime.sandbox.caches import Change, NoCaches
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


@pytest.mark.parametrize(
    "source, trigger, caches",
    [
        (ACTION, "credentials-exchange", False),
        (f"{ACTION} // cached caches", "credentials-exchange", False),
        ("exports.onExecuteCredentialsExchange = (e, api) => api.cache.get('k');", "credentials-exchange", True),
        ("setTimeout(() => {}, 1); exports.onExecutePostLogin = (e, { cache }) => {};", "password-exchange", True),
        ("module.exports = (cb) => cb(null, 'cache');", "credentials-exchange", False),
        ("module.exports = (cb) => cb(null, 'cache');", "webtask", False),
    ],
)
async def test_an_image_knows_whether_it_names_the_cache(sandbox: WasmSandbox, source: str, trigger: str, caches: bool):
    """So that nobody else's requests read one."""
    assert load_program(await sandbox.make_image(source, trigger=trigger)).caches is caches


async def test_an_action_that_is_evaluated_in_each_request(sandbox: WasmSandbox):
    """It waits while it loads, so no image is kept; it runs all the same."""
    program = sandbox.load(
        await sandbox.make_image(f"setTimeout(() => {{}}, 1); {ACTION}", trigger="credentials-exchange")
    )
    arguments = orjson.dumps([{"id": "c"}, ["a"], "x", {}])

    assert (await sandbox.run(program, arguments, AMPLE)).outcome == Answer({"scope": ["a"]})


class Kept:
    """`Caches` that note what they are asked."""

    def __init__(self, *entries: Change) -> None:
        self.asked: list[object] = []
        self._entries = entries

    async def entries(self, owner: str, trigger: str) -> Sequence[Change]:
        self.asked.append((owner, trigger))
        return self._entries

    async def keep(self, owner: str, trigger: str, changes: Sequence[Change]) -> None:
        self.asked.append((owner, trigger, changes))


@dataclass
class Known:
    """What is known of a program."""

    adapted: str = "x"
    caches: bool = True


async def test_an_actions_cache_goes_in():
    """Behind the hook's arguments, with the moments at which entries expire."""
    adapted = Adapted(Kept(Change("k", "v", 1000.0), Change("l", "", 2.5)))

    handed = '[["k","v",1000.0],["l","",2.5]]'
    assert await adapted.arguments(Known(), b'[1,"a"]', "t") == f'[1,"a",{handed}]'.encode()
    assert await adapted.arguments(Known(), b"[]", "t") == f"[{handed}]".encode()


async def test_who_names_no_cache_asks_for_none():
    """It is handed an empty one, and nothing is read for that."""
    kept = Kept(Change("k", "v", 1000.0))

    assert await Adapted(kept).arguments(Known(caches=False), b"[1]", "t") == b"[1,[]]"
    assert kept.asked == []


@pytest.mark.parametrize("said", [{"asked": True}, {"cache": [["k"]]}])
async def test_who_asks_for_it_nevertheless_has_it_from_then_on(said: dict[str, object]):
    """A module, which was handed `api`."""
    adapted, program = Adapted(Kept(Change("k", "v", 1000.0))), Known(caches=False)
    await adapted.outcome(program, Answer({actions.MARK: {"answer": {}, **said}}), "t")

    assert await adapted.arguments(program, b"[1]", "t") == b'[1,[["k","v",1000.0]]]'


async def test_what_an_action_changed_is_kept():
    """Of the owner and the trigger; not where it is dry, and nothing where there is nothing."""
    kept = Kept()
    adapted = Adapted(kept)
    packed = Answer({actions.MARK: {"answer": {}, "cache": [["k", "v", 1000]]}})

    assert await adapted.outcome(Known(), packed, "t") == Answer({})
    assert await adapted.outcome(Known(), packed, "t", dry=True) == Answer({})
    assert await adapted.outcome(Known(), Answer({actions.MARK: {"answer": {}, "cache": []}}), "t") == Answer({})
    assert kept.asked == [("t", "x", [Change("k", "v", 1000.0)])]


async def test_a_webtask_has_no_cache():
    """And its response is read as one."""
    adapted, webtask = Adapted(Kept(Change("k", "v", 1000.0))), Known("webtask", caches=False)
    said = {"status": 204, "headers": {}, "body": ""}

    assert await adapted.arguments(webtask, b"[{}]", "t") == b"[{}]"
    assert await adapted.outcome(webtask, Answer({webtasks.MARK: said}), "t") == Response(said)


async def test_a_module_of_an_action_that_asks_for_the_cache(sandbox: WasmSandbox):
    """The Action itself never says the word: the image does not know, the first run does."""
    source = "const key = 'ca' + 'che'; exports.onExecuteCredentialsExchange = (event, api) => void api[key].get('k');"
    program = load_program(await sandbox.make_image(source, trigger="credentials-exchange"))
    before = program.caches
    await sandbox.run(program, orjson.dumps([{"id": "c"}, ["a"], "x", {}]), AMPLE)

    assert (before, program.caches) == (False, True)


async def test_a_refusal_passes():
    """The adapters say nothing about it."""
    refusal = Refusal(name="E", message="m")

    assert await Adapted(NoCaches()).outcome(Known(), refusal, "t") is refusal
