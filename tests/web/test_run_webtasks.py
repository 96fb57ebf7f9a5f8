"""Plain webtasks by their URL: the three programming models, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from tests.web.conftest import Api, token

TASK = "/api/webtask/acme/task"
RUN = "/api/run/acme/task"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def deploy(api: Api, script: str, secrets: Mapping[str, str] | None = None, compiler: str = "") -> None:
    """A plain webtask called task, by the Webtask API."""
    meta = {"wt-compiler": compiler} if compiler else {}
    answer = await api.call("PUT", TASK, {"code": script, "secrets": secrets or {}, "meta": meta})
    assert answer.status == 200, answer.body


async def run(api: Api, method: str = "GET", path: str = RUN, **more: Any) -> tuple[aiohttp.ClientResponse, str]:
    """The answer to somebody without a token."""
    async with api.client.request(method, api.url + path, **more) as answer:
        return answer, await answer.text()


def error(code: int, title: str, name: str, message: str) -> dict[str, Any]:
    """Webtask's own errors."""
    return {"code": code, "error": title, "details": f"{name}: {message}", "name": name, "message": message}


NO_FUNCTION = "Unable to compile submitted JavaScript. Error: Supplied code must return or export a function."
UNHANDLED = "Script generated an unhandled synchronous exception."


@pytest.mark.parametrize(
    ("script", "status", "body"),
    [
        ("module.exports = (cb) => cb(null, { a: 1 });", 200, {"a": 1}),
        ("module.exports = (ctx, cb) => cb(null, ctx.query.a);", 200, "1"),
        ("return (ctx, cb) => cb();", 200, {}),
        (
            "module.exports = (cb) => cb(new TypeError('bad'));",
            400,
            error(400, "Script returned an error.", "TypeError", "bad"),
        ),
        (
            "module.exports = (cb) => { throw new TypeError('bad'); };",
            500,
            error(500, UNHANDLED, "TypeError", "bad"),
        ),
        ("module.exports = 1", 400, {"code": 400, "details": NO_FUNCTION, "message": NO_FUNCTION}),
        (
            "throw new RangeError('at load')",
            400,
            error(400, "Unable to compile submitted JavaScript: RangeError: at load", "RangeError", "at load"),
        ),
    ],
)
async def test_a_callback(api: Api, script, status, body):
    """Anybody may call; JSON of the value, or webtask's own errors."""
    await deploy(api, script)

    answer, text = await run(api, path=f"{RUN}?a=1")

    assert (answer.status, json.loads(text)) == (status, body)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_response_of_its_own(api: Api):
    """Status, headers, body; the request's method, path and text are there."""
    script = """module.exports = (ctx, req, res) => {
      let text = '';
      req.on('data', (piece) => { text += piece; });
      req.on('end', () => {
        res.writeHead(201, { 'Content-Type': 'text/html', 'X-Own': 'ä', 'Set-Cookie': ['a=1', 'b=2'] });
        res.end(`<b>${req.method} ${req.url} ${text} ${ctx.data.key} ${ctx.body.a} ${req.headers['x-sent']}</b>`);
      });
    };"""
    await deploy(api, script, {"key": "öffne"})

    answer, text = await run(api, "PUT", f"{RUN}/below?b=%C3%B6", json={"a": 1}, headers={"X-Sent": "2"})

    assert (answer.status, text) == (201, f'<b>PUT {RUN}/below?b=%C3%B6 {{"a": 1}} öffne 1 2</b>')
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["X-Own"] == "ä"
    assert answer.headers.getall("Set-Cookie") == ["a=1; Path=/api/run/acme/", "b=2; Path=/api/run/acme/"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_what_is_not_the_webtasks_to_say(api: Api):
    """The connection's headers and the whole host's; a policy of its own stands beside ours."""
    script = """module.exports = (ctx, req, res) => {
      res.writeHead(200, { Connection: 'close', 'Content-Length': '1', 'Transfer-Encoding': 'chunked', Server: 'mine',
        'Strict-Transport-Security': 'max-age=9', 'Clear-Site-Data': '"*"', 'X-Content-Type-Options': 'no',
        'Content-Security-Policy': "default-src 'none'", 'Cache-Control': 'max-age=5' });
      res.end('whole');
    };"""
    await deploy(api, script)

    answer, text = await run(api)

    assert text == "whole"
    assert answer.headers.getall("Content-Security-Policy") == ["default-src 'none'", "sandbox"]
    assert {name: answer.headers.getall(name, []) for name in ("Server", "Content-Length", "Cache-Control")} == {
        "Server": ["hookd"],
        "Content-Length": ["5"],
        "Cache-Control": ["max-age=5"],
    }
    assert answer.headers.getall("X-Content-Type-Options") == ["nosniff"]
    assert not {"Connection", "Strict-Transport-Security", "Clear-Site-Data"} & set(answer.headers)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("DELETE", 404)])
async def test_answers_without_a_body(api: Api, method, status):
    """The connection stays whole, whatever the webtask wrote."""
    await deploy(api, f"module.exports = (ctx, req, res) => {{ res.statusCode = {status}; res.end('a body'); }};")

    answers = [await run(api, method), await run(api, method)]

    expected = "a body" if status == 404 else ""
    assert [(answer.status, text) for answer, text in answers] == [(status, expected)] * 2


async def test_a_form_and_a_text(api: Api):
    """A form is parsed, unless it has more fields than Node reads; a text is there as it is."""
    await deploy(api, "module.exports = (ctx, cb) => cb(null, [ctx.body, ctx.body_raw, ctx.data.a]);")

    assert (await run(api, "POST", data={"a": "1"}))[1] == '[{"a":"1"},"a=1","1"]'
    many = "&".join(f"a={number}" for number in range(1001))
    assert (await run(api, "POST", path=f"{RUN}?b=1&b=2", data=many, headers=FORM))[1].startswith('[null,"a=0&a=1&')
    assert (await run(api, "POST", data="a text"))[1] == '[null,"a text",null]'
    assert (await run(api, "GET"))[1] == "[null,null,null]"


async def test_the_claims_of_its_token(api: Api):
    """Parameters and metadata are there; the body's members are data where the claim `mb` says so."""
    script = "module.exports = (ctx, cb) => cb(null, [ctx.data, ctx.params, ctx.meta]);"
    claims = {"ten": "acme", "jtn": "task", "code": script, "pctx": {"p": "1"}, "meta": {"m": "2"}}
    for merged, data in ((1, {"a": 3, "p": "1"}), (0, {"p": "1"})):
        async with api.client.post(
            f"{api.url}/api/tokens/issue", json={**claims, "mb": merged}, headers=api.headers
        ) as answer:
            assert answer.status == 200

        _, text = await run(api, "POST", json={"a": 3})

        assert json.loads(text) == [data, {"p": "1"}, {"m": "2"}]


async def test_with_the_secret_of_extensions_it_is_not_for_anybody(api: Api):
    """As any other hook with it."""
    await deploy(api, "module.exports = (cb) => cb(null, 'in');", {"auth0-extension-secret": "sesame"})

    assert "Unauthorized extensibility point" in (await run(api))[1]
    assert (await run(api, headers={"Authorization": "Bearer sesame"}))[1] == '"in"'


async def test_the_generic_compiler_answers_in_the_envelope(api: Api):
    """What `cb` gets; a response of its own goes out as it is."""
    script = "module.exports = (ctx, cb) => cb(ctx.query.e && new Error('bad'), ctx.query);"
    await deploy(api, script, compiler="auth0-ext-compilers/generic")

    assert (await run(api, path=f"{RUN}?a=1"))[
        1
    ] == '{"statusCode":200,"headers":{},"status":"success","data":{"a":"1"}}'
    answer, text = await run(api, path=f"{RUN}?e=1")
    assert (answer.status, text[:26]) == (200, '{"status":"error","data":{')


async def test_its_runs_are_recorded(api: Api):
    """Under the trigger webtask; a response is an answer."""
    await deploy(api, "module.exports = (ctx, req, res) => { console.log('seen'); res.end(); };")
    await run(api)

    record = (await api.call("GET", "/api/v1/logs")).body["executions"][0]

    assert (record["hook"], record["trigger"], record["decision"]) == ("task", "webtask", "allow")
    assert record["console"] == [{"level": "info", "text": "seen"}]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": ["text/plain", "text/html"]},
        {"Content-Type": ""},
        {"Content-Type": "no type; charset"},
        {"cOnTeNt-LeNgTh": "99"},
        {"Content-Range": "bytes 0-1/2"},
        {"Location": "https://elsewhere.example/"},
        {"X-A": ""},
        {"X-Request-Id": "mine"},
    ],
    ids=str,
)
async def test_odd_headers(api: Api, headers):
    """Leave the connection whole: the next answer is the next one."""
    await deploy(
        api, f"module.exports = (ctx, req, res) => {{ res.writeHead(200, {json.dumps(headers)}); res.end('é'); }};"
    )

    answers = [await run(api), await run(api)]

    assert [(answer.status, text) for answer, text in answers] == [(200, "é")] * 2
    assert answers[0][0].headers["X-Request-Id"] != "mine"


async def test_a_status_that_is_none(api: Api):
    """Is an error of the webtask's."""
    await deploy(api, "module.exports = (ctx, req, res) => { res.statusCode = 700; res.end(); };")

    answer, text = await run(api)

    assert (answer.status, json.loads(text)["code"]) == (400, 400)
    assert "status" in text


@pytest.mark.parametrize("where", ["", "; Path=/", "; path = /api/run/other/; DOMAIN=127.0.0.1; HttpOnly"])
async def test_a_cookie_is_for_the_webtasks_of_its_tenant(api: Api, where: str):
    """All tenants share the host: a browser must not bring one's cookie to another's webtask."""
    sets = f"res.setHeader('Set-Cookie', 'session=acmes{where}'); res.end('ok')"
    await deploy(api, f"module.exports = (ctx, req, res) => {{ {sets} }}")
    reads = {"code": "module.exports = (ctx, cb) => cb(null, { cookie: ctx.headers.cookie || '' })"}
    assert (await api.call("PUT", "/api/webtask/acme/reads", reads)).status == 200
    assert (await api.with_token(token("other")).call("PUT", "/api/webtask/other/reads", reads)).status == 200

    seen = {}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        await (await browser.get(api.url + RUN)).read()
        for tenant in ("acme", "other"):
            async with browser.get(f"{api.url}/api/run/{tenant}/reads") as answer:
                seen[tenant] = (await answer.json())["cookie"]

    assert seen == {"acme": "session=acmes", "other": ""}


SHOWS = "module.exports = (ctx, req, res) => res.end(JSON.stringify([ctx.headers.cookie, req.headers.cookie]));"


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (["hookd_session=s"], None),
        (["__Host-hookd_session=s"], None),
        (["__Host-hookd_session_8443=s; hookd_login_8080=l;a=1"], "a=1"),
        (["a=1;  hookd_session_8080=s ;b=2"], "a=1; b=2"),
        (['a="; hookd_session=s; b="'], 'a="; b="'),
        (["a=1", "hookd_session=s", "b=2"], "a=1; b=2"),
        (["a=hookd_session"], "a=hookd_session"),
    ],
)
async def test_a_session_of_the_dashboard_is_not_for_webtasks(api: Api, sent: list[str], seen: str | None):
    """A browser brings it to every path of the host, and whoever's code runs there could be that person with it."""
    await deploy(api, SHOWS)

    _, text = await run(api, headers=[("Cookie", one) for one in sent])

    assert json.loads(text) == [seen, seen]
