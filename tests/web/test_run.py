"""Hooks by their URL: who may call, what the hook sees, what the caller is answered."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from runtime.triggers import TRIGGERS, sample
from tests.web.conftest import REQUEST, SEED, Answer, Api, hook_of, token

RUN = "/api/run/acme/a-hook"
KEY = "a secret of the hook"
UNAUTHORIZED = {
    "status": "error",
    "data": {
        "stack": "Error: Unauthorized extensibility point",
        "message": "Unauthorized extensibility point",
        "statusCode": 500,
    },
}


async def keyed(api: Api, script: str, trigger: str = "credentials-exchange", **more: Any) -> Api:
    """Who knows the secret of a new hook."""
    hook = await api.create(script, trigger, **more)
    answer = await api.call("POST", f"/api/v2/hooks/{hook['id']}/secrets", {"auth0-extension-secret": KEY})
    assert answer.status == 201
    return api.with_token(KEY)


async def run(api: Api, body: Any = None, *, method: str = "POST", path: str = RUN, **more: Any) -> Answer:
    """An answer, whatever its shape."""
    sent = more if "data" in more else {"json": REQUEST if body is None else body}
    headers = {**api.headers, **more.pop("headers", {})}
    async with api.client.request(method, api.url + path, headers=headers, **sent) as answer:
        raw = await answer.read()
        return Answer(status=answer.status, body=json.loads(raw) if raw else None, headers=answer.headers)


# who may call


async def test_the_secret_opens_the_hook(api: Api):
    """The seed case in the vendor's envelope, by the secret alone; enabled or not."""
    envelope = {
        "statusCode": 200,
        "headers": {},
        "status": "success",
        "data": {"https://foo.com/claim": "bar", "scope": ["read:orders", "extra"]},
    }
    for enabled in (True, False):
        caller = await keyed(api, SEED, enabled=enabled, name=f"hook {enabled}")
        answer = await run(caller, path=f"/api/run/acme/hook%20{enabled}")
        assert (answer.status, answer.body) == (200, envelope)
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("bearer", [None, "another", f"{KEY} ", token()])
async def test_without_the_secret_the_hook_does_not_run(api: Api, bearer):
    """Not by a token of the tenant either; HTTP 200, as the vendor answers. Blanks around the header count for nothing."""
    caller = (await keyed(api, hook_of("cb(null, {})"))).with_token(bearer)

    answer = await run(caller)

    expected = {"statusCode": 200, "headers": {}, "status": "success", "data": {}}
    assert (answer.status, answer.body) == (200, expected if bearer == f"{KEY} " else UNAUTHORIZED)


@pytest.mark.parametrize(
    ("bearer", "status"),
    [
        (None, 401),
        ("nonsense", 401),
        (KEY, 401),
        (token(scope="read:hooks"), 403),
        (token("other"), 403),
        (token(scope="execute:hooks"), 200),
    ],
)
async def test_a_hook_without_a_secret_wants_a_token_of_its_tenant(api: Api, bearer, status):
    """It may have been made by the Management API, by somebody who never thought of a URL."""
    await api.create(SEED)

    answer = await run(api.with_token(bearer))

    assert answer.status == status
    if status != 200:
        assert list(answer.body) == ["statusCode", "error", "message", "errorCode"]
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_the_token_is_not_the_hooks(api: Api):
    """A hook sees the caller's headers, less the token that was hookd's; its own secret it knows anyway."""
    script = hook_of("cb(null, [context.webtask.headers.authorization, context.webtask.headers['x-other']])")
    await api.create(script)
    assert (await run(api, headers={"X-Other": "1"})).body["data"] == [None, "1"]

    caller = await keyed(api, script, name="second")

    answer = await run(caller, path="/api/run/acme/second", headers={"X-Other": "1"})
    assert answer.body["data"] == [f"Bearer {KEY}", "1"]


@pytest.mark.parametrize(
    "path", ["/api/run/acme/none", "/api/run/other/a-hook", "/api/run/acme/%ED%A0%80", "/api/run/%00/%00"]
)
async def test_there_is_no_such_webtask(api: Api, path):
    """Whoever asks: a JSON 404 with a message."""
    await api.create(SEED)

    for caller in (api, api.with_token(None)):
        answer = await run(caller, path=path)
        assert (answer.status, answer.body["errorCode"]) == (404, "inexistent_resource")


async def test_a_name_that_means_several_hooks(api: Api):
    """Is no address; whose hooks they are is not for everybody."""
    await api.create(SEED)
    await api.create(SEED, "password-exchange")

    answer = await run(api)

    assert (answer.status, answer.body["message"]) == (409, "Several hooks have this name: rename all but one.")


# bodies


@pytest.mark.parametrize("trigger", TRIGGERS)
async def test_each_extensibility_point_runs(api: Api, trigger):
    """With the hook's parameters from the body's members."""
    names = ", ".join(TRIGGERS[trigger].parameters)
    script = f"module.exports = ({names}, cb) => {{ delete context.webtask; cb(null, {{ {names} }}); }};"
    caller = await keyed(api, script, trigger)

    answer = await run(caller, sample(trigger))

    assert answer.body["data"] == sample(trigger)


@pytest.mark.parametrize(
    "sent",
    [
        {"data": b""},
        {"data": b"{", "headers": {"Content-Type": "application/json"}},
        {"data": b"[" * 1000, "headers": {"Content-Type": "application/json"}},
        {"data": b'"\\ud800"', "headers": {"Content-Type": "application/json"}},
        {"data": b"null", "headers": {"Content-Type": "application/json"}},
        {"data": b"no good", "headers": {"Content-Type": "text/plain"}},
        {"method": "GET"},
        {"method": "OPTIONS"},
    ],
    ids=str,
)
async def test_what_is_no_body(api: Api, sent):
    """Nothing, no JSON, null: the vendor's words, no crash."""
    caller = await keyed(api, SEED)

    answer = await run(caller, **sent)

    assert answer.status == 200
    assert answer.body["data"]["message"] == "Body received by extensibility point is not an object"


async def test_a_body_that_is_too_large(api: Api):
    """Is not read."""
    caller = await keyed(api, SEED)

    assert (await run(caller, data=io.BytesIO(b" " * 2_000_000))).status == 413


# what the hook sees


async def test_the_context_of_the_webtask(api: Api):
    """The whole of it, beside the context that was sent."""
    script = hook_of("const { webtask } = context; delete webtask.headers; cb(null, { ip: context.ip, webtask })")
    caller = await keyed(api, script)

    answer = await run(caller, path=f"{RUN}/below/it?a=1&b=2&b=3&webtask_x=4", headers={"X-Request-Id": "id-1"})

    data = answer.body["data"]
    raw = data["webtask"].pop("body_raw")
    secrets = {"auth0-extension-secret": KEY}
    query = {"a": "1", "b": ["2", "3"]}
    assert json.loads(raw) == REQUEST
    assert data == {
        "ip": "192.0.2.1",
        "webtask": {
            "data": {**query, **secrets},
            "query": query,
            "secrets": secrets,
            "params": {},
            "meta": {
                "auth0-extension": "runtime",
                "auth0-extension-name": "credentials-exchange",
                "wt-compiler": "auth0-ext-compilers/client-credentials-exchange",
            },
            "id": "id-1",
            "body": REQUEST,
        },
    }


async def test_headers_are_text_whatever_their_bytes(api: Api):
    """In lower case, those that come twice in one, as in Node."""
    await api.create(hook_of("cb(null, [context.webtask.headers['x-a'], context.webtask.headers['x-b']])"))
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(REQUEST).encode()
    head = f"POST {RUN} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {api.bearer}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nX-A: 1\r\nX-a: 2\r\n"
    writer.write(head.encode() + b"X-B: \xff\r\n\r\n" + body)

    answer = await reader.read()

    writer.close()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["data"] == ["1, 2", "ÿ"]


# what the caller is answered


ERRORS = {
    "cb(new InvalidScopeError('no'))": {"message": "no", "name": "InvalidScopeError"},
    "cb(new Error('no'))": {"message": "no"},
    "cb(Object.assign(new TypeError('no'), { code: 7, statusCode: 400 }))": {
        "message": "no",
        "code": 7,
        "statusCode": 400,
    },
    "cb('text')": {"message": "text"},
    "cb({ message: 'm', x: 1 })": {"message": "m"},
    "const a = {}; a.a = a; cb(null, a)": {"message": "Error when JSON serializing the result of the extension point"},
}


@pytest.mark.parametrize("body", ERRORS)
async def test_errors_in_the_envelope(api: Api, body):
    """An error's own properties and its stack."""
    caller = await keyed(api, hook_of(body))

    answer = await run(caller)

    data = answer.body["data"]
    stack = data.pop("stack")
    assert (answer.status, answer.body["status"], data) == (200, "error", ERRORS[body])
    assert stack.startswith(f"{data.get('name', 'TypeError' if 'Type' in body else 'Error')}: {data['message']}")


@pytest.mark.parametrize(
    ("script", "description"),
    [("module.exports = function (", "Unexpected"), ("throw new Error('at load')", "at load")],
)
async def test_code_that_does_not_load(api: Api, script, description):
    """Is stored, as the vendor does; the call says it."""
    caller = await keyed(api, script, enabled=False)

    data = (await run(caller)).body["data"]

    assert data["message"] == "Unable to compile the extensibility code as javascript"
    assert description in data["error_description"]


@pytest.mark.parametrize(
    ("script", "error", "message"),
    [
        (hook_of("throw new TypeError('boom')"), "Script generated an unhandled synchronous exception.", "boom"),
        ("module.exports = 1", "Script generated an unhandled synchronous exception.", "not a function"),
        (hook_of("for (;;);"), "Script exceeded a limit.", "CPU limit"),
        (hook_of(""), "Script ended without an answer.", "without"),
    ],
)
async def test_what_no_envelope_holds(api: Api, script, error, message):
    """Webtask's own 500."""
    caller = await keyed(api, script, enabled=False)

    answer = await run(caller)

    assert answer.status == 500
    assert list(answer.body) == ["code", "error", "details", "name", "message"]
    assert (answer.body["code"], answer.body["error"]) == (500, error)
    assert message in answer.body["message"]


async def test_an_action(api: Api):
    """Runs like a hook: its event has the secrets, its denial the class that says which OAuth error it is."""
    script = """exports.onExecuteCredentialsExchange = async (event, api) => {
      if (event.client.client_id === 'client-2') return api.access.deny('invalid_scope', 'not these');
      api.accessToken.setCustomClaim('https://a/b', Object.keys(event.secrets));
    };"""
    caller = await keyed(api, script)

    allowed = (await run(caller)).body["data"]
    denied = (await run(caller, {**REQUEST, "client": {"id": "client-2"}})).body

    assert allowed == {"scope": ["read:orders"], "https://a/b": ["auth0-extension-secret"]}
    assert denied["status"] == "error"
    assert (denied["data"]["name"], denied["data"]["message"]) == ("InvalidScopeError", "not these")


# records


async def test_runs_are_recorded(api: Api):
    """With the client, the console and the failure; without secrets and passwords. What did not run is not recorded."""
    caller = await keyed(api, hook_of("console.log(context.webtask.secrets); cb(new Error(client.id))"))
    await run(caller)
    await run(caller, {})
    await run(caller.with_token("another"))
    path = "/api/run/acme/second"
    registration = "module.exports = (user, context, cb) => { console.log(user.password); cb(null, user.password); };"
    caller = await keyed(api, registration, "pre-user-registration", name="second")
    password = sample("pre-user-registration")["user"]["password"]  # type: ignore[index]  # it has one
    assert (await run(caller, sample("pre-user-registration"), path=path)).body["data"] == password

    records = (await api.call("GET", "/api/v1/logs")).body["executions"]

    assert [(record["hook"], record["decision"], record["client"]) for record in records] == [
        ("second", "allow", ""),
        ("a-hook", "deny", "client-1"),
    ]
    assert records[1]["hook_error"]["message"] == "client-1"
    assert records[1]["error"] == "access_denied"
    text = json.dumps(records)
    assert "[secret]" in text
    assert KEY not in text
    assert password not in text
