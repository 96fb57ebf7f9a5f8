"""Hooks by their URL: `/api/run/{container}/{name}`, as token servers call webtasks and people call plain ones.

A hook runs here whether it is enabled or not: disabled only means that the execution API does not choose it. Who may call:

- A hook with the secret `auth0-extension-secret`: who sends it as the bearer token, as webtask had it.
- A plain webtask (no extensibility point) without that secret: anybody. It is a web page or an API of its owner's.
- Any other hook: who has a token of the tenant with the scope `execute:hooks`. To webtask such a hook was public; here it may
  have been made by the Management API, by somebody who never thought of a URL.

Each run takes its turn among the tenants and is counted by the rate limits, once it is known that the caller may call.

What a plain webtask answers is foreign content on our origin: `Content-Security-Policy: sandbox` and `nosniff` go with it. And what
it is told of a browser's request has no cookie of the dashboard's in it, which browsers send to all of the origin.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Any, Final, cast
from urllib.parse import parse_qsl, quote

from aiohttp import hdrs, web
from multidict import CIMultiDict

from runtime.dispatch import Dispatch
from runtime.errors import Conflict, HookdError, InvalidBody, TooManyRequests, Unavailable
from runtime.http.json import (
    FORM_TYPE,
    JSON_TYPE,
    SECURITY_HEADERS,
    error_response,
    json_response,
    parse_json,
    read_body,
)
from runtime.http.routes import Asked, Call, Route
from runtime.http.trace import traceparent
from runtime.model import WEBTASK, Hook, JsonObject, Response, Secrets
from runtime.web.admission import Admission
from runtime.web.dashboard.cookies import without_ours
from runtime.web.turns import Turns
from runtime.web.webtask import require_own
from runtime.webtask import metadata, protocol
from runtime.webtasks import NameShared, Webtasks

RUN: Final = "/api/run/{container}/{name}"
RUN_BELOW: Final = "/api/run/{container}/{name}/{rest:.*}"
METHODS: Final = (
    hdrs.METH_GET,
    hdrs.METH_HEAD,
    hdrs.METH_POST,
    hdrs.METH_PUT,
    hdrs.METH_PATCH,
    hdrs.METH_DELETE,
    hdrs.METH_OPTIONS,
)
ACCESS: Final = Asked("a secret of the hook's, or a token, or nothing: see above", ("execute:hooks",))

_BODILESS: Final = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS)
_FIELDS: Final = 1000
"""Of a form, as many as Node reads."""

_EMPTY: Final = (204, 205, 304)
# RFC 9110 7.6.1 and what frames a message; then what would speak for all that there is on this host.
_NOT_THEIRS: Final = frozenset(
    """
    connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade
    content-length date server x-request-id x-content-type-options

    alt-svc clear-site-data nel public-key-pins report-to service-worker-allowed strict-transport-security
    """.split()  # noqa: SIM905 - twenty quotes and commas hide the words
)
_FOREIGN: Final = {"Content-Security-Policy": "sandbox"}


def run_routes(webtasks: Webtasks, dispatch: Dispatch, admission: Admission, turns: Turns) -> list[Route]:
    """Every method of the two paths."""
    runs = _Runs(webtasks, dispatch, admission, turns)
    return [
        Route(method=method, path=path, handler=runs.run, access=ACCESS, answer_error=_refused, audit="")
        for path in (RUN, RUN_BELOW)
        for method in METHODS
    ]


class _Runs:
    """The handler."""

    def __init__(self, webtasks: Webtasks, dispatch: Dispatch, admission: Admission, turns: Turns) -> None:
        self._webtasks = webtasks
        self._dispatch = dispatch
        self._admission = admission
        self._turns = turns

    async def run(self, call: Call) -> web.StreamResponse:
        tenant, name = call.path("container"), call.path("name")
        hook, secrets = await self._dispatch.named(tenant, name, lambda: self._find(tenant, name))
        headers = _headers(call.request)
        secret = secrets.get(metadata.SECRET)
        if secret:
            if not protocol.is_bearer(call.request.headers.get(hdrs.AUTHORIZATION, ""), secret):
                return _answer(hook, protocol.unauthorized())
        elif hook.trigger != WEBTASK:
            await _require_tenant(call)
            # The token is for us. A hook that had it could call what its caller can.
            headers.pop("authorization", None)
        await self._admit(hook, by_anybody=not secret and hook.trigger == WEBTASK)
        return await self._perform(call, hook, secrets, headers)

    async def _find(self, tenant: str, name: str) -> Hook:
        try:
            return await self._webtasks.get(tenant, name)
        except NameShared:  # whose message has the hooks' ids, which are not for everybody
            raise Conflict("Several hooks have this name: rename all but one.") from None

    async def _admit(self, hook: Hook, *, by_anybody: bool) -> None:
        turn = self._turns.wait(hook.tenant)
        if turn is not None:
            await turn
        if self._admission.is_needed:
            asked = self._admission.require(hook.tenant, (hook,), by_anybody=by_anybody)
            if asked is not None:
                await asked

    async def _perform(self, call: Call, hook: Hook, secrets: Secrets, headers: dict[str, str]) -> web.StreamResponse:
        raw = b"" if call.request.method in _BODILESS else await read_body(call.request, call.body_limit)
        body = _parsed(raw, headers.get("content-type", ""))
        fault = protocol.body_fault(hook.trigger, body)
        if fault is not None:
            return _answer(hook, fault)
        context = _context(call, hook, headers)
        if raw:
            context |= {"body": body, "body_raw": raw.decode("utf-8", "replace")}
        http = {"method": call.request.method, "url": _text(call.request.raw_path)}
        merged = hook.trigger == WEBTASK and metadata.merges_body(hook)
        request = protocol.RunRequest(trigger=hook.trigger, body=body, webtask=context, http=http, merged=merged)
        called = await self._dispatch.call(
            hook, secrets, request, request_id=call.request_id, trace=traceparent(call.request.headers)
        )
        if isinstance(called.outcome, Response):
            return _written(called.outcome, hook.tenant)
        if hook.trigger != WEBTASK or hook.meta.get(metadata.COMPILER) == metadata.GENERIC:
            return _answer(hook, protocol.reply(hook.trigger, called.outcome), called.seconds)
        return _answer(hook, protocol.plain_reply(called.outcome), called.seconds)


async def _require_tenant(call: Call) -> None:
    await call.identify()
    require_own(call, call.path("container"))


def _refused(error: HookdError) -> web.Response:
    """Too much, or not now: webtask's own error. Else the Management API's."""
    if not isinstance(error, TooManyRequests | Unavailable):
        return error_response(error)
    reply = protocol.refused(error.status, error.error, error.message)
    return json_response(reply.body, reply.status)


def _answer(hook: Hook, reply: protocol.Reply, seconds: float = 0.0) -> web.Response:
    """The reply; a 503 says in how many seconds to come again."""
    answer = json_response(reply.body, reply.status, _FOREIGN if hook.trigger == WEBTASK else None)
    if reply.status == 503:
        answer.headers[hdrs.RETRY_AFTER] = str(max(1, ceil(seconds)))
    return answer


def _written(response: Response, tenant: str) -> web.Response:
    """What a plain webtask wrote to `res`, less what is the connection's or the whole host's, and in its sandbox."""
    said = cast(dict[str, Any], response.value)
    headers = CIMultiDict(SECURITY_HEADERS)
    for name, value in said["headers"].items():
        if name.lower() not in _NOT_THEIRS:
            headers.popall(name, None)
            values = value if isinstance(value, list) else [value]
            if name.lower() == "set-cookie":
                values = [_own_cookie(one, tenant) for one in values]
            headers.extend([(name, one) for one in values])
    headers.extend(_FOREIGN)  # beside a policy of its own: the browser keeps to both
    body = None if said["status"] in _EMPTY else said["body"].encode("utf-8", "replace")
    return web.Response(status=said["status"], headers=headers, body=body)


def _own_cookie(cookie: str, tenant: str) -> str:
    """The cookie, for the tenant's own webtasks only: all tenants share the host, and a webtask reads what it is sent."""
    pair, *attributes = cookie.split(";")
    kept = [one for one in attributes if one.partition("=")[0].strip().lower() not in ("path", "domain")]
    return ";".join([pair, *kept, f" Path=/api/run/{quote(tenant, safe='')}/"])


# What the hook sees of the request


def _context(call: Call, hook: Hook, headers: dict[str, str]) -> dict[str, object]:
    pairs = [(_text(name), _text(value)) for name, value in call.request.query.items()]
    return {
        "headers": headers,
        "id": call.request_id,
        "params": metadata.claims_of(hook).get("pctx", {}),
        "query": _gathered(pair for pair in pairs if not pair[0].startswith("webtask_")),
        "meta": metadata.shown(hook),
    }


def _headers(request: web.Request) -> dict[str, str]:
    """In lower case, one value each, as Node has them: a byte that is no UTF-8 is the letter of its number.

    Less the dashboard's session: whose code this is could do with it what the person can who called.
    """
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        text = value.encode("utf-8", "surrogateescape").decode("latin-1") if not _is_unicode(value) else value
        low = name.lower()
        is_cookie = low == "cookie"
        if is_cookie and not (text := without_ours(text)):
            continue
        headers[low] = f"{headers[low]}{'; ' if is_cookie else ', '}{text}" if low in headers else text
    return headers


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _parsed(raw: bytes, content_type: str) -> object:
    """JSON or a form, by its type. Anything else, and what is not what it says, is None: webtask passed over it too."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM_TYPE:
        return _form(raw)
    if not raw or kind not in (JSON_TYPE, ""):
        return None
    try:
        return parse_json(raw, unique=False)
    except InvalidBody:
        return None


def _form(raw: bytes) -> JsonObject | None:
    try:
        fields = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return None
    return _gathered(fields)


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, object]:
    """What is there once as text, what is there several times as an array, as Node does it."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
