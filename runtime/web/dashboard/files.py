"""The dashboard's pages: what `runtime/dashboard/build.py` made, served as it lies in the package.

Rule: only names that are in the folder at the start are ever read, so no path can lead elsewhere. Everything is kept packed; a
client that takes no gzip gets it unpacked. A file's name has a hash of its content in it and is good for ever; the one page, and
the licences of what is in it, are asked for anew each time, and answered with 304 while they are the same.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from runtime.errors import NotFound, Unavailable
from runtime.http.json import SECURITY_HEADERS
from runtime.http.routes import Call, Public, Route

ARTIFACT: Final = Path(__file__).parents[2] / "dashboard" / "artifact"
PAGE: Final = "index.html"
LICENCES: Final = "licences.txt"

TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

# No string becomes a script by accident (Trusted Types); `src/trusted.ts` has the one policy, which lets our own workers start.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types hookd"
)

PAGE_HEADERS: Final[dict[str, str]] = {
    **SECURITY_HEADERS,
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Vary": "Accept-Encoding",
}
"""On every file of the dashboard."""

_LOG: Final = logging.getLogger("hookd.dashboard")
_REVALIDATED: Final = "no-cache"
_FOR_EVER: Final = "public, max-age=31536000, immutable"


def file_routes(folder: Path = ARTIFACT) -> list[Route]:
    """`/dashboard` and all below it that nothing else answers: the page finds out by itself what to show there."""
    files = Files(folder)
    why = Public("the pages are the same for everybody; what they show, they ask for with a session")
    return [
        Route(method="GET", path="/dashboard", handler=files.page, access=why),
        Route(method="GET", path="/dashboard/assets/{name}", handler=files.asset, access=why),
        Route(method="GET", path=f"/dashboard/{LICENCES}", handler=files.licences, access=why),
        Route(method="GET", path="/dashboard/{page:.*}", handler=files.page, access=why),
    ]


class Files:
    """The files of one folder, each read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._paths = {path.name.removesuffix(".gz"): path for path in folder.glob("*.gz")}
        self._packed: dict[str, bytes] = {}

    async def page(self, call: Call) -> web.Response:
        """The one page. `Unavailable` where nothing was built, or it can not be read."""
        return await self._newest(call, PAGE)

    async def licences(self, call: Call) -> web.Response:
        """The licences of what others wrote. `Unavailable` likewise."""
        return await self._newest(call, LICENCES)

    async def _newest(self, call: Call, name: str) -> web.Response:
        if name not in self._paths:
            raise Unavailable("The dashboard is not built: run `python runtime/dashboard/build.py`.")
        packed = await self._read(name)
        tag = f'"{hashlib.sha256(packed).hexdigest()[:32]}"'
        headers = {"Cache-Control": _REVALIDATED, "ETag": tag}
        if tag in call.request.headers.get(hdrs.IF_NONE_MATCH, ""):
            return web.Response(status=304, headers=PAGE_HEADERS | headers)
        return _answer(call, name, packed, headers)

    async def asset(self, call: Call) -> web.Response:
        """A script, a style sheet or the icon. `NotFound`; `Unavailable` where it can not be read."""
        name = call.path("name")
        if name not in self._paths or name in (PAGE, LICENCES):
            raise NotFound("There is no such file in this version of the dashboard.")
        return _answer(call, name, await self._read(name), {"Cache-Control": _FOR_EVER})

    async def _read(self, name: str) -> bytes:
        if name not in self._packed:
            try:
                self._packed[name] = await asyncio.to_thread(self._paths[name].read_bytes)
            except OSError as error:
                _LOG.error("a page can not be read: %s", error)
                raise Unavailable("The dashboard can not be read. Try again later.", debug=str(error)) from None
        return self._packed[name]


def _answer(call: Call, name: str, packed: bytes, headers: Mapping[str, str]) -> web.Response:
    answer = web.Response(body=packed, headers={**PAGE_HEADERS, **headers, hdrs.CONTENT_TYPE: TYPES[Path(name).suffix]})
    if "gzip" in call.request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        answer.headers[hdrs.CONTENT_ENCODING] = "gzip"
    else:
        answer.body = gzip.decompress(packed)
    return answer
