"""A token request from payload to record, with the real engine and storage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import orjson
import pytest

from runtime import preparation
from runtime.bootstrap import Runtime
from runtime.errors import InvalidBody, NotFound, TooManyRequests
from runtime.masking import MASK
from runtime.model import Allow, Deny, Execution, Failure, Hook, Refusal, Secrets
from runtime.settings import LimitSettings, Settings
from runtime.storage.base import ExecutionFilter
from runtime.storage.sealing import Sealer, Unsealable
from tests.requesting import (
    CREDENTIALS,
    PASSWORD,
    REQUEST,
    SECRET,
    SEED,
    USER,
    Door,
    answer,
    claim,
    deploy,
    deploy_unchecked,
    execute,
    hook_of,
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With limits that are reached sooner."""
    return replace(settings, limits=LimitSettings(cpu_ms=50, wall_ms=1_000, operations=5, memory_bytes=8 << 20))


# Decisions


async def test_the_seed_case(runtime: Runtime):
    """Its claim and its scope are in the decision."""
    await deploy(runtime, SEED)
    executed = await execute(runtime)

    assert executed.decision == Allow(scope=("read", "extra"), claims={"https://foo.com/claim": "bar"})
    assert executed.fault is None
    assert executed.trigger.id == CREDENTIALS


async def test_without_a_hook_nothing_changes_and_nothing_is_recorded(runtime: Runtime, records: list[Execution]):
    """Also where a hook is there, but disabled, another tenant's, or of another extensibility point."""
    await deploy(runtime, SEED, enabled=False)
    await deploy(runtime, SEED, tenant="other")
    await deploy(
        runtime, "module.exports = (user, client, scope, audience, context, cb) => cb(null, {});", triggerId=PASSWORD
    )
    executed = await execute(runtime)

    assert executed.decision == Allow(scope=("read",))
    assert (executed.execution, executed.fault) == (None, None)
    assert (await execute(runtime, scope=None)).decision == Allow(scope=())
    assert records == []


async def test_password_exchange(runtime: Runtime):
    """The user comes first; claims for both tokens."""
    script = """module.exports = async (user, client, scope) => ({
      accessToken: { scope: [...scope, user.id] }, idToken: { 'https://x/u': user.id } });"""
    await deploy(runtime, script, triggerId=PASSWORD)
    executed = await runtime.dispatch.execute("t", PASSWORD, {**REQUEST, "user": USER})

    assert executed.decision == Allow(scope=("read", "u1"), id_token_claims={"https://x/u": "u1"})


@pytest.mark.parametrize(
    "body, error, description",
    [
        ("cb(new Error('not you'));", "access_denied", "not you"),
        ("cb(new InvalidScopeError('not that'));", "invalid_scope", "not that"),
        ("cb('no');", "access_denied", "no"),
    ],
)
async def test_a_denial(runtime: Runtime, records: list[Execution], body: str, error: str, description: str):
    """The hook's own words, in the decision and in the record."""
    await deploy(runtime, hook_of(body))
    executed = await execute(runtime)

    assert executed.decision == Deny(error=error, description=description)
    assert isinstance(executed.fault, Refusal)
    assert [(r.decision, r.error, r.description, r.failure) for r in records] == [
        ("deny", error, description, executed.fault)
    ]


FAILING = {
    "threw": "throw new TypeError('oops');",
    "no_answer": "",
    "answered_twice": "cb(null, {}); cb(null, {});",
    "cpu_limit": "for (;;);",
    "wall_limit": "setTimeout(cb, 100000);",
    "memory_limit": "const all = []; for (;;) all.push(new Uint8Array(1 << 20));",
    "stack_limit": "(function f() { f(); })();",
    "output_limit": "cb(null, { 'https://x/v': 'x'.repeat(100000) });",
    "operation_limit": "for (let i = 0; i < 6; i++) setTimeout(() => {}, 1e5);",
    "malformed_answer": "cb(null, { scope: 'read' });",
}


@pytest.mark.parametrize("code", FAILING)
async def test_a_hook_that_breaks_lets_no_token_out(runtime: Runtime, records: list[Execution], code: str):
    """A denial that says nothing of the hook's inside; what happened is in the fault and in the record."""
    await deploy(runtime, hook_of(FAILING[code]))
    executed = await execute(runtime)

    assert executed.decision == Deny(error="server_error", description=f"The hook failed: {code}.")
    assert isinstance(executed.fault, Failure)
    assert executed.fault.code == code
    assert [(record.decision, record.failure) for record in records] == [("deny", executed.fault)]


async def test_who_is_not_admitted_runs_nothing(runtime: Runtime, records: list[Execution]):
    """It is asked for all hooks that the request is for, before the first one runs, and may take its time."""
    hooks = [await deploy(runtime, SEED, name=f"h{order}", enabled=False) for order in range(2)]
    for order, hook in enumerate(hooks):
        await runtime.admin.set_policy("t", hook.id, {"order": order, "clients": ["c1", "c2"][order:]})
        await runtime.admin.update_hook("t", hook.id, {"enabled": True})
    asked: list[list[str]] = []

    def admit(wanted: Sequence[Hook]) -> Awaitable[None] | None:
        asked.append([hook.name for hook in wanted])
        if len(wanted) == 1:
            raise TooManyRequests("At once.", seconds=1)
        return later() if wanted else None

    async def later() -> None:
        await asyncio.sleep(0)
        raise TooManyRequests("Later.", seconds=1)

    for client, told in (("c1", "At once"), ("c2", "Later")):
        request = {**REQUEST, "client": {"id": client}}
        with pytest.raises(TooManyRequests, match=told):
            await runtime.dispatch.execute("t", CREDENTIALS, request, admit=admit)
    executed = await runtime.dispatch.execute("t", CREDENTIALS, {**REQUEST, "client": {"id": "c3"}}, admit=admit)
    assert executed.decision == Allow(scope=("read",))
    with pytest.raises(InvalidBody):
        await runtime.dispatch.execute("t", CREDENTIALS, {}, admit=admit)
    assert (asked, records) == ([["h0"], ["h0", "h1"], []], [])


@pytest.mark.parametrize(
    "trigger, payload, error",
    [("made-up", REQUEST, NotFound), (CREDENTIALS, {"client": {}}, InvalidBody), (CREDENTIALS, None, InvalidBody)],
)
async def test_a_wrong_request_is_the_callers_error(
    runtime: Runtime, records: list[Execution], trigger: str, payload: object, error: type[Exception]
):
    """Before any hook runs; nothing is recorded."""
    await deploy(runtime, SEED)
    with pytest.raises(error):
        await runtime.dispatch.execute("t", trigger, payload)
    assert records == []


@pytest.mark.parametrize(("seconds", "made_for_two"), [(3600.0, 1), (0.0, 2)])
async def test_a_source_that_no_longer_loads(
    runtime: Runtime,
    records: list[Execution],
    door: Callable[[str], Door],
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    made_for_two: int,
):
    """An update of hookd may refuse what an older one took: no token, and the reason for the developer. It is
    tried anew after a while, for what hinders it may pass; not for each request, for it may be slow.
    """
    monkeypatch.setattr(preparation, "_REJECTED_SECONDS", seconds)
    hook = await deploy_unchecked(runtime, "module.exports = 1;\nthrow new Error('at load');")
    made, ran = door("make_image"), door("run")
    executed = await execute(runtime)
    again = await execute(runtime)

    assert (
        executed.decision
        == again.decision
        == Deny(error="server_error", description="The hook failed: source_rejected.")
    )
    assert isinstance(executed.fault, Failure)
    assert (executed.fault.code, executed.fault.message) == ("source_rejected", "Error: at load")
    assert "hook.js:2" in executed.fault.stack
    assert (len(made.calls), len(ran.calls), len(records)) == (made_for_two, 0, 2)
    await runtime.admin.update_hook("t", hook.id, {"script": claim("1")})
    assert await answer(runtime) == 1


# Records


async def test_a_secret_as_a_claims_name_is_masked(runtime: Runtime, records: list[Execution]):
    """What is dropped is reported in the answer, the record and the tail: it must not show a secret there."""
    await deploy(
        runtime, hook_of("cb(null, {[context.secrets.KEY]: 1, [`x-${context.secrets.KEY}`]: 2});"), {"KEY": SECRET}
    )
    executed = await execute(runtime)

    assert isinstance(executed.decision, Allow)
    assert [claim.name for claim in executed.decision.dropped] == [MASK, f"x-{MASK}"]
    assert records[0].dropped == executed.decision.dropped


async def test_much_text_and_many_secrets_are_masked_too(runtime: Runtime, records: list[Execution]):
    """On a thread, with the same result."""
    secrets = {f"KEY{number}": f"{SECRET}-{number}" for number in range(20)}
    body = "for (let i = 0; i < 100; i++) console.log('x'.repeat(250), context.secrets.KEY7); throw new Error(context.secrets.KEY3);"
    await deploy(runtime, hook_of(body), secrets)
    executed = await execute(runtime)

    assert isinstance(executed.fault, Failure)
    assert executed.fault.message == MASK
    assert {line.text for line in records[0].console} == {"x" * 250 + " " + MASK}


async def test_an_execution_is_recorded_once(runtime: Runtime, records: list[Execution]):
    """With what the log needs: who, what, when, how long; the storage has the same."""
    script = hook_of("console.warn('hi', scope); cb(null, { 'https://x/v': 1, sub: 'me' });")
    hook = await deploy(runtime, script)
    executed = await execute(runtime)
    (record,) = records
    await runtime.recorder.close()

    expected = {
        "tenant": "t",
        "trigger": CREDENTIALS,
        "hook_id": hook.id,
        "hook_name": "h",
        "version_id": hook.version.id,
        "client_id": "c1",
        "decision": "allow",
        "error": "",
        "description": "",
        "failure": None,
        "dropped": ({"name": "sub", "token": "access_token", "reason": "protected"},),
        "console": ({"level": "warn", "text": "hi [ 'read' ]"},),
        "request_id": "r1",
    }
    assert record is executed.execution
    assert {name: value for name, value in asdict(record).items() if name in expected} == expected
    assert record.at >= hook.created_at
    assert 0 < record.cpu_ms <= record.duration_ms
    assert record.memory_bytes > 0
    assert await runtime.storage.list_executions("t", ExecutionFilter(), limit=9) == [record]


async def test_each_execution_has_an_id_of_its_own(runtime: Runtime, records: list[Execution]):
    """In the order of the requests."""
    await deploy(runtime, SEED)
    for _ in range(5):
        await execute(runtime)
    ids = [record.id for record in records]

    assert ids == sorted(set(ids))


# Secrets


async def test_secrets_arrive_and_are_kept_nowhere(runtime: Runtime, records: list[Execution], settings: Settings):
    """At both places; whatever the hook logs or says, they are not in fault, description, record or file. Nor is a
    password that came with the request.
    """
    body = """
      console.log(context.webtask.secrets.KEY === context.secrets.KEY, context, context.secrets.KEY);
      console.error('%j', context.secrets, btoa('id:' + context.secrets.KEY));
      const error = new InvalidScopeError('no ' + context.secrets.KEY);
      if (scope[0] === 'read') cb(error); else throw error;"""
    await deploy(runtime, hook_of(body), {"KEY": SECRET})
    context = {"ip": "192.0.2.1", "body": {"password": "hunter2-password"}, "secrets": {"KEY": "forged"}}
    denied = await runtime.dispatch.execute("t", CREDENTIALS, {**REQUEST, "context": {**context, "body": {}}})
    failed = await execute(runtime, scope=["other"])
    quiet = await deploy(runtime, SEED, name="quiet")
    await execute(runtime, context=context)
    await runtime.recorder.close()
    kept = orjson.dumps([asdict(record) for record in records]) + repr((denied, failed)).encode()
    folder = Path(settings.storage.url.removeprefix("sqlite:///")).parent
    files = b"".join(file.read_bytes() for file in folder.iterdir())

    assert denied.decision == Deny(error="invalid_scope", description=f"no {MASK}")
    assert isinstance(failed.fault, Failure)
    assert (failed.fault.message, failed.fault.stack.split("\n")[0]) == (f"no {MASK}", f"Error: no {MASK}")
    assert records[0].console[0].text.startswith("true {")
    assert [record.hook_id == quiet.id for record in records] == [False, False, True]
    for word in (SECRET, SECRET[4:], "forged", "hunter2"):
        assert word.encode() not in kept + files


async def test_a_hook_may_answer_its_secret(runtime: Runtime):
    """What it puts into the token is its own affair."""
    await deploy(runtime, claim("context.secrets.KEY"), {"KEY": SECRET})

    assert await answer(runtime) == SECRET


async def test_a_secret_that_does_not_open_lets_no_token_out(runtime: Runtime, records: list[Execution]):
    """Sealed under another key, or moved: an error of ours, and well again as soon as the secret is."""
    hook = await deploy(runtime, claim("context.secrets.KEY"))
    sealed = Sealer(bytes(32)).seal_secrets("t", hook.id, {"KEY": SECRET})
    await runtime.storage.add_secrets("t", hook.id, sealed, most=20)
    for _ in range(2):
        with pytest.raises(Unsealable):
            await execute(runtime)
    assert records == []
    await runtime.admin.update_secrets("t", hook.id, {"KEY": "new"})
    assert await answer(runtime) == "new"


async def test_a_trial_has_the_secrets_that_it_is_given(runtime: Runtime, records: list[Execution]):
    """In place of the hook's own, and hidden as they are; it leaves no record."""
    script = hook_of("console.log(context.secrets.KEY); cb(null, { 'https://a/n': Object.keys(context.secrets) })")
    hook = await deploy(runtime, script, {"KEY": SECRET, "OTHER": "x"})

    executed = await runtime.dispatch.test(hook, hook.version, REQUEST, secrets=Secrets({"KEY": "of the trial"}))

    assert executed.execution is not None
    assert executed.decision == Allow(claims={"https://a/n": ["KEY"]})
    assert [line.text for line in executed.execution.console] == [MASK]
    assert records == []
