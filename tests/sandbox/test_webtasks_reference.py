"""Webtasks in npm's webtask-runtime 1.7.1 and here: each source with one request, and what HTTP would have carried."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from runtime.model import Answer, Failure, Outcome, Refusal, Response
from runtime.sandbox.base import SourceRejected
from runtime.sandbox.pool import WasmSandbox
from tests.installed import NODE, npm_packages
from tests.sandbox.running import AMPLE

HERE = Path(__file__).parent / "reference"
PAYLOAD = '{"hello":"w\u00f6rld"}'
OPTIONS: dict[str, Any] = {
    "method": "POST",
    "url": "/path?q=1&r=a%20b",
    "headers": {"Content-Type": "application/json", "X-Custom": "c"},
    "payload": PAYLOAD,
    "secrets": {"KEY": "sesame"},
    "params": {"p": "1"},
    "meta": {"m": "1"},
}
QUERY = {"q": "1", "r": "a b"}

SOURCES = {
    "exported, 1": "module.exports = function (cb) { cb(null, 'hello world'); };",
    "exported, 2": "module.exports = function (ctx, cb) { cb(null, 'hello world'); };",
    "exported, 3": "module.exports = function (ctx, req, res) { res.writeHead(200, { 'content-type': 'application/json' }); res.end('1'); };",
    "exported, 4": "module.exports = function (ctx, req, res, bogus) {};",
    "exported, 0": "module.exports = function () {};",
    "returned, 1": "return function (cb) { cb(null, { a: [1] }); };",
    "returned, 3": "return (ctx, req, res) => res.end('x');",
    "returned and exported": "module.exports = 5; return (cb) => cb(null, 'returned');",
    "junk": "",
    "an object": "exports.a = () => {};",
    "null": "module.exports = null;",
    "an async function": "module.exports = async (ctx, cb) => { await null; cb(null, 1); return 2; };",
    "later": "module.exports = (cb) => { setTimeout(() => cb(null, 'later'), 5); };",
    "a default parameter": "module.exports = (ctx, cb = 5) => ctx(null, 'one parameter');",
    "undefined": "module.exports = (cb) => cb();",
    "null answer": "module.exports = (cb) => cb(null, null);",
    "zero": "module.exports = (cb) => cb(null, 0);",
    "an error": "module.exports = (cb) => cb(new TypeError('bad'));",
    "an error of its own": "class Mine extends Error {} module.exports = (cb) => { const e = new Mine('bad'); e.name = 'Mine'; cb(e); };",
    "thrown": "module.exports = (cb) => { throw new RangeError('boom'); };",
    "thrown at load": "throw new RangeError('boom');",
    "a ring": "module.exports = (cb) => { const a = {}; a.a = a; cb(null, a); };",
    "the context": "module.exports = (ctx, cb) => cb(null, [ctx.query, ctx.params, ctx.secrets, ctx.meta, ctx.data, ctx.headers['x-custom']]);",
    "the module": "const { secrets, meta } = module.webtask; module.exports = (cb) => cb(null, { secrets, meta });",
    "a token": "module.exports = (ctx, cb) => { try { ctx.create_token({}); } catch (error) { cb(error); } };",
    "the request": "module.exports = (ctx, req, res) => res.end(JSON.stringify([req.method, req.url, req.query, typeof req.body, req.headers['x-custom'], req.httpVersion]));",
    "its body": "module.exports = (ctx, req, res) => { let all = ''; req.on('data', (c) => { all += c; }); req.on('end', () => res.end(all)); };",
    "its body, piped": "module.exports = (ctx, req, res) => { req.pipe(res); };",
    "its body, read": "module.exports = (ctx, req, res) => { let all = ''; req.on('readable', () => { let c; while ((c = req.read()) !== null) all += c; }); req.on('end', () => res.end(all)); };",
    "its body, once": "module.exports = (ctx, req, res) => { req.once('data', (c) => { res.write(`${c.length > 5}`); req.once('end', () => res.end()); }); };",
    "a status": "module.exports = (ctx, req, res) => { res.statusCode = 404; res.end('no'); };",
    "a reason": "module.exports = (ctx, req, res) => { res.writeHead(418, 'short and stout', { 'X-A': '1' }); res.end(); };",
    "headers": "module.exports = (ctx, req, res) => { res.setHeader('X-A', 1); res.setHeader('x-a', 2); res.setHeader('X-B', '3'); res.removeHeader('x-b'); res.end([res.getHeader('X-A'), res.getHeader('x-b'), res.headersSent].join()); };",
    "headers twice": "module.exports = (ctx, req, res) => { res.setHeader('X-A', '1'); res.writeHead(201, { 'x-a': '2' }); res.end(); };",
    "cookies": "module.exports = (ctx, req, res) => { res.setHeader('Set-Cookie', ['a=1', 'b=2']); res.end(); };",
    "headers too late": "module.exports = (ctx, req, res) => { res.write('a'); try { res.setHeader('X-A', '1'); } catch (e) { res.end(e.code + e.message.slice(0, 18)); } };",
    "a header of nothing": "module.exports = (ctx, req, res) => { try { res.setHeader('X-A', undefined); } catch (e) { res.end(e.name); } };",
    "a wrong status": "module.exports = (ctx, req, res) => { try { res.writeHead(99); } catch (e) { res.end(e.code); } };",
    "a wrong chunk": "module.exports = (ctx, req, res) => { try { res.write(5); } catch (e) { res.end(e.name); } };",
    "bytes": "module.exports = (ctx, req, res) => res.end(new Uint8Array([0xc3, 0xb6, 33]));",
    "ended twice": "module.exports = (ctx, req, res) => { res.end('a'); res.end(); };",
    "names": "module.exports = (ctx, req, res) => { res.setHeader('X-A', '1'); res.end(JSON.stringify([res.getHeaderNames(), res.hasHeader('x-A')])); };",
}
UNSAID = {"date", "connection", "transfer-encoding", "content-length", "trailer", "keep-alive"}
"""Headers that the transport sets."""


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    """What webtask-runtime answers to each."""
    asked = [{"source": source, "options": OPTIONS} for source in SOURCES.values()]
    done = subprocess.run(
        [NODE, "--no-deprecation", HERE / "simulate.js"],
        input=json.dumps(asked),
        env={"NODE_PATH": str(npm_packages(HERE))},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return dict(zip(SOURCES, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("name", SOURCES)
async def test_a_webtask_does_what_it_did(sandbox: WasmSandbox, reference: dict[str, Any], name: str):
    """Status, headers and body of `(ctx, req, res)`; value or error of the others, by webtask-runtime's own rules."""
    expected = reference[name]
    answered = await outcome_of(sandbox, SOURCES[name])
    if isinstance(answered, Response):
        assert sent(answered) == (expected["status"], shown(expected["headers"]), expected["body"])
    else:
        body = orjson.loads(expected["body"])
        assert said(answered) == (expected["status"], body if expected["status"] == 200 else words(body))


async def outcome_of(sandbox: WasmSandbox, source: str) -> Outcome | SourceRejected:
    """The same request, as hookd hands it to a webtask."""
    headers = {name.lower(): value for name, value in OPTIONS["headers"].items()}
    given = {name: OPTIONS[name] for name in ("secrets", "params", "meta")}
    data = {**QUERY, **given["params"], **given["secrets"]}
    request = {"method": "POST", "url": OPTIONS["url"], "text": PAYLOAD}
    context = {"headers": headers, "query": QUERY, "data": data, **given, "request": request}
    try:
        program = sandbox.load(await sandbox.make_image(source, trigger="webtask"))
    except SourceRejected as rejected:
        return rejected
    return (await sandbox.run(program, orjson.dumps([context]), AMPLE)).outcome


def sent(response: Response) -> tuple[int, dict[str, Any], str]:
    """Status, headers, body."""
    value: Any = response.value
    return value["status"], shown(value["headers"]), value["body"]


def shown(headers: dict[str, Any]) -> dict[str, Any]:
    """In lower case, as text, without the transport's."""
    low = {name.lower(): value for name, value in headers.items()}
    return {name: value if isinstance(value, list) else str(value) for name, value in low.items() if name not in UNSAID}


def said(outcome: Outcome | SourceRejected) -> tuple[int, Any]:
    """What webtask-runtime makes of such an outcome: status, and the value or the error's words."""
    if isinstance(outcome, Answer):
        return 200, outcome.value or {}
    if isinstance(outcome, Refusal):
        return 400, ["Script returned an error.", outcome.name, outcome.message]
    if isinstance(outcome, SourceRejected):
        if outcome.code == "not_a_function":
            return 400, [f"Unable to compile submitted JavaScript. {outcome.message}"]
        name, _, message = outcome.message.partition(": ")
        return 400, [f"Unable to compile submitted JavaScript: {outcome.message}", name, message]
    assert isinstance(outcome, Failure)
    if outcome.code == "malformed_answer":
        return 400, ["Error when JSON serializing the result of the JavaScript code.", outcome.name]
    return 500, ["Script generated an unhandled synchronous exception.", outcome.name, outcome.message]


def words(body: dict[str, Any]) -> list[str]:
    """The same of webtask-runtime's error: the engine's own words for a ring are not compared."""
    if "error" not in body:
        return [body["details"]]
    own = [] if "serializing" in body["error"] else [body["message"]]
    return [body["error"], body["name"], *own]
