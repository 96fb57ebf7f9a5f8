"""Every case in Node and in the wasm engine, against the same server."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from runtime.bootstrap import open_runtime
from runtime.bundle.bundles import Bundle
from runtime.model import Answer, Failure, Refusal
from runtime.sandbox.base import Sandbox, SourceRejected
from runtime.settings import parse
from tests.certificates import make_certificate, server_side
from tests.installed import NODE, engine_code, npm_packages
from tests.packages.joining import CASES, HERE, bundles
from tests.packages.site import Site
from tests.sandbox.running import AMPLE

# Behind the source of a case: what it exports takes the server's addresses and private keys, and answers or promises.
CALL = """
;{ const main = module.exports;
   module.exports = (site, domain, keys, cb) => {
     Promise.resolve().then(() => main(site, domain, keys)).then((value) => cb(null, value), cb);
   }; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A case in the wasm engine: what it answered, or in `fault` why it did not; the bytes of its image."""

    value: Any = None
    fault: str = ""
    image_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """A case in both engines. `node` is `{"value"}`, or `{"error"}`."""

    node: dict[str, Any]
    wasm: Ran

    @property
    def fault(self) -> str:
        """Why it does not do in the wasm engine what it does in Node; "" where it does."""
        if "error" in self.node:
            return f"Node: {self.node['error']}"
        if self.wasm.fault:
            return self.wasm.fault
        return "" if self.wasm.value == self.node["value"] else differing(self.node["value"], self.wasm.value)


def differing(expected: Any, found: Any, place: str = "") -> str:
    """The first place where two values differ, and how."""
    if type(expected) is type(found) and isinstance(expected, list | dict):
        rows = range(max(len(expected), len(found))) if isinstance(expected, list) else {**expected, **found}
        for key in rows:
            one, other = (_at(value, key) for value in (expected, found))
            if one != other:
                return differing(one, other, f"{place}[{key!r}]")
    return f"{place}: {str(found)[:200]} instead of {str(expected)[:200]}"


def _at(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError):
        return "nothing"


async def run_all(folder: Path, names: list[str]) -> dict[str, Both]:
    """Case to what came of it. `folder` is for what is made meanwhile."""
    joined = await asyncio.to_thread(bundles)
    certificate = make_certificate(folder)
    async with Site(server_side(certificate)) as site:
        given = [
            site.url,
            site.domain,
            {"rsa": pem(rsa.generate_private_key(65_537, 2048)), "ec": pem(ec.generate_private_key(ec.SECP256R1()))},
        ]
        node = await in_node(certificate, given, names)
        async with engine(site, certificate, folder) as sandbox:
            return {
                name: Both(node=node[name], wasm=await in_wasm(sandbox, name, joined[name], given)) for name in names
            }


@asynccontextmanager
async def engine(site: Site, certificate: Path, folder: Path) -> AsyncIterator[Sandbox]:
    """The wasm engine as a service opens it, allowed to reach the site."""
    cache = folder / "engine"
    engine_code(cache)
    settings = {
        "storage": {"url": f"sqlite:///{folder}/hookd.db", "master_key": b64encode(bytes(32)).decode()},
        "sandbox": {"cache_directory": str(cache)},
        "network": {"allow": [site.url.removeprefix("http://"), site.domain], "ca_file": str(certificate)},
    }
    async with open_runtime(parse(settings, {})) as runtime:
        yield runtime.sandbox


def pem(key: PrivateKeyTypes) -> str:
    """The key as hooks have theirs."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def in_wasm(sandbox: Sandbox, name: str, bundle: Bundle, given: list[Any]) -> Ran:
    """One case as a hook."""
    try:
        image = await sandbox.make_image(CASES[name].read_text() + CALL, modules=bundle.script)
    except SourceRejected as rejected:
        return Ran(fault=f"{rejected.code}: {rejected.message}")
    done = await sandbox.run(sandbox.load(image), orjson.dumps(given), AMPLE)
    outcome = done.outcome
    if isinstance(outcome, Answer):
        return Ran(value=outcome.value, image_bytes=len(image))
    assert isinstance(outcome, Refusal | Failure)
    return Ran(fault=f"{outcome.name}: {outcome.message} {outcome.stack}", image_bytes=len(image))


async def in_node(certificate: Path, given: list[Any], names: list[str]) -> dict[str, dict[str, Any]]:
    """The same cases, one after the other in one process of Node's."""
    environ = {
        "NODE_PATH": str(npm_packages(HERE)),
        "NODE_ENV": "production",
        "NODE_EXTRA_CA_CERTS": str(certificate),
        "TZ": "UTC",
    }
    asked = {"cases": {name: str(CASES[name]) for name in names}, "arguments": given}
    command: list[str | Path] = [NODE, "--no-warnings", "--experimental-require-module", HERE / "oracle.js"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environ
    )
    said, _ = await process.communicate(json.dumps(asked).encode())
    answers: dict[str, dict[str, Any]] = json.loads(said)
    return answers
