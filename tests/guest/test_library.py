"""Node's library lies in the snapshot, and who does not use it does not pay for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from runtime.errors import HookdError
from runtime.sandbox import guest, image
from runtime.sandbox.base import SourceRejected
from runtime.sandbox.engine import Engine
from runtime.sandbox.invocation import MOST_MS, Invocation, time_of
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.sandbox.wrapping import wrapped
from runtime.settings import SandboxSettings
from tests.guest.test_build import build
from tests.sandbox.running import AMPLE, answer

library = build.library
PAGE = 4096
ARGUMENTS = orjson.dumps(
    [
        {"id": "c1", "tenant": "acme", "name": "client", "metadata": {"plan": "gold"}},
        ["read:x", "read:y"],
        "https://api.example.com/",
        {
            "body": {"grant_type": "client_credentials", "client_id": "c1"},
            "request": {"ip": "192.0.2.1", "method": "POST"},
        },
    ]
)
ORDINARY = """module.exports = function (client, scope, audience, context, cb) {
  const access_token = { scope: scope.map((s) => s + ':own').concat('z') };
  access_token['https://x/plan'] = client.metadata.plan.toUpperCase() + JSON.stringify(context).replace(/c/g, 'k');
  console.log('plan', client.metadata, new Date(0), new Map([[1, [2]]]));
  cb(null, access_token);
};"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=1, concurrency=2))
    yield sandbox
    await sandbox.close()


@pytest.fixture
def engine(sandbox: WasmSandbox) -> Engine:
    return sandbox._engine


def fresh(engine: Engine) -> bytes:
    invocation = Invocation(engine, engine.library.pointer)
    memory = invocation.memory()
    invocation.close()
    return memory


def written(engine: Engine, source: str) -> tuple[int, int, bytes]:
    """Pages of the library that a request writes, bytes by which it grows the memory, and the image that it began with."""
    base = fresh(engine)
    loading = Invocation(engine, engine.library.pointer)
    assert guest.load(engine, loading, wrapped(source, ""), AMPLE).kind == "loaded"
    kept = image.from_memory(loading.memory(), base, engine.in_address)
    loading.close()
    running = Invocation(engine, engine.library.pointer)
    frame = guest.request(AMPLE, image=kept[len(image.MEMORY) :], payload=ARGUMENTS)
    reply = guest.ask(engine, running, engine.invoke, frame, AMPLE, pages=len(base) // 65536 + 1, time=time_of(MOST_MS))
    memory = running.memory()
    running.close()
    assert reply.kind == "answer", reply
    library = range(engine.low_end, len(base), PAGE)
    return sum(memory[at : at + PAGE] != base[at : at + PAGE] for at in library), len(memory) - len(base), kept


def test_an_ordinary_hook_writes_nothing_of_the_library(engine: Engine):
    """Neither while it loads nor in a request; it does not grow the memory, and its image is a few kB."""
    pages, grown, kept = written(engine, ORDINARY)

    assert pages <= 2, "names that the library and the hook have in common"
    assert grown == 0
    assert len(kept) < 6_000
    assert len(fresh(engine)) - engine.low_end > 1 << 20, "the library is somewhere else"


def test_a_hook_that_requires_writes_little_of_it(engine: Engine):
    """What counts references to what it took, and no more: a collection at deploy time does not go through the library."""
    used = "const { format } = require('node:util'); const Events = require('events');"
    pages, grown, kept = written(
        engine, used + ORDINARY.replace("cb(null", "new Events().emit('x', format(1)); cb(null")
    )

    assert pages <= 12
    assert grown == 0
    assert len(kept) < 7_000


async def test_require_gives_each_module_that_is_public(sandbox: WasmSandbox):
    """With and without `node:`, the same each time."""
    source = """module.exports = (names, cb) => cb(null, names.filter(
      (name) => require(name) !== require('node:' + name) || !['object', 'function'].includes(typeof require(name))));"""

    assert await answer(sandbox, source, library.PUBLIC) == []


@pytest.mark.parametrize("name", ["fs", "node:net", "child_process", "worker_threads", "vm", "node:inspector", "repl"])
async def test_what_needs_node_itself_says_so(sandbox: WasmSandbox, name: str):
    """As Node's own error of a module that is missing, with the way out in its message."""
    source = "module.exports = (name, cb) => { try { require(name); } catch (e) { cb(null, [e.code, e.message]); } };"

    assert await answer(sandbox, source, name) == [
        "MODULE_NOT_FOUND",
        f"""Cannot find module '{name}'. It is Node's own and needs Node itself: engine = "node".""",
    ]


async def test_what_is_no_module_of_nodes_is_refused(sandbox: WasmSandbox):
    """Also names of ours inside, and what every object has."""
    for name in ("lodash", "internal/util", "constructor", "__proto__", "internal/bindings", "globals", "loader", ""):
        with pytest.raises((SourceRejected, HookdError), match="Cannot find module"):
            await sandbox.make_image(f"require({orjson.dumps(name).decode()}); module.exports = () => 1;")


def test_an_edit_that_does_not_fit_stops_the_build():
    """Another version of Node."""
    edit = library.Edit("m", "function a() {", "function b() {", "A")

    assert library.edited("1 function a() {} function b() {}", edit) == "1 Afunction b() {}"
    for text in ("function a() {}", "function b() { function a() {", "function a() { function a() { function b() {"):
        with pytest.raises(SystemExit, match="does not fit"):
            library.edited(text, edit)


def test_what_is_both_ours_and_public_or_nodes_is_said_once():
    """No list names a module twice, and each of ours is something."""
    names = [*library.PUBLIC, *library.INTERNAL, *library.NEEDS_NODE]

    assert len(names) == len(set(names))
    assert [name for name, path in library.own().items() if not path.read_text().startswith("//")] == []
