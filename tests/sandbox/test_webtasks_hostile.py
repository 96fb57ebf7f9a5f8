"""Webtasks that fight with their adapter: each ends in an outcome that is known, and the next one is as before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from runtime.model import FAILURES, Answer, Failure, Refusal, Response
from runtime.sandbox.base import SourceRejected
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.settings import SandboxSettings
from tests.sandbox.hostile.catalogue import LIMITS

CONTEXT = orjson.dumps([{"secrets": {"K": "v"}, "request": {"method": "POST", "url": "/", "text": "body"}}])
GOOD = "module.exports = (ctx, req, res) => { req.on('data', (c) => res.write(c)); req.on('end', () => res.end(ctx.secrets.K)); };"
WIDE = replace(LIMITS, cpu_ms=300, wall_ms=10_000)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    """One engine for all."""
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=1, concurrency=2))
    yield sandbox
    await sandbox.close()


def of(body: str) -> str:
    return f"module.exports = function (ctx, req, res) {{ {body} }};"


HOSTILE = {
    "names of every object": (
        of(
            "for (const e of ['__proto__', 'constructor', 'toString']) { req.on(e, () => {}); req.emit(e); req.removeAllListeners(e); res.setHeader(e, e); } res.end(JSON.stringify(res.getHeaderNames()));"
        ),
        "response",
    ),
    "an event that is a symbol": (
        of("const s = Symbol(); let n = 0; req.on(s, () => n++); req.emit(s); res.end(`${n}`);"),
        "response",
    ),
    "a listener that adds itself": (
        of(
            "const f = () => { req.on('x', f); }; f(); for (let i = 0; i < 5; i++) req.emit('x'); res.end(`${req.listenerCount('x')}`);"
        ),
        "response",
    ),
    "a listener that calls itself": (of("req.on('x', () => req.emit('x')); req.emit('x');"), "stack_limit"),
    "a listener without end": (of("req.on('data', () => { for (;;); });"), "cpu_limit"),
    "a pipe into itself": (of("req.write = () => {}; req.end = () => res.end('x'); req.pipe(req);"), "response"),
    "headers by the thousand": (
        of("for (let i = 0; i < 5000; i++) res.setHeader(`x-${i}`, ''); res.end();"),
        "failure",
    ),
    "a header that is two": (of("res.setHeader('a', 'b\\r\\nset-cookie: c'); res.end();"), "malformed_answer"),
    "a header's name that is two": (of("res.setHeader('a: b\\r\\nc', 'd'); res.end();"), "malformed_answer"),
    "a header that changes its mind": (
        of(
            "let n = 0; res.setHeader('a', { toString: () => `${n++}` }); res.end(res.getHeader('a') + res.getHeader('a'));"
        ),
        "response",
    ),
    "a header of millions": (of("res.setHeader('a', 'x'.repeat(1e5)); res.end();"), "output_limit"),
    "a body of millions": (of("for (;;) res.write('x'.repeat(1000));"), "failure"),
    "a status that changes its mind": (
        of("let n = 200; Object.defineProperty(res, 'statusCode', { get: () => n++ }); res.end();"),
        "response",
    ),
    "a status that throws": (
        of("Object.defineProperty(res, 'statusCode', { get() { throw new Error('inside'); } }); res.end();"),
        "threw",
    ),
    "a status of an upgrade": (of("res.writeHead(101); res.end();"), "malformed_answer"),
    "a response frozen": (
        of("Object.freeze(res); try { res.end('x'); } catch (e) { ctx; } throw new Error('frozen');"),
        "threw",
    ),
    "bytes that lie": (of("class B extends Uint8Array { get length() { return 1e9; } } res.end(new B(2));"), "failure"),
    "bytes that throw": (
        of("res.end(new Proxy(new Uint8Array(2), { get() { throw new Error('inside'); } }));"),
        "threw",
    ),
    "an answer by cb in the adapter's words": (
        "module.exports = (ctx, cb) => cb(null, { 'hookd:response': { status: 200, headers: { a: 'b\\nc' }, body: '' } });",
        "malformed_answer",
    ),
    "cb called twice": ("module.exports = (cb) => { cb(null, 1); cb(null, 2); };", "answered_twice"),
    "a length that is no number": (
        "const f = (ctx, cb) => cb(null, 1); Object.defineProperty(f, 'length', { value: '2' }); module.exports = f;",
        "failure",
    ),
    "a length that throws": (
        "module.exports = new Proxy(() => {}, { get() { throw new Error('inside'); } });",
        "rejected",
    ),
    "a function that is a class": ("module.exports = class { constructor(ctx, cb) {} };", "threw"),
    "a promise that lies": (
        "module.exports = (ctx, cb) => { const p = Promise.reject(new Error('no')); Object.defineProperty(p, 'constructor', { get() { throw new Error('inside'); } }); return p; };",
        "threw",
    ),
    "secrets that are frozen": (
        "Object.freeze(module.webtask.secrets); module.exports = (ctx, cb) => cb(null, ctx.secrets);",
        "threw",
    ),
    "the storage of nobody": (of("ctx.storage.get().catch((e) => res.end(e.message));"), "response"),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_webtask_harms_nothing(sandbox: WasmSandbox, name: str):
    """Its outcome is of the kind that it has to be, and a good webtask beside it answers."""
    source, expected = HOSTILE[name]
    assert await outcome_of(sandbox, source) in ([expected] if expected != "failure" else FAILURES)
    assert await outcome_of(sandbox, GOOD) == "response"
    assert sandbox.busy == 0


async def outcome_of(sandbox: WasmSandbox, source: str) -> str:
    """What it is called; of what can be sent, all is as HTTP wants it."""
    try:
        program = sandbox.load(await sandbox.make_image(source, trigger="webtask"))
    except SourceRejected:
        return "rejected"
    outcome = (await sandbox.run(program, CONTEXT, WIDE)).outcome
    if isinstance(outcome, Response):
        assert orjson.dumps(outcome.value)
        return "response"
    if isinstance(outcome, Failure):
        return outcome.code
    assert isinstance(outcome, Answer | Refusal)
    return "answer" if isinstance(outcome, Answer) else "refusal"
