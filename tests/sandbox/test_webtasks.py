"""The programming models of webtask: what is accepted, what `ctx`, `req` and `res` are, and what comes of all."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from runtime.model import Answer, Failure, Outcome, Refusal, Response
from runtime.sandbox.base import SourceRejected
from runtime.sandbox.pool import WasmSandbox
from runtime.sandbox.webtasks import MARK, MOST_HEADERS, unpacked
from tests.sandbox.running import AMPLE

BODY = '{"hello": "w\u00f6rld"}'
CONTEXT: dict[str, Any] = {
    "data": {"KEY": "sesame", "q": "1"},
    "headers": {"content-type": "application/json", "x-b": "2"},
    "id": "1526774400000.1",
    "params": {"p": "1"},
    "query": {"q": "1"},
    "secrets": {"KEY": "sesame"},
    "meta": {"m": "1"},
    "token": "t",
    "body_raw": BODY,
    "body": orjson.loads(BODY),
}
REQUEST = {"method": "POST", "url": "/api/run/c/n?q=1", "text": BODY}


async def outcome_of(sandbox: WasmSandbox, source: str, **request: Any) -> Outcome:
    """What a webtask says to one request."""
    program = sandbox.load(await sandbox.make_image(source, trigger="webtask"))
    arguments = orjson.dumps([{**CONTEXT, "request": {**REQUEST, **request}}])
    return (await sandbox.run(program, arguments, AMPLE)).outcome


async def response_of(sandbox: WasmSandbox, body: str, /, **request: Any) -> dict[str, Any]:
    """What the body of `(ctx, req, res)` responds."""
    outcome = await outcome_of(sandbox, f"module.exports = function (ctx, req, res) {{\n{body}\n}};", **request)
    assert isinstance(outcome, Response), outcome
    value: Any = outcome.value
    return dict(value)


# What is accepted


@pytest.mark.parametrize("before", ["module.exports =", "return"])
@pytest.mark.parametrize(
    "function",
    [
        "function (cb) { cb(null, 'hello world'); }",
        "function (ctx, cb) { cb(null, 'hello world'); }",
        "(ctx, cb) => cb(null, 'hello world')",
        "async (ctx, cb) => { await null; cb(null, 'hello world'); return 'unused'; }",
        "(ctx, cb) => { setTimeout(() => cb(null, 'hello world'), 3); }",
        "function (ctx, req, res) { res.writeHead(200, { 'content-type': 'text/plain' }); res.end('hello world'); }",
        "async (ctx, req, res) => { await null; res.setHeader('content-type', 'text/plain').end('hello world'); }",
    ],
)
async def test_the_models(sandbox: WasmSandbox, before: str, function: str):
    """By the number of the function's parameters, exported or returned, with promises or without."""
    outcome = await outcome_of(sandbox, f"'use latest';\n{before} {function};")
    expected: Answer = Answer("hello world")
    if "res" in function.split(")", maxsplit=1)[0]:
        expected = Response({"status": 200, "headers": {"content-type": "text/plain"}, "body": "hello world"})

    assert outcome == expected


NO_FUNCTION = "Error: Supplied code must return or export a function."
NO_MODEL = (
    "Error: The JavaScript function must have one of the following signatures: ([ctx], callback) or (ctx, req, res)."
)


@pytest.mark.parametrize(
    "source, message",
    [
        ("", NO_FUNCTION),
        ("module.exports = { run() {} };", NO_FUNCTION),
        ("exports.onExecuteCredentialsExchange = (event, api) => {};", NO_FUNCTION),
        ("module.exports = () => {};", NO_MODEL),
        ("module.exports = function (ctx, req, res, more) {};", NO_MODEL),
        ("return (...all) => {};", NO_MODEL),
    ],
)
async def test_what_is_no_webtask_is_refused(sandbox: WasmSandbox, source: str, message: str):
    """In the words of webtask-runtime."""
    with pytest.raises(SourceRejected) as rejected:
        await sandbox.make_image(source, trigger="webtask")

    assert (rejected.value.code, rejected.value.message) == ("not_a_function", message)


async def test_an_error_at_load_has_its_place(sandbox: WasmSandbox):
    """The user's line and column."""
    with pytest.raises(SourceRejected) as rejected:
        await sandbox.make_image("\n\n  throw new TypeError('x');", trigger="webtask")

    assert (rejected.value.message, rejected.value.line, rejected.value.column) == ("TypeError: x", 3, 13)


# ctx and cb


async def test_the_context(sandbox: WasmSandbox):
    """What the host gave, less what `req` is made of; what can not be had says so."""
    outcome = await outcome_of(sandbox, "module.exports = (ctx, cb) => cb(null, ctx);")
    expected = {**CONTEXT, "storage": {}}
    assert outcome == Answer(expected)

    source = "module.exports = (ctx, cb) => { try { ctx.create_token({}, cb); } catch (error) { cb(error); } };"
    outcome = await outcome_of(sandbox, source)
    assert isinstance(outcome, Refusal)
    assert outcome.message == "The 'create_token' method is not supported in this environment"
    outcome = await outcome_of(sandbox, "module.exports = (ctx, cb) => ctx.storage.set({}, { force: 1 }, cb);")
    assert isinstance(outcome, Refusal)
    assert outcome.message == "there are no operations here"


async def test_what_a_source_takes_from_its_module(sandbox: WasmSandbox):
    """`module.webtask` is there while the source loads, and has the request's values when it runs."""
    source = "const { secrets, meta, params } = module.webtask; module.exports = (cb) => cb(null, { secrets, meta, params });"
    expected = {name: CONTEXT[name] for name in ("secrets", "meta", "params")}

    assert await outcome_of(sandbox, source) == Answer(expected)


@pytest.mark.parametrize(
    "body, kind, message",
    [
        ("cb(new Error('bad'));", Refusal, "bad"),
        ("cb('bad');", Refusal, "bad"),
        ("throw new Error('boom');", Failure, "boom"),
        ("return Promise.reject(new Error('boom'));", Failure, "boom"),
        ("cb(null, 1n);", Failure, "BigInt are forbidden in JSON.stringify"),
        ("", Failure, "The hook ended without calling cb and without returning a value."),
        ("return 5;", Failure, "The hook ended without calling cb and without returning a value."),
    ],
)
async def test_errors(sandbox: WasmSandbox, body: str, kind: type[Outcome], message: str):
    """What is given to `cb`, what is thrown, and nothing at all: as of a hook."""
    outcome = await outcome_of(sandbox, f"module.exports = function (ctx, cb) {{\n{body}\n}};")

    assert isinstance(outcome, Refusal | Failure)
    assert (type(outcome), outcome.message) == (kind, message)
    assert ":0:" not in outcome.stack


async def test_the_properties_of_an_error(sandbox: WasmSandbox):
    """They are what the caller's body is made of."""
    outcome = await outcome_of(
        sandbox, "module.exports = (cb) => cb(Object.assign(new Error('no'), { statusCode: 403 }));"
    )

    assert isinstance(outcome, Refusal)
    assert outcome.properties == {"statusCode": 403}


# req


async def test_the_request(sandbox: WasmSandbox):
    """Method, URL, headers, query; the parsed body only where the host gave one."""
    show = "res.end(JSON.stringify([req.method, req.url, req.headers['x-b'], req.query, typeof req.body]));"

    assert orjson.loads((await response_of(sandbox, show))["body"]) == [
        "POST",
        REQUEST["url"],
        "2",
        {"q": "1"},
        "undefined",
    ]
    shown = await response_of(sandbox, show, headers={"x-b": "3"}, query={}, body={"a": 1})
    assert orjson.loads(shown["body"]) == ["POST", REQUEST["url"], "3", {}, "object"]


@pytest.mark.parametrize(
    "read",
    [
        "let text = ''; req.on('data', (chunk) => { text += chunk; }); req.on('end', () => res.end(text));",
        "let text = ''; req.setEncoding('utf8').on('data', (chunk) => { text += chunk; }).once('end', () => res.end(text));",
        "const all = []; req.on('end', () => res.end(all.join(''))); setTimeout(() => req.on('data', (one) => all.push(one)), 2);",
        "let text = ''; req.on('readable', () => { let one; while ((one = req.read()) !== null) text += one; }); req.on('end', () => res.end(text));",
        "req.pipe(res);",
        "(async () => { let text = ''; for await (const chunk of req) text += chunk; res.end(text); })();",
        "req.resume(); req.removeListener('end', req.on); req.on('end', () => res.end(req.read() === null && req.complete ? ctx.body_raw : ''));",
    ],
)
async def test_the_requests_body_is_a_stream(sandbox: WasmSandbox, read: str):
    """Read in every usual way; nothing flows before somebody listens."""
    assert (await response_of(sandbox, read))["body"] == BODY


async def test_a_request_without_a_body_ends(sandbox: WasmSandbox):
    """No chunk, then the end."""
    read = "req.on('data', () => res.end('a chunk')).on('end', () => res.end('the end'));"

    assert (await response_of(sandbox, read, text=""))["body"] == "the end"


# res


@pytest.mark.parametrize(
    "body, status, headers, text",
    [
        ("res.end();", 200, {}, ""),
        ("res.statusCode = 404; res.end('no');", 404, {}, "no"),
        ("res.writeHead(302, { Location: '/x' }); res.end();", 302, {"Location": "/x"}, ""),
        ("res.writeHead(418, 'teapot', { A: 1 }).end('x');", 418, {"A": "1"}, "x"),
        ("res.setHeader('A', 1); res.setHeader('a', '2'); res.end(res.getHeader('A'));", 200, {"a": "2"}, "2"),
        ("res.setHeader('Set-Cookie', ['a=1', 'b=2']); res.end();", 200, {"Set-Cookie": ["a=1", "b=2"]}, ""),
        ("res.setHeader('A', '1'); res.removeHeader('a'); res.end(`${res.hasHeader('A')}`);", 200, {}, "false"),
        ("res.write('a'); res.write('b', 'utf8', () => res.end('c'));", 200, {}, "abc"),
        ("res.end(new Uint8Array([0xc3, 0xb6, 33]));", 200, {}, "\u00f6!"),
        ("res.end(new Uint8Array([0xff]));", 200, {}, "\u00ff"),
        ("res.end('first'); res.end('second');", 200, {}, "first"),
        ("res.on('finish', () => console.log('done')); res.end();", 200, {}, ""),
        (
            "try { res.write('a'); res.setHeader('A', '1'); } catch (error) { res.end(error.code); }",
            200,
            {},
            "aERR_HTTP_HEADERS_SENT",
        ),
        (
            "try { res.writeHead(99); } catch (error) { res.statusCode = 200; res.end(error.code); }",
            200,
            {},
            "ERR_HTTP_INVALID_STATUS_CODE",
        ),
        ("try { res.write(5); } catch (error) { res.end(error.name); }", 200, {}, "TypeError"),
        ("res.writeHead(200); res.end(`${res.headersSent} ${Object.keys(res.getHeaders())}`);", 200, {}, "true "),
    ],
)
async def test_the_response(sandbox: WasmSandbox, body: str, status: int, headers: dict[str, Any], text: str):
    """Status, headers and body as Node's http would send them."""
    assert await response_of(sandbox, body) == {"status": status, "headers": headers, "body": text}


async def test_what_comes_after_the_response_changes_nothing(sandbox: WasmSandbox):
    """It would have been sent: a promise that is rejected later, and the code behind `end`."""
    source = "module.exports = async (ctx, req, res) => { res.end('sent'); await null; throw new Error('late'); };"

    assert await outcome_of(sandbox, source) == Response({"status": 200, "headers": {}, "body": "sent"})


async def test_whatever_the_source_does_around_it(sandbox: WasmSandbox):
    """Changed prototypes and shadowed names reach nothing of the adapter's."""
    source = """
    let answer = 1, listeners = 2, webtask = 3, load = 4;
    for (const name of ['value', 'get', 'once', 'listener', 'status', 'body', 'toJSON', 'request']) Object.prototype[name] = 'p';
    Array.prototype[Symbol.iterator] = Reflect.apply = Object.keys = Array.isArray = Promise.prototype.then = queueMicrotask = 5;
    module.exports = (ctx, req, res) => { req.on('data', (chunk) => res.write(chunk)); req.on('end', () => res.end()); };"""

    assert await outcome_of(sandbox, source) == Response({"status": 200, "headers": {}, "body": BODY})


# What a broken guest, or a careless webtask, may say


@pytest.mark.parametrize(
    "said",
    [
        5,
        {},
        {"status": "200", "headers": {}, "body": ""},
        {"status": True, "headers": {}, "body": ""},
        {"status": 101, "headers": {}, "body": ""},
        {"status": 600, "headers": {}, "body": ""},
        {"status": 200, "headers": [], "body": ""},
        {"status": 200, "headers": {}, "body": None},
        {"status": 200, "headers": {"A": 1}, "body": ""},
        {"status": 200, "headers": {"A": [1]}, "body": ""},
        {"status": 200, "headers": {"A": "b\r\nC: d"}, "body": ""},
        {"status": 200, "headers": {"A\r\nB": "c"}, "body": ""},
        {"status": 200, "headers": {"": "c"}, "body": ""},
        {"status": 200, "headers": {"A": "\u4e2d"}, "body": ""},
        {"status": 200, "headers": {f"A{n}": "" for n in range(MOST_HEADERS + 1)}, "body": ""},
    ],
)
def test_what_http_can_not_send_is_malformed(said: object):
    """Nothing is sent of it: a header with a line end would be two."""
    outcome = unpacked(Answer({MARK: said}))

    assert isinstance(outcome, Failure)
    assert outcome.code == "malformed_answer"


async def test_a_header_with_a_line_end_is_malformed(sandbox: WasmSandbox):
    """Through a real webtask, too."""
    outcome = await outcome_of(
        sandbox, "module.exports = (ctx, req, res) => { res.setHeader('A', 'b\\nC: d'); res.end(); };"
    )

    assert isinstance(outcome, Failure)
    assert "'A'" in outcome.message
