"""The Webtask API, as wt-cli and sandboxjs call it (contract 3, contract-full 6.1).

HTTP in, HTTP out. What is sent is `webtask.upload`'s to read, what happens is `webtasks`'. A container is a tenant: a caller
gets at its own only. Sandboxjs shows an error's `message`, the command line's exit code says the rest.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web
from multidict import CIMultiDict

from runtime.errors import InsufficientScope, InvalidQuery
from runtime.http.json import SECURITY_HEADERS, bytes_response, empty_response, json_response
from runtime.http.query import Query, path_variable
from runtime.http.routes import Call, Route, guarded
from runtime.model import Hook
from runtime.storage.base import HookWritten
from runtime.web.manage import remarks
from runtime.webtask.metadata import SECRET, claims_of
from runtime.webtask.tokens import TOKEN_CHARS, WebtaskTokens, basic_claims
from runtime.webtask.upload import (
    META_CHARS,
    MOST_OFFSET,
    NAME_PATTERN,
    Upload,
    parse_claims,
    parse_data,
    parse_webtask,
)
from runtime.webtasks import Webtask, Webtasks

CONTAINER: Final = "/api/webtask/{container}"
WEBTASK: Final = "/api/webtask/{container}/{name}"
DATA: Final = "/api/webtask/{container}/{name}/data"

LIST_DEFAULT: Final = 100
LIST_MOST: Final = 100

_FLAGS: Final = ("true", "1", "false", "0")
_SHOWN: Final = ("decrypt", "fetch_code")
_TEXT_HEADERS: Final = CIMultiDict({"Content-Type": "text/plain; charset=utf-8", **SECURITY_HEADERS})


def webtask_routes(webtasks: Webtasks, tokens: WebtaskTokens) -> list[Route]:
    """`/api/webtask/...` and `/api/tokens/...`."""
    handlers = _Webtasks(webtasks, tokens)
    return [
        guarded("GET", CONTAINER, handlers.list_webtasks, "read:hooks"),
        guarded("GET", WEBTASK, handlers.get, "read:hooks"),
        guarded("PUT", WEBTASK, handlers.put, "update:hooks"),
        guarded("DELETE", WEBTASK, handlers.remove, "delete:hooks"),
        # What a webtask keeps may be as secret as its secrets: it is shown to who may change the webtask.
        guarded("GET", DATA, handlers.get_data, "update:hooks"),
        guarded("PUT", DATA, handlers.put_data, "update:hooks"),
        guarded("POST", "/api/tokens/issue", handlers.issue, "update:hooks"),
        guarded("GET", "/api/tokens/inspect", handlers.inspect, "read:hooks"),
    ]


class _Webtasks:
    """The handlers."""

    def __init__(self, webtasks: Webtasks, tokens: WebtaskTokens) -> None:
        self._webtasks = webtasks
        self._tokens = tokens

    async def list_webtasks(self, call: Call) -> web.Response:
        container(call)
        # sandboxjs sends the last of several `meta` only; others may mean all that they send.
        query = Query(call.request.query, ("offset", "limit"), many=("meta",))
        offset = query.integer("offset", 0, least=0, most=MOST_OFFSET)
        limit = query.integer("limit", LIST_DEFAULT, least=0, most=LIST_MOST)
        wanted = dict(_filter(text) for text in query.texts("meta"))
        found = await self._webtasks.list_webtasks(call.caller.tenant, wanted, offset=offset, limit=limit)
        views = [
            await self._webtasks.view(hook, open_secrets=SECRET in hook.meta and _may_write(call)) for hook in found
        ]
        return json_response([self._body(call, view) for view in views])

    async def get(self, call: Call) -> web.Response:
        container(call)
        query = Query(call.request.query, _SHOWN)
        asked = {name for name in _SHOWN if _flag(query, name)}
        call.sent = dict.fromkeys(sorted(asked)) or None
        view = await self._view(call, await self._webtasks.get(call.caller.tenant, call.path("name")), asked)
        shown: dict[str, object] = {"secrets": view.secrets} if "decrypt" in asked else {}
        if "fetch_code" in asked:
            shown["code"] = view.hook.version.script
        return json_response(self._body(call, view) | shown)

    async def put(self, call: Call) -> web.Response:
        name = path_variable(call.path("name"), "name", NAME_PATTERN, "Name of the webtask")
        upload = parse_webtask(name, container(call), await call.json())
        written = await self._put(call, upload)
        view = await self._webtasks.view(written.hook, open_secrets=True)
        return json_response(self._body(call, view), 200, self._headers(call, written))

    async def remove(self, call: Call) -> web.Response:
        container(call)
        await self._webtasks.remove(call.caller.tenant, call.path("name"))
        return empty_response()

    async def get_data(self, call: Call) -> web.Response:
        container(call)
        found = await self._webtasks.data(call.caller.tenant, call.path("name"))
        return json_response({"data": found.data, "etag": found.etag})

    async def put_data(self, call: Call) -> web.Response:
        container(call)
        data, etag = parse_data(await call.json())
        written = await self._webtasks.keep_data(call.caller.tenant, call.path("name"), data, etag)
        return json_response({"etag": written.etag})

    async def issue(self, call: Call) -> web.Response:
        """The token as text: sandboxjs takes the body as it is (contract 3)."""
        upload = parse_claims(await call.json())
        require_own(call, upload.container or call.caller.tenant)
        written = await self._put(call, upload)
        token = self._token(call, written.hook)
        return bytes_response(token.encode(), 200, _TEXT_HEADERS, self._headers(call, written))

    async def inspect(self, call: Call) -> web.Response:
        query = Query(call.request.query, ("token", "meta", *_SHOWN))
        asked = {name for name in ("meta", *_SHOWN) if _flag(query, name)}
        token = query.text("token", most=TOKEN_CHARS)
        if token is None:
            raise InvalidQuery("Query validation error: 'Missing required property: token'.")
        tenant, name = self._tokens.read(token)
        require_own(call, tenant)
        call.sent = {"name": name, **dict.fromkeys(sorted(asked))}
        view = await self._view(call, await self._webtasks.get(tenant, name), asked)
        hook, kept = view.hook, claims_of(view.hook)
        claims: dict[str, object] = {"jti": hook.id, "iat": int(hook.created_at), **basic_claims(hook)}
        claims |= {name: kept[name] for name in ("pctx",) if name in kept}
        claims["url"] = _url(call, hook)
        if "meta" in asked:
            claims["meta"] = view.meta
        if "decrypt" in asked and view.secrets:
            claims["ectx"] = view.secrets
        if "fetch_code" in asked:
            claims["code"] = hook.version.script
        return json_response(claims)

    async def _put(self, call: Call, upload: Upload) -> HookWritten:
        scopes = call.caller.scopes
        return await self._webtasks.put(
            call.caller.tenant, upload, may_create="create:hooks" in scopes, may_remove="delete:hooks" in scopes
        )

    async def _view(self, call: Call, hook: Hook, asked: Collection[str]) -> Webtask:
        if "decrypt" in asked and not _may_write(call):
            raise InsufficientScope("Secrets are shown to who may change the webtask; expected any of: update:hooks.")
        return await self._webtasks.view(hook, open_secrets=_may_write(call))

    def _body(self, call: Call, view: Webtask) -> dict[str, object]:
        hook = view.hook
        return {
            "token": self._token(call, hook),
            "name": hook.name,
            "container": hook.tenant,
            "meta": view.meta,
            "webtask_url": _url(call, hook),
        }

    def _headers(self, call: Call, written: HookWritten) -> dict[str, str]:
        return {hdrs.LOCATION: _url(call, written.hook), **remarks(written)}

    def _token(self, call: Call, hook: Hook) -> str:
        return self._tokens.issue(hook, _url(call, hook))


def container(call: Call) -> str:
    """The container that the path names. `InsufficientScope` unless it is the caller's tenant."""
    named = call.path("container")
    require_own(call, named)
    return named


def require_own(call: Call, named: str) -> None:
    """`InsufficientScope` unless the container is the caller's tenant."""
    if named != call.caller.tenant:
        raise InsufficientScope(f"The token is for the container {call.caller.tenant}, not for {named[:100]!r}.")


def _may_write(call: Call) -> bool:
    return "update:hooks" in call.caller.scopes


def _flag(query: Query, name: str) -> bool:
    return query.choice(name, _FLAGS) in ("true", "1")


def _filter(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not name or not colon or len(text) > META_CHARS:
        raise InvalidQuery(
            f"Query validation error: 'It must be NAME:VALUE of at most {META_CHARS} characters' on property meta."
        )
    return name, value


def _url(call: Call, hook: Hook) -> str:
    """Where the webtask runs, at the address that the caller used: hookd knows no other."""
    request = call.request
    # Only the caller reads this answer: who lies about the scheme deceives himself.
    scheme = "https" if request.headers.get("X-Forwarded-Proto") == "https" else request.scheme
    return f"{scheme}://{quote(call.host, safe=':[]')}/api/run/{quote(hook.tenant)}/{quote(hook.name, safe='~!$+=:@')}"
