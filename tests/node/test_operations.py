"""What a hook in Node asks of the host: the same operations as from wasm, by the same door, with the same limits."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
import pytest_asyncio

from runtime.model import Answer, Failure, Operation
from runtime.node.engine import NodeSandbox, open_node
from runtime.sandbox.asked import Asked, Fetch
from runtime.sandbox.base import Run
from runtime.sandbox.caches import Change
from runtime.sandbox.operations.base import Failed, Place
from runtime.settings import LimitSettings, NodeSettings
from tests.sandbox.running import AMPLE

pytestmark = pytest.mark.asyncio(loop_scope="module")

NATIVE = "const { operate, abandon } = globalThis[Symbol.for('hookd.native')];"


async def perform(place: Place, asked: Asked, notes: list[Operation]) -> Mapping[str, object]:
    """What the tests' world answers: what it was asked."""
    assert isinstance(asked, Fetch)
    notes.append(Operation(kind="fetch", method=asked.method, host=place.owner))
    if "never" in asked.url:
        await asyncio.Event().wait()
    if "refused" in asked.url:
        raise Failed("ERR_REFUSED", "not there")
    return {
        "status": 201,
        "reason": "Made",
        "url": asked.url,
        "redirected": False,
        "headers": [["x-method", asked.method], ["x-url", asked.url], ["set-cookie", "a=1"], ["set-cookie", "b=2"]],
        "body": base64.b64encode(asked.body or b"nothing").decode(),
    }


class InMemory:
    """`Caches` of the tests' world."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Sequence[Change]] = {}

    async def entries(self, owner: str, trigger: str) -> Sequence[Change]:
        return self.kept.get((owner, trigger), ())

    async def keep(self, owner: str, trigger: str, changes: Sequence[Change]) -> None:
        self.kept[owner, trigger] = changes


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox() -> AsyncIterator[NodeSandbox]:
    """With a host that answers."""
    settings = NodeSettings(enabled=True, processes=2)
    sandbox = await open_node(settings, LimitSettings().limits(), perform, caches=InMemory())
    yield sandbox
    await sandbox.close()


async def run(sandbox: NodeSandbox, body: str, **limits: Any) -> Run:
    program = sandbox.load(await sandbox.make_image(f"module.exports = async (cb) => {{ {body} }};"))
    return await sandbox.run(program, orjson.dumps([]), replace(AMPLE, **limits), owner="acme")


async def test_fetch_asks_the_host(sandbox: NodeSandbox):
    """Method, body and headers there, status, headers and body back; and the record has it."""
    done = await run(
        sandbox,
        """const r = await fetch('http://x/y', { method: 'POST', body: 'h\\u00e9' });
        return [r.status, r.statusText, r.headers.get('x-method'), r.headers.getSetCookie(), await r.text()];""",
    )

    assert done.outcome == Answer([201, "Made", "POST", ["a=1", "b=2"], "h\u00e9"])
    assert done.operations == (Operation(kind="fetch", method="POST", host="acme"),)


async def test_a_path_is_no_part_of_the_host(sandbox: NodeSandbox):
    """Whoever decides about the path of a request does not decide where it goes, nor does a host name anything but a host."""
    done = await run(
        sandbox,
        """const http = require('http');
        const asked = (options) => new Promise((resolve) => http.get(options, (r) => resolve(r.headers['x-url'])));
        const paths = ['@evil.example/', '.evil.example/', ':80@evil.example/', '?a', 'b c', ''];
        const urls = await Promise.all(paths.map((path) => asked({ host: 'x', path })));
        return [...urls, await asked({ hostname: 'x/evil', path: '/' }), await asked({ host: 'x#', port: 81, path: '/' })];""",
    )

    assert done.outcome == Answer(
        [
            *(
                f"http://x/{path}"
                for path in ("@evil.example/", ".evil.example/", ":80@evil.example/", "?a", "b%20c", "")
            ),
            "http://x/",
            "http://x/",
        ]
    )


async def test_what_an_action_caches_is_there_next_time(sandbox: NodeSandbox):
    """For its owner's Actions of the trigger, on either engine."""
    source = """exports.onExecuteCredentialsExchange = async (event, api) => {
      const kept = api.cache.get('n'), n = kept ? +kept.value + 1 : 1;
      api.cache.set('n', `${n}`);
      api.access.deny('server_error', `${n}`);
    };"""
    program = sandbox.load(await sandbox.make_image(source, trigger="credentials-exchange"))
    arguments = orjson.dumps([{"id": "c"}, [], "x", {}])
    runs = [await sandbox.run(program, arguments, AMPLE, owner=owner) for owner in ("t", "t", "u")]

    assert [getattr(run.outcome, "message", "") for run in runs] == ["1", "2", "1"]


async def test_modules_have_a_fetch_of_their_own(sandbox: NodeSandbox):
    """Whose source does not name it, but what it requires does: Node's, by the same door."""
    done = await run(
        sandbox,
        """const get = globalThis['fet' + 'ch'];
        const r = await get('http://x/y', { method: 'POST', body: 'h\\u00e9' });
        const failed = await get('http://refused/').catch((e) => [e.name, e.cause.code]);
        const late = await get('http://never/', { signal: AbortSignal.timeout(5) }).catch((e) => e.name);
        return [r.status, r.url, r.headers.getSetCookie(), await r.text(), failed, late];""",
    )

    assert done.outcome == Answer(
        [201, "http://x/y", ["a=1", "b=2"], "h\u00e9", ["TypeError", "ERR_REFUSED"], "TimeoutError"]
    )


async def test_many_at_once_each_get_their_own(sandbox: NodeSandbox):
    """In whatever order they are done."""
    done = await run(
        sandbox,
        """const all = Array.from({ length: 30 }, (_, i) => fetch('http://x/', { method: 'PUT', body: `${i}` }).then((r) => r.text()));
        return await Promise.all(all);""",
    )

    assert done.outcome == Answer([str(number) for number in range(30)])


async def test_what_fails_is_told(sandbox: NodeSandbox):
    """As Node's own fetch says it."""
    done = await run(
        sandbox, "try { await fetch('http://refused/'); } catch (e) { return [e.name, e.message, e.cause.code]; }"
    )

    assert done.outcome == Answer(["TypeError", "fetch failed", "ERR_REFUSED"])


async def test_who_does_not_wait_any_more_ends(sandbox: NodeSandbox):
    """An operation that is cancelled keeps nothing alive, on neither side."""
    aborted = await run(
        sandbox,
        """const c = new AbortController(); setTimeout(() => c.abort(), 5);
        try { await fetch('http://never/', { signal: c.signal }); } catch (e) { return e.name; }""",
    )
    abandoned = await run(sandbox, f"{NATIVE} operate('fetch', {FETCH}, abandon);")

    assert aborted.outcome == Answer("AbortError")
    assert isinstance(abandoned.outcome, Failure)
    assert abandoned.outcome.code == "no_answer"


FETCH = "{ method: 'GET', url: 'http://never/', headers: [], redirect: 'follow' }"


async def test_an_operation_that_never_ends_is_stopped_by_the_clock(sandbox: NodeSandbox):
    """Waiting is not CPU."""
    done = await run(sandbox, "await fetch('http://never/');", wall_ms=500)

    assert isinstance(done.outcome, Failure)
    assert done.outcome.code == "wall_limit"
    assert done.cpu_ms < 400


async def test_operations_have_their_limit(sandbox: NodeSandbox):
    """In number, kept by the guest and by the host; and in bytes."""
    body = "for (let i = 0; i < 4; i++) await fetch('http://x/'); return 1;"
    assert (await run(sandbox, body, operations=4)).outcome == Answer(1)
    many = (await run(sandbox, body, operations=3)).outcome
    large = await run(
        sandbox,
        "try { await fetch('http://x/', { method: 'POST', body: 'x'.repeat(2e4) }); } catch (e) { return e.cause.code; }",
        operation_bytes=10_000,
    )

    assert isinstance(many, Failure)
    assert many.code == "operation_limit"
    assert large.outcome == Answer("ERR_OPERATION_TOO_LARGE")


@pytest.mark.parametrize(
    "operations, code",
    [
        ('[{"id":1,"kind":"fetch","detail":{}}]', "sandbox_crashed"),
        ('[{"id":1,"kind":"exec","detail":{"command":"id"}}]', "sandbox_crashed"),
        ('[{"id":0,"kind":"cancel"}]', "sandbox_crashed"),
        (
            "["
            + ",".join(
                [
                    f'{{"id":1,"kind":"fetch","detail":{orjson.dumps({"method": "GET", "url": "http://x/", "headers": [], "redirect": "follow"}).decode()}}}'
                ]
                * 2
            )
            + "]",
            "operation_limit",
        ),
    ],
    ids=["no detail", "unknown", "no id", "one id twice"],
)
async def test_forged_operations_are_refused(sandbox: NodeSandbox, operations: str, code: str):
    """A process that writes to the descriptor itself is as little believed as any guest."""
    source = f"""const body = Buffer.from('{{"outcome":"pending","operations":{operations},"console":[]}}');
    const head = Buffer.alloc(4); head.writeUInt32LE(body.length);
    require('fs').writeSync(3, Buffer.concat([head, body])); await new Promise((r) => setTimeout(r, 5000));"""
    outcome = (await run(sandbox, source)).outcome

    assert isinstance(outcome, Failure)
    assert outcome.code == code


HTTP = {
    "get": (
        "http.get('http://u:p@x:81/y?z=1#h', { headers: { A: 'b' } }, done).on('error', cb);",
        [201, "Made", ["a=1", "b=2"], "GET", "nothing"],
    ),
    "https, by options": (
        "const r = https.request({ hostname: 'x', path: '/p', method: 'post', headers: { 'Content-Length': 5 } }, done); r.write('he'); r.end('llo');",
        [201, "Made", ["a=1", "b=2"], "POST", "hello"],
    ),
    "a body by a pipe": (
        "const r = http.request(new URL('http://x/'), { method: 'PUT' }); r.on('response', done); require('stream').Readable.from(['a', 'b']).pipe(r);",
        [201, "Made", ["a=1", "b=2"], "PUT", "ab"],
    ),
    "a failure": ("http.get('http://refused/').on('error', (e) => cb(null, e.code));", "ERR_REFUSED"),
    "aborted": (
        "const r = http.get('http://never/'); r.on('error', (e) => cb(null, e.code)); setTimeout(() => r.destroy(), 1);",
        "ECONNRESET",
    ),
    "by a signal": (
        "const c = new AbortController(); http.get('http://never/', { signal: c.signal }).on('error', (e) => cb(null, e.name)); setTimeout(() => c.abort(), 1);",
        "AbortError",
    ),
    "a timeout": (
        "const r = http.get('http://never/', { timeout: 5 }); r.on('timeout', () => r.destroy(new Error('late'))); r.on('error', (e) => cb(null, e.message));",
        "late",
    ),
}


@pytest.mark.parametrize("name", HTTP)
async def test_http_and_https_ask_the_host(sandbox: NodeSandbox, name: str):
    """As Node's own modules look to who uses them, redirects left to the caller."""
    body, expected = HTTP[name]
    source = f"""const http = require('http'), https = require('node:https');
    module.exports = (cb) => {{
      const done = (r) => {{
        let text = '';
        r.setEncoding('utf8').on('data', (d) => {{ text += d; }});
        r.on('end', () => cb(null, [r.statusCode, r.statusMessage, r.headers['set-cookie'], r.headers['x-method'], text]));
      }};
      {body} }};"""
    done = await sandbox.run(sandbox.load(await sandbox.make_image(source)), b"[]", AMPLE, owner="acme")

    assert done.outcome == Answer(expected)
