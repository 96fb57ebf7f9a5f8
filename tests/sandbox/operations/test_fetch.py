"""fetch, Headers, Request and Response in real hooks, against a real server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.model import Failure
from tests.sandbox.operations.world import World
from tests.sandbox.running import AMPLE

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_get(world: World):
    """Status, headers, JSON; what is sent beside what was asked for."""
    body = """const r = await fetch(base + '/echo?a=%20b#c', { headers: { 'X-Own': 'h\\u00e9' } });
    return [r.status, r.statusText, r.ok, r.redirected, r.type, r.url === base + '/echo?a=%20b', r.headers.get('CONTENT-type'), r.bodyUsed, await r.json(), r.bodyUsed];"""
    *head, said, used = await world.told(body)

    assert head == [200, "OK", True, False, "basic", True, "application/json; charset=utf-8", False]
    assert used is True
    assert (said["method"], said["path"], said["body"]) == ("GET", "/echo?a=%20b", "")
    assert {name.lower() for name in said["headers"]} == {"host", "user-agent", "accept", "accept-encoding", "x-own"}
    assert said["headers"]["User-Agent"] == "hookd"


@pytest.mark.parametrize(
    "body, sent, kind",
    [
        ("'h\\u00e9\\ud800'", "h\u00e9\ufffd", "text/plain;charset=UTF-8"),
        ("new Uint8Array([0, 255]).buffer", None, None),
        ("new Uint8Array([1, 0, 255, 2]).subarray(1, 3)", None, None),
        ("new DataView(new Uint8Array([0, 255]).buffer)", None, None),
        ("123", "123", "text/plain;charset=UTF-8"),
        ("JSON.stringify({ a: 1 })", '{"a":1}', "text/plain;charset=UTF-8"),
        ("({ [Symbol.toStringTag]: 'URLSearchParams', toString: () => 'a=b' })", "a=b", "application/x-www-form-urlencoded;charset=UTF-8"),
        ("''", "", "text/plain;charset=UTF-8"),
    ],
)  # fmt: skip
async def test_bodies_that_are_sent(world: World, body: str, sent: str | None, kind: str | None):
    """Text as UTF-8, bytes as they are, each with its type unless another is given."""
    said = await world.told(f"return (await fetch(base + '/echo', {{ method: 'post', body: {body} }})).json();")

    assert said["method"] == "POST"
    assert said["body"] == ("\x00\xff" if sent is None else sent.encode().decode("latin-1"))
    assert said["headers"].get("Content-Type") == kind


async def test_bodies_that_come(world: World):
    """As bytes, as text, as JSON, as a stream; each once, but a copy again."""
    body = """const r = await fetch(base + '/bytes');
    const c = r.clone();
    const bytes = new Uint8Array(await r.arrayBuffer());
    const again = await r.text().catch((e) => e.name + ': ' + e.message);
    const chunks = [];
    for await (const chunk of c.body) chunks.push(chunk.length);
    const reader = (await fetch(base + '/bytes')).body.getReader();
    const first = await reader.read(), second = await reader.read();
    return [bytes.length, bytes[255], again, chunks, c.bodyUsed, first.value.length, second.done, (await (await fetch(base + '/gzip')).text()).length, (await (await fetch(base + '/bytes')).bytes()).length];"""
    assert await world.told(body) == [
        256, 255, "TypeError: Body is unusable: Body has already been read", [256], True, 256, True, 200, 256,
    ]  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"\xef\xbb\xbfa", b"a\xc3", b"\xff\xfe", b"\xe2\x82", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"a\xe2\x82b\xf0\x90\x80c", b"\xc0\xaf"])  # fmt: skip
async def test_text_is_utf_8(world: World, raw: bytes):
    """Without its mark; what is none is U+FFFD, as often as Python and browsers have it."""
    body = "const r = await fetch(base + '/echo', { method: 'POST', body: new Uint8Array(a) }); const bytes = new Uint8Array(a); return new Response(bytes).text();"

    assert await world.told(body, list(raw)) == raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


async def test_statuses(world: World):
    """Not ok is no error; what has no body has none."""
    body = """const all = [];
    for (const n of [204, 304, 404, 500]) { const r = await fetch(base + '/status/' + n); all.push([r.status, r.ok, r.statusText, r.body === null]); }
    const head = await fetch(base + '/bytes', { method: 'HEAD' });
    return [all, head.status, head.body, await head.text()];"""
    assert await world.told(body) == [
        [[204, True, "Some Reason", True], [304, False, "Some Reason", True], [404, False, "Some Reason", False], [500, False, "Some Reason", False]],
        200, None, "",
    ]  # fmt: skip


async def test_redirects(world: World):
    """Followed, shown or refused, as is asked for."""
    body = """const f = await fetch(base + '/to'), m = await fetch(base + '/to', { redirect: 'manual' });
    const e = await fetch(base + '/to', { redirect: 'error' }).catch((e) => [e.name, e.message, e.cause.code]);
    return [f.url === base + '/echo?hop', f.redirected, m.status, m.headers.get('location'), e];"""
    assert await world.told(body) == [True, True, 302, "/echo?hop", ["TypeError", "fetch failed", "ERR_REDIRECT"]]


async def test_headers(world: World):
    """Without regard to case, in order, joined; cookies apart; nothing that HTTP can not send."""
    body = """const h = new Headers([['B', '1'], ['a', ' x\\t'], ['b', '2']]);
    h.append('Set-Cookie', 'p'); h.append('set-cookie', 'q'); h.set('C', 3);
    const bad = [() => h.set('a b', 1), () => h.set('a', '\\u2028'), () => h.append('', ''), () => new Headers([['a']]), () => new Headers('a')];
    const names = bad.map((f) => { try { f(); return 'no'; } catch (e) { return e.name; } });
    const seen = []; h.forEach((v, k) => seen.push(k)); h.delete('A');
    const r = await fetch(base + '/cookies');
    return [[...h], h.get('B'), h.get('none'), h.has('a'), h.getSetCookie(), [...new Headers(h).keys()], seen, names, r.headers.getSetCookie(), Object.prototype.toString.call(h)];"""
    assert await world.told(body) == [
        [["b", "1, 2"], ["c", "3"], ["set-cookie", "p"], ["set-cookie", "q"]], "1, 2", None, False, ["p", "q"],
        ["b", "c", "set-cookie", "set-cookie"], ["a", "b", "c", "set-cookie", "set-cookie"], ["TypeError"] * 5, ["a=1", "b=2"], "[object Headers]",
    ]  # fmt: skip


async def test_requests_and_responses_of_ones_own(world: World):
    """Made, copied, sent; with the errors of the standard."""
    body = """const q = new Request(base + '/echo', { method: 'put', body: 'x', headers: { a: 'b' } });
    const copy = q.clone();
    const said = await (await fetch(q)).json();
    const used = await fetch(q).catch((e) => e.name);
    const other = await (await fetch(copy, { method: 'PATCH', headers: { c: 'd' } })).json();
    const made = new Response('t', { status: 201, statusText: 'S', headers: { a: 'b' } });
    const bad = [() => new Request(base, { body: 'x' }), () => new Request(base, { method: 'CONNECT' }), () => new Request(base, { method: 'a b' }), () => new Request(), () => new Request(base, { redirect: 'x' }),
      () => new Response('x', { status: 204 }), () => new Response('', { status: 99 }), () => Response.redirect(base, 200), () => Response.json(undefined)];
    return [said.method, said.body, said.headers.a, used, other.method, other.body, other.headers.c, made.status, made.statusText, await made.text(), await Response.json({ a: 1 }).json(),
      Response.redirect(base + '/x').headers.get('location') === base + '/x', Response.error().type, bad.map((f) => { try { f(); return 'no'; } catch (e) { return e.name; } })];"""
    assert await world.told(body) == [
        "PUT", "x", "b", "TypeError", "PATCH", "x", "d", 201, "S", "t", {"a": 1}, True, "error",
        ["TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "RangeError", "RangeError", "TypeError"],
    ]  # fmt: skip


async def test_what_goes_wrong(world: World):
    """TypeError: fetch failed, with a cause whose code is Node's; a body that is no JSON is a SyntaxError."""
    body = """const told = [];
    for (const path of a) told.push(await fetch(path.includes(':') ? path : base + path).then((r) => r.json()).catch((e) => [e.name, e.message, e.cause && e.cause.code]));
    return told.map((t) => t.length === 3 && t[0] === 'SyntaxError' ? 'SyntaxError' : t);"""
    assert await world.told(body, ["/large/100001", "http://8.8.8.8:22/", "http://10.0.0.1/", "/cookies", "ftp://a/"]) == [
        ["TypeError", "fetch failed", "ERR_RESPONSE_TOO_LARGE"],
        ["TypeError", "fetch failed", "ERR_ACCESS_DENIED"],
        ["TypeError", "fetch failed", "ERR_ACCESS_DENIED"],
        "SyntaxError",
        ["TypeError", "fetch failed", None],
    ]  # fmt: skip


async def test_large_bodies(world: World):
    """More than the guest's input has room for, both ways, several times."""
    body = """let sum = 0;
    for (let i = 0; i < 5; i++) sum += (await (await fetch(base + '/large/90000')).text()).length;
    const back = await (await fetch(base + '/echo', { method: 'POST', body: 'y'.repeat(60000) })).json();
    return [sum, back.body.length];"""

    assert await world.told(body) == [450_000, 60_000]


async def test_many_at_once(world: World):
    """More than are done at once wait for their turn; all come, and each its own."""
    body = "return Promise.all(Array.from({ length: 40 }, (_, i) => fetch(base + '/echo?' + i).then((r) => r.json()).then((j) => j.path)));"

    assert await world.told(body) == [f"/echo?{number}" for number in range(40)]


async def test_too_many(world: World):
    """One more than the limit breaks the hook, and so does asking for too many bytes, where it is not caught."""
    many = "for (let i = 0; i < 6; i++) await fetch(base + '/echo');"
    source = f"module.exports = async (base) => {{ {many} }};"
    done = await world.engine.run(source, world.server.url()[:-1], limits=replace(AMPLE, operations=5))
    assert isinstance(done.outcome, Failure)
    assert (done.outcome.code, len(done.operations)) == ("operation_limit", 5)
    large = "return fetch(base, { method: 'POST', body: 'x'.repeat(20000) }).catch((e) => [e.name, e.cause.code]);"
    assert await world.told(large, limits=replace(AMPLE, operation_bytes=20_000)) == [
        "TypeError",
        "ERR_OPERATION_TOO_LARGE",
    ]


async def test_a_signal(world: World):
    """Aborted before and meanwhile: the promise is broken with its reason, and the operation is not waited for."""
    body = """const signal = () => { const all = []; return { aborted: false, reason: undefined, addEventListener(n, f) { all.push(f); }, removeEventListener() {}, abort(r) { this.aborted = true; this.reason = r; all.forEach((f) => f()); } }; };
    const before = signal(); before.abort('early');
    const meanwhile = signal();
    const told = [await fetch(base + '/echo', { signal: before }).catch((e) => e)];
    const going = fetch(base + '/echo', { signal: meanwhile }).catch((e) => e.name ?? e);
    meanwhile.abort();
    told.push(await going, (await fetch(base + '/echo', { signal: signal() })).status);
    return told;"""
    assert await world.told(body) == ["early", "AbortError", 200]


async def test_a_source_that_fetches_while_it_loads(world: World):
    """Is evaluated in every request: what it waits for can be kept by no image."""
    source = f"const coming = fetch('{world.server.url('/echo?load')}').then((r) => r.json()); module.exports = async () => (await coming).path;"
    before = len(world.server.requests)
    program = world.engine.sandbox.load(await world.engine.sandbox.make_image(source))
    assert len(world.server.requests) == before, "nothing is asked for when it is deployed"
    for _ in range(2):
        done = await world.engine.sandbox.run(program, b"[]", AMPLE, owner="acme")
        assert getattr(done.outcome, "value", done.outcome) == "/echo?load"

    assert len(world.server.requests) == before + 2


async def test_timers_and_answers_in_the_order_in_which_they_come(world: World):
    """Each a turn of its own, with the microtasks between."""
    body = """const seen = [];
    const done = fetch(base + '/echo').then(() => { seen.push('fetch'); Promise.resolve().then(() => seen.push('micro')); });
    setTimeout(() => { seen.push('timer'); Promise.resolve().then(() => seen.push('micro of timer')); }, 0);
    await done; await new Promise((r) => setTimeout(r, 5));
    return seen;"""
    seen = await world.told(body)

    assert sorted([seen[:2], seen[2:]]) == [["fetch", "micro"], ["timer", "micro of timer"]]


async def test_it_costs_no_image(world: World):
    """It is in the snapshot that all hooks share."""
    plain, naming = [
        await world.engine.sandbox.make_image(f"module.exports = (cb) => cb(null, {text});")
        for text in ("1", "typeof fetch")
    ]

    assert len(naming) < len(plain) + 1_000
