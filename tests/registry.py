"""An npm registry on a port of this machine, with packages that a test makes up: good ones, broken ones, hostile ones."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import tarfile
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from aiohttp import web

GOOD = {
    "index.js": "exports.answer = (n) => n * 42;\nexports.fail = () => {\n  throw new Error('no ' + exports.answer(1));\n};\n"
}


class Registry:
    """Packages by name and version. `asked` are the paths that were asked for."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.hangs = False
        self.over = asyncio.Event()
        self._packages: dict[str, dict[str, dict[str, Any]]] = {}
        self._archives: dict[str, bytes] = {}

    def add(self, name: str, version: str = "1.0.0", files: Mapping[str, str | bytes] = GOOD, **manifest: Any) -> None:
        """A package with these files; `integrity=` in place of its own, "" for none."""
        integrity = manifest.pop("integrity", None)
        package = {"name": name, "version": version, **manifest}
        archive = pack({"package.json": json.dumps(package), **files})
        path = f"{name}/-/{version}.tgz"
        self._archives[path] = archive
        own = "sha512-" + b64encode(hashlib.sha512(archive).digest()).decode()
        dist = {"tarball": f"{self.url}/{path}", "shasum": hashlib.sha1(archive).hexdigest()}
        if integrity != "":
            dist["integrity"] = integrity or own
        else:
            del dist["shasum"]
        self._packages.setdefault(name, {})[version] = {**package, "dist": dist}

    async def answer(self, request: web.Request) -> web.Response:
        """A package's document, or an archive."""
        path = unquote(request.path).strip("/")
        self.asked.append(path)
        if self.hangs:
            await self.over.wait()
        if path in self._archives:
            return web.Response(body=self._archives[path])
        versions = self._packages.get(path)
        if versions is None:
            return web.json_response({"error": "Not found"}, status=404)
        return web.json_response({"name": path, "versions": versions, "dist-tags": {"latest": list(versions)[-1]}})


def pack(files: Mapping[str, str | bytes]) -> bytes:
    """An archive as npm makes it: names are below `package/`, unless they begin with a slash, which goes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name[1:] if name.startswith("/") else f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@asynccontextmanager
async def open_registry() -> AsyncIterator[Registry]:
    """A registry as long as the block runs."""
    registry = Registry()
    app = web.Application()
    app.router.add_get("/{path:.*}", registry.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0][:2]
    registry.url = f"http://127.0.0.1:{port}"
    try:
        yield registry
    finally:
        registry.over.set()
        await runner.cleanup()
