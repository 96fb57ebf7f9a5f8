"""Node's http and https in real hooks, against a real server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.model import Answer
from tests.sandbox.operations.world import World
from tests.sandbox.running import AMPLE

pytestmark = pytest.mark.asyncio(loop_scope="module")


READ = """const http = require('http'); const read = (res) => new Promise((done) => { let text = ''; res.setEncoding('utf8'); res.on('data', (d) => { text += d; }); res.on('end', () => done(text)); });
const ask = (...given) => new Promise((done, fail) => { const r = http.request(...given, done).on('error', fail); r.end(r.sent); });"""


async def test_a_request(world: World):
    """Written in pieces, answered as a stream; each event once and in Node's order."""
    body = f"""{READ} const seen = [];
    const text = await new Promise((done, fail) => {{
      const req = http.request(base + '/echo?a=b', {{ method: 'post', headers: {{ 'X-Own': 'c', 'X-Many': ['d', 'e'] }}, auth: 'u:p' }}, (res) => {{
        seen.push('response', res.statusCode, res.statusMessage, res.httpVersion, res.headers['content-type'], res.req === req);
        res.on('end', () => seen.push('end', res.complete)); read(res).then(done);
      }});
      for (const name of ['socket', 'finish', 'error']) req.on(name, () => seen.push(name));
      req.setHeader('X-Set', 1); req.write('he'); req.write(Buffer.from('l')); req.end('lo');
    }});
    return [seen, JSON.parse(text)];"""
    seen, said = await world.told(body)

    assert seen == [
        "socket",
        "finish",
        "response",
        200,
        "OK",
        "1.1",
        "application/json; charset=utf-8",
        True,
        "end",
        True,
    ]
    assert (said["method"], said["path"], said["body"]) == ("POST", "/echo?a=b", "hello")
    sent = {name.lower(): value for name, value in said["headers"].items()}
    assert sent["authorization"] == "Basic dTpw"
    assert (sent["x-own"], sent["x-set"], sent["x-many"]) == ("c", "1", "d")
    assert sent["host"] == world.server.place
    assert "user-agent" not in sent


async def test_the_ways_to_say_where(world: World):
    """A text, a URL, options, and two of them."""
    body = f"""{READ} const {{ hostname, port }} = new URL(base);
    const paths = [];
    for (const given of [[base + '/echo?1'], [new URL(base + '/echo?2')], [{{ hostname, port, path: '/echo?3' }}], [{{ host: hostname, port: Number(port), path: '/echo?4', protocol: 'http:', agent: false }}], [base + '/x', {{ path: '/echo?5', method: 'PUT' }}]])
      paths.push(JSON.parse(await read(await ask(...given))).path);
    paths.push((await new Promise((done) => http.get(base + '/to', done))).headers.location);
    return paths;"""

    assert await world.told(body) == ["/echo?1", "/echo?2", "/echo?3", "/echo?4", "/echo?5", "/echo?hop"]


async def test_responses(world: World):
    """Bytes, packed ones, none, many headers; as a stream that can be piped and iterated."""
    body = f"""{READ} const {{ PassThrough, pipeline }} = require('stream');
    const bytes = []; for await (const chunk of await ask(base + '/bytes')) bytes.push(...chunk);
    const cookies = await ask(base + '/cookies');
    const none = await ask(base + '/status/204');
    const through = new PassThrough(); pipeline(await ask(base + '/gzip'), through, () => {{}});
    return [bytes.length, bytes[255], cookies.headers['set-cookie'], cookies.rawHeaders.filter((n) => n === 'Set-Cookie').length, await read(none), none.statusMessage, (await read(through)).length, (await ask({{ ...new URL(base), hostname: new URL(base).hostname, port: new URL(base).port, path: '/status/404' }})).statusCode];"""

    assert await world.told(body) == [256, 255, ["a=1", "b=2"], 2, "", "Some Reason", 200, 404]


async def test_what_goes_wrong(world: World):
    """By 'error' with Node's codes; what can not be sent is thrown."""
    body = f"""{READ} const https = require('https'); const told = [];
    for (const url of ['http://10.0.0.1/', base + '/large/100001']) told.push(await ask(url).then(() => 'no', (e) => e.code));
    const gone = http.get(base + '/echo'); gone.abort(); told.push(await new Promise((d) => gone.on('error', (e) => d([e.code, e.message, gone.aborted]))));
    const stopped = http.get(base + '/echo'); stopped.destroy(new Error('mine')); told.push(await new Promise((d) => stopped.on('error', (e) => d(e.message))));
    for (const f of [() => http.request('nonsense'), () => http.request('https://a.example/'), () => http.request(base, {{ headers: {{ 'a b': 1 }} }}), () => http.request(base, {{ headers: {{ a: 'b\\r\\nc' }} }}), () => http.request(base, {{ method: 'A B' }}), () => http.request(base, {{ path: '/a b' }}), () => http.createServer(), () => https.request('http://a.example/')])
      try {{ f(); told.push('no'); }} catch (e) {{ told.push(e.code); }}
    return told;"""
    assert await world.told(body) == [
        "ERR_ACCESS_DENIED", "ERR_RESPONSE_TOO_LARGE", ["ECONNRESET", "socket hang up", True], "mine", "ERR_INVALID_URL", "ERR_INVALID_PROTOCOL",
        "ERR_INVALID_HTTP_TOKEN", "ERR_INVALID_CHAR", "ERR_INVALID_HTTP_TOKEN", "ERR_UNESCAPED_CHARACTERS", "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "ERR_INVALID_PROTOCOL",
    ]  # fmt: skip


async def test_a_timeout(world: World):
    """The event, after which a request is the hook's to destroy; a signal ends one, too."""
    body = """const http = require('http');
    const late = await new Promise((done) => { const seen = []; const req = http.get(base + '/slow', { timeout: 20 }); req.on('timeout', () => { seen.push('timeout'); req.destroy(); }).on('error', (e) => done([...seen, e.code])); });
    const stop = new AbortController();
    const ended = new Promise((done) => http.get(base + '/slow', { signal: stop.signal }).on('error', (e) => done([e.name, e.code])));
    setTimeout(() => stop.abort(), 5);
    return [late, await ended, await fetch(base + '/slow', { signal: AbortSignal.timeout(5) }).catch((e) => e.name)];"""

    assert await world.told(body) == [["timeout", "ECONNRESET"], ["AbortError", "ABORT_ERR"], "TimeoutError"]


async def test_a_signals_timeout_ends_what_it_is_for(world: World):
    """A timer that holds nothing up is run all the same while something else is waited for; the request is not done to its end."""
    source = """module.exports = async (base) => [await fetch(base + '/slow', { signal: AbortSignal.timeout(5) }).catch((e) => e.name),
      await new Promise((done) => { setTimeout(done, 5, 'unref').unref(); fetch(base + '/slow').catch(() => {}); })];"""
    run = await world.engine.run(source, world.server.url()[:-1], limits=replace(AMPLE, wall_ms=8_000))

    assert run.outcome == Answer(["TimeoutError", "unref"])
    assert [operation.error for operation in run.operations] == ["cancelled", "cancelled"]


async def test_the_rest_of_the_modules(world: World):
    """What packages look at when they load."""
    body = """const http = require('node:http'), https = require('https'); const { Agent, globalAgent, STATUS_CODES, METHODS } = http;
    class Own extends Agent {}
    return [STATUS_CODES[404], METHODS.includes('PATCH'), new Own({ keepAlive: true }).keepAlive, globalAgent instanceof Agent, https.globalAgent.protocol, new https.Agent().defaultPort, typeof http.IncomingMessage, typeof http.ClientRequest, http.get('http://10.0.0.1/').on('error', () => {}).getHeader('host')];"""

    assert await world.told(body) == ["Not Found", True, True, True, "https:", 443, "function", "function", "10.0.0.1"]
