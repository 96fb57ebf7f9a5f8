"""A token request from payload to record, with the real engine and storage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from runtime.bootstrap import Runtime
from runtime.dispatch import Dispatch, Executed
from runtime.errors import InvalidBody, NotFound, Unavailable
from runtime.manifest import parse_new_hook
from runtime.masking import MASK
from runtime.model import Allow, Deny, Execution, Failure, Hook, Refusal
from runtime.settings import LimitSettings, Settings
from runtime.storage.base import ExecutionFilter
from runtime.storage.sealing import Sealer, Unsealable

CREDENTIALS, PASSWORD = "credentials-exchange", "password-exchange"
SEED = """module.exports = function(client, scope, audience, context, cb) { var access_token = {}; access_token['https://foo.com/claim'] = 'bar'; access_token.scope = scope; access_token.scope.push('extra'); cb(null, access_token); };"""
REQUEST: dict[str, Any] = {
    "client": {"id": "c1", "name": "n"},
    "scope": ["read"],
    "audience": "https://api",
    "context": {"ip": "192.0.2.1"},
}
USER = {"id": "u1"}
SECRET = "correct-horse-battery"
SPARE = 1 << 30


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With limits that are reached sooner."""
    return replace(settings, limits=LimitSettings(cpu_ms=50, wall_ms=150, operations=5, memory_bytes=8 << 20))


@pytest.fixture
def records(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[Execution]:
    """What the recorder was given, which it also keeps."""
    records: list[Execution] = []
    record = runtime.recorder.record

    def noted(execution: Execution) -> None:
        records.append(execution)
        record(execution)

    monkeypatch.setattr(runtime.recorder, "record", noted)
    return records


class Door:
    """Stands before one of the real storage's or engine's calls: counts, holds its answers back, or refuses."""

    def __init__(self, real: Callable[..., Awaitable[Any]]) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.holds = 0  # so many of the next calls get their answer when it opens
        self.open = asyncio.Event()
        self.refusal: Exception | None = None
        self.held = asyncio.Event()
        self._real = real

    async def __call__(self, *arguments: Any) -> Any:
        self.calls.append(arguments)
        if self.refusal:
            raise self.refusal
        held, self.holds = self.holds > 0, max(0, self.holds - 1)
        answer = await self._real(*arguments)
        if held:
            self.held.set()
            await self.open.wait()
        return answer


@pytest.fixture
def door(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Door]:
    """`door("get_secrets")`: a door before this call of the storage, or of the engine."""

    def put(name: str) -> Door:
        room = runtime.storage if hasattr(runtime.storage, name) else runtime.sandbox
        door = Door(getattr(room, name))
        monkeypatch.setattr(room, name, door)
        return door

    return put


def hook_of(body: str) -> str:
    return f"module.exports = function (client, scope, audience, context, cb) {{ {body} }};"


def claim(value: str) -> str:
    """A hook that answers this expression as the claim that `answer` reads."""
    return hook_of(f"cb(null, {{ 'https://x/v': {value} }});")


async def deploy(
    runtime: Runtime, script: str, secrets: dict[str, str] | None = None, *, tenant: str = "t", **fields: Any
) -> Hook:
    body = {"name": "h", "script": script, "triggerId": CREDENTIALS, "enabled": True, **fields}
    hook = (await runtime.admin.create_hook(tenant, body)).hook
    if secrets:
        await runtime.admin.add_secrets(tenant, hook.id, secrets)
    return hook


async def deploy_unchecked(runtime: Runtime, script: str) -> Hook:
    """An enabled hook as only another version of hookd could have left it: nobody has loaded its source."""
    new = parse_new_hook({"name": "h", "script": script, "triggerId": CREDENTIALS, "enabled": True})
    hook = Hook(
        tenant="t",
        id="h1",
        name="h",
        trigger=CREDENTIALS,
        enabled=True,
        version=new.version(),
        created_at=1.0,
        updated_at=1.0,
    )
    await runtime.storage.create_hook(hook)
    return hook


async def execute(runtime: Runtime, *, tenant: str = "t", **changes: Any) -> Executed:
    return await runtime.dispatch.execute(tenant, CREDENTIALS, {**REQUEST, **changes}, request_id="r1")


async def answer(runtime: Runtime, *, tenant: str = "t") -> object:
    """The claim that `claim` answers, or "unchanged" where no hook ran."""
    executed = await execute(runtime, tenant=tenant)
    assert isinstance(executed.decision, Allow), executed.fault
    return executed.decision.claims["https://x/v"] if executed.execution else "unchanged"


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
    "operation_limit": "setInterval(() => {}, 1);",
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


async def test_a_source_that_no_longer_loads(runtime: Runtime, records: list[Execution], door: Callable[[str], Door]):
    """An update of hookd may refuse what an older one took: no token, and the reason for the developer, found once."""
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
    assert (len(made.calls), len(ran.calls), len(records)) == (1, 0, 2)
    await runtime.admin.update_hook("t", hook.id, {"script": claim("1")})
    assert await answer(runtime) == 1


# Records


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


# Changes


async def test_changes_take_effect_for_the_next_request(runtime: Runtime):
    """Whatever the Management API changes of the hook that runs."""
    admin, value = runtime.admin, claim("[1, context.secrets.A || 0]")
    hook = await deploy(runtime, value)
    seen = [await answer(runtime)]
    await admin.add_secrets("t", hook.id, {"A": "a"})
    seen.append(await answer(runtime))
    await admin.update_secrets("t", hook.id, {"A": "b"})
    seen.append(await answer(runtime))
    await admin.update_hook("t", hook.id, {"script": value.replace("1", "2")})
    seen.append(await answer(runtime))
    await admin.delete_secrets("t", hook.id, ["A"])
    seen.append(await answer(runtime))
    other = await deploy(runtime, claim("3"), name="other")
    seen.append(await answer(runtime))
    await admin.update_hook("t", other.id, {"enabled": False})
    seen.append(await answer(runtime))
    await admin.update_hook("t", hook.id, {"enabled": True})
    seen.append(await answer(runtime))
    await admin.delete_hook("t", hook.id)
    seen.append(await answer(runtime))

    assert seen == [[1, 0], [1, "a"], [1, "b"], [2, "b"], [2, 0], 3, "unchanged", [2, 0], "unchanged"]


@pytest.mark.parametrize("step", ["enabled_hook", "get_secrets", "get_image"])
async def test_a_change_overtakes_a_preparation(runtime: Runtime, door: Callable[[str], Door], step: str):
    """Who asked before the change may get the old hook; the next one gets the new, and the old is not kept."""
    hook = await deploy(runtime, claim("[1, context.secrets.A]"), {"A": "a"})
    slow = door(step)
    slow.holds = 1
    before = asyncio.create_task(answer(runtime))
    await slow.held.wait()
    await runtime.admin.update_hook("t", hook.id, {"script": claim("[2, context.secrets.A]")})
    await runtime.admin.update_secrets("t", hook.id, {"A": "b"})
    assert await answer(runtime) == [2, "b"]
    slow.open.set()
    assert await before in ([1, "a"], [1, "b"])
    assert await answer(runtime) == [2, "b"]


@pytest.mark.parametrize("step", ["enabled_hook", "get_secrets", "get_image"])
async def test_a_preparation_that_was_overtaken_is_not_kept(runtime: Runtime, door: Callable[[str], Door], step: str):
    """Also when nobody asked in between."""
    hook = await deploy(runtime, claim("1"))
    slow = door(step)
    slow.holds = 1
    before = asyncio.create_task(answer(runtime))
    await slow.held.wait()
    await runtime.admin.update_hook("t", hook.id, {"script": claim("2")})
    slow.open.set()
    assert await before == 1
    assert await answer(runtime) == 2


# Preparations


async def test_many_first_requests_prepare_once(runtime: Runtime, door: Callable[[str], Door]):
    """A hundred requests for a hook that nobody has asked for yet read it once."""
    await deploy(runtime, claim("1"))
    doors = [door(name) for name in ("enabled_hook", "get_secrets", "get_image", "make_image")]
    doors[0].holds = 1
    asked = [asyncio.create_task(answer(runtime)) for _ in range(100)]
    await doors[0].held.wait()
    doors[0].open.set()

    assert await asyncio.gather(*asked) == [1] * 100
    assert await answer(runtime) == 1
    assert [len(door.calls) for door in doors] == [1, 1, 1, 0]


async def test_a_caller_who_leaves_does_no_harm(
    runtime: Runtime, records: list[Execution], door: Callable[[str], Door]
):
    """The first of several asked, and was cancelled: the others get their answer from the same preparation."""
    await deploy(runtime, claim("1"))
    slow = door("enabled_hook")
    slow.holds = 1
    first = asyncio.create_task(answer(runtime))
    await slow.held.wait()
    others = [asyncio.create_task(answer(runtime)) for _ in range(3)]
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    slow.open.set()

    assert await asyncio.gather(*others) == [1, 1, 1]
    assert (len(slow.calls), len(records)) == (1, 3)


@pytest.mark.parametrize("step", ["enabled_hook", "get_secrets", "get_image", "run"])
async def test_what_is_not_available_now_is_there_later(
    runtime: Runtime, records: list[Execution], door: Callable[[str], Door], step: str
):
    """Every caller is told, nothing is recorded, nothing bad is kept: the next request works."""
    await deploy(runtime, claim("1"))
    broken = door(step)
    broken.refusal = Unavailable("The disk is full.")
    refused = await asyncio.gather(*(answer(runtime) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in refused] == [Unavailable] * 3
    assert records == []
    broken.refusal = None
    assert await answer(runtime) == 1


async def test_a_missing_image_is_made_and_kept(runtime: Runtime, door: Callable[[str], Door]):
    """As after an update of hookd: one of another build does not count, however it looks."""
    hook = await deploy_unchecked(runtime, claim("1"))
    await runtime.storage.put_image(hook.version.id, "another build", b"HKM1 of another layout")
    made = door("make_image")
    assert await answer(runtime) == 1
    runtime.dispatch.forget("t", CREDENTIALS)
    assert await answer(runtime) == 1

    assert made.calls == [(hook.version.script,)]
    assert await runtime.storage.get_image(hook.version.id, runtime.sandbox.build_id) is not None


async def test_tenants_with_the_same_script_share_its_program(runtime: Runtime, door: Callable[[str], Door]):
    """One image in memory for any number of tenants, each with secrets of its own; gone when none uses it."""
    for tenant in ("t", "u"):
        await deploy(runtime, claim("context.secrets.A"), {"A": f"of {tenant}"}, tenant=tenant)
    slow = door("get_image")
    slow.holds = 2
    both = asyncio.gather(answer(runtime, tenant="t"), answer(runtime, tenant="u"))
    while len(slow.calls) < 2:
        await asyncio.sleep(0)
    slow.open.set()
    kept = runtime.dispatch._ready

    assert list(await both) == ["of t", "of u"]
    assert len({id(ready.program) for ready in kept.values() if ready}) == 1
    assert len(runtime.dispatch._programs) == 1
    for tenant in ("t", "u"):
        runtime.dispatch.forget(tenant, CREDENTIALS)
    assert len(runtime.dispatch._programs) == 0


# Memory


def dispatch_of(runtime: Runtime, cache_bytes: int) -> Dispatch:
    """A dispatch of its own beside the runtime's, with so much room."""
    return Dispatch(
        storage=runtime.storage,
        sealer=Sealer(bytes(range(32))),
        sandbox=runtime.sandbox,
        recorder=runtime.recorder,
        limits=LimitSettings().limits(),
        cache_bytes=cache_bytes,
    )


async def test_the_least_used_hook_gives_way(runtime: Runtime, door: Callable[[str], Door]):
    """As many hooks are kept as there is room for, by use; one that is larger than all the room still runs."""
    large = "const filler = new Uint8Array(50000).fill(7);" + claim("filler[9]")
    for tenant in "abc":
        await deploy(runtime, large, tenant=tenant)
    measured = dispatch_of(runtime, SPARE)
    await measured.execute("a", CREDENTIALS, REQUEST)
    each = SPARE - measured._free
    read = door("enabled_hook")

    dispatch = dispatch_of(runtime, 2 * each)
    for tenant in "abacbaa":
        await dispatch.execute(tenant, CREDENTIALS, REQUEST)
    assert [call[0] for call in read.calls] == ["a", "b", "c", "b", "a"]
    assert dispatch._free == 0

    read.calls.clear()
    narrow = dispatch_of(runtime, each // 2)
    for tenant in "aab":
        await narrow.execute(tenant, CREDENTIALS, REQUEST)
    assert [call[0] for call in read.calls] == ["a", "b"]
    assert each > 50_000


async def test_all_memory_is_given_back(runtime: Runtime):
    """Hooks with secrets and without, ones that do not load, places without any: forgotten, nothing is left."""
    dispatch = dispatch_of(runtime, SPARE)
    await deploy(runtime, claim("1"), {"A": "x" * 4000}, tenant="a")
    await deploy(runtime, claim("1"), tenant="b")
    await deploy_unchecked(runtime, "throw 1;")
    places = [(tenant, CREDENTIALS) for tenant in ("a", "b", "t", "nobody")]
    free = []
    for tenant, trigger in places:
        await dispatch.execute(tenant, trigger, REQUEST)
        free.append(dispatch._free)
    for place in [*places, *places, ("never", CREDENTIALS)]:
        dispatch.forget(*place)

    assert free == sorted(free, reverse=True)
    assert SPARE - free[0] > 4 * 4000, "secrets are counted"
    assert dispatch._free == SPARE
    assert (len(dispatch._ready), len(dispatch._preparing), len(dispatch._programs)) == (0, 0, 0)
