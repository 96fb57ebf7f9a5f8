"""The wall: a guest that is the attacker's, down to its last byte, gets nothing but a clean error out of the host."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import Unavailable
from runtime.sandbox import abi, calls, image, wasm
from runtime.sandbox.engine import SPARE, Engine
from runtime.sandbox.invocation import Invocation, Stopped, time_of
from tests.sandbox.artefacts import write_manifest
from tests.sandbox.conftest import LIMITS

# A guest with the real one's exports that does as the request tells it: the payload is eight bytes to answer with,
# after which its memory is what the attacker wants (here: the request itself, and whatever the host left in it).
EVIL = """
(module
  (memory (export "memory") 4 2048)
  (func $answer (result i64) (i64.load (i32.add (i32.const {payload}) (i32.const 0))))
  (func (export "invoke") (result i64) (call $answer))
  (func (export "resume") (result i64) (call $answer))
  (func (export "load") (result i64) (call $answer))
  (func (export "reserve") (param i32 i32) (result i32) (i32.load (i32.const 8)))
  (func (export "spin") (loop $again (br $again)))
  (func (export "trap") (unreachable))
  (func $deep (call $deep))
  (func (export "deep") (call $deep)))
"""
IN_ADDRESS = 65536
NAMES = ["memory", "invoke", "resume", "load", "reserve", "spin", "trap", "deep"]


@pytest.fixture(scope="module")
def engine(engine_cache: Path) -> Iterator[Engine]:
    engine = Engine(engine_cache, concurrency=2)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine whose guest is the attacker's."""
    artifact = tmp_path_factory.mktemp("evil")
    text = EVIL.replace("{payload}", str(IN_ADDRESS + abi.HEAD.size))
    (artifact / "guest.wasm").write_bytes(wasmtime.wat2wasm(text))
    (artifact / "library.wasm").write_bytes(wasm.only_memory(bytes(4 * abi.PAGE), 2048))
    write_manifest(artifact, in_address=IN_ADDRESS, low_end=4 * abi.PAGE, names=[])
    engine = Engine(artifact / "cache", concurrency=2, artifact=artifact)
    yield engine
    engine.close()


def frame(payload: bytes) -> bytes:
    return abi.frame(now_ms=0.0, seed=bytes(32), limits=LIMITS, image=b"", payload=payload)


def ask(engine: Engine, payload: bytes, *, export: int | None = None, longest: int = 1 << 20) -> bytes:
    invocation = Invocation(engine)
    try:
        which = engine.invoke if export is None else export
        return invocation.call(which, frame(payload), pages=0, time=time_of(60), longest=longest)
    finally:
        invocation.close()


@given(answer=st.integers(0, 2**64 - 1))
@settings(max_examples=400, deadline=None)
def test_any_place_that_a_guest_names_is_read_or_refused(evil: Engine, answer: int):
    """The answer's address and length are the attacker's choice: all of 64 bits."""
    at, size = answer >> 32, answer & 0xFFFFFFFF
    if size <= 1 << 20 and at + size <= 4 * abi.PAGE:
        assert size == len(ask(evil, struct.pack("<Q", answer)))
    else:
        with pytest.raises(Stopped) as stopped:
            ask(evil, struct.pack("<Q", answer))
        assert stopped.value.code == ("output_limit" if size > 1 << 20 else "sandbox_crashed")


@pytest.mark.parametrize(
    ("at", "size", "fits"),
    [
        (0, 0, True),
        (0, 4 * abi.PAGE, True),
        (4 * abi.PAGE, 0, True),
        (4 * abi.PAGE - 1, 1, True),
        (4 * abi.PAGE - 1, 2, False),
        (4 * abi.PAGE, 1, False),
        (2**32 - 1, 1, False),
        (2**31, 2**19, False),
        (2**32 - 2**19, 2**19, False),
    ],
)
def test_the_edges_of_memory(evil: Engine, at: int, size: int, fits: bool):
    """One byte beyond the end is refused, and sums do not wrap around."""
    answer = struct.pack("<Q", at << 32 | size)
    if fits:
        assert size == len(ask(evil, answer))
    else:
        with pytest.raises(Stopped) as stopped:
            ask(evil, answer)
        assert stopped.value.code == "sandbox_crashed"


def test_a_long_answer_is_not_copied(evil: Engine):
    """The length is looked at before a byte is read."""
    with pytest.raises(Stopped) as stopped:
        ask(evil, struct.pack("<Q", 1000), longest=999)
    assert stopped.value.code == "output_limit"


@given(content=st.binary(min_size=1, max_size=2000))
@settings(max_examples=200, deadline=None)
def test_any_bytes_as_an_answer_are_a_reply_or_nonsense(evil: Engine, content: bytes):
    """What the guest leaves in its memory as the answer is anything at all."""
    at = IN_ADDRESS + abi.HEAD.size + 8
    reply = ask(evil, struct.pack("<Q", at << 32 | len(content)) + content)
    assert content == reply
    with contextlib.suppress(abi.Nonsense, abi.Unreadable):
        abi.decode(reply)


@given(address=st.integers(0, 2**32 - 1) | st.integers(0, 4 * abi.PAGE))
@settings(max_examples=200, deadline=None)
def test_any_room_that_a_guest_reserves_is_written_or_refused(evil: Engine, address: int):
    """A large request goes where the guest says, if that lies in its memory."""
    invocation = Invocation(evil)
    ctypes.memmove(invocation.start + 8, struct.pack("<I", address), 4)
    large = frame(bytes(2 * abi.IN_SIZE))
    with contextlib.closing(invocation):
        if 0 < address <= 4 * abi.PAGE - len(large):
            invocation.call(evil.invoke, large, pages=0, time=time_of(60), longest=1 << 20)
        else:
            with pytest.raises(Stopped) as stopped:
                invocation.call(evil.invoke, large, pages=0, time=time_of(60), longest=1 << 20)
            assert stopped.value.code == "memory_limit"


@pytest.mark.parametrize(
    ("export", "code"), [("spin", "cpu_limit"), ("trap", "sandbox_crashed"), ("deep", "stack_limit")]
)
def test_a_guest_that_does_not_return_is_stopped(evil: Engine, export: str, code: str):
    """For ever, by a trap, by nesting: each has its own error."""
    with pytest.raises(Stopped) as stopped:
        ask(evil, bytes(8), export=NAMES.index(export))
    assert stopped.value.code == code


def test_a_guest_whose_memory_is_overwritten_at_random_is_contained(engine: Engine):
    """The real guest, as a hole in QuickJS would leave it: some of its memory is garbage. Whatever it then does ends in a
    reply, in nonsense or in a stop, and the next sandbox knows nothing of it.
    """
    chance = random.Random(7)
    source = (
        b"(function(exports,require,module){module.exports=function(a,cb){cb(null,{list:a.list,text:a.text+a.text})}})"
    )
    wrapped = abi.frame(now_ms=0.0, seed=os.urandom(32), limits=LIMITS, image=b"", payload=source)
    call = frame(b'[{"list":[1,2,{"a":"b"}],"text":"abc"}]')
    clean = reply_of(engine, wrapped, call)
    seen = set()
    for _ in range(300):
        invocation = Invocation(engine)
        try:
            invocation.call(engine.load, wrapped, pages=0, time=time_of(150), longest=1 << 20)
            overwrite(invocation, chance)
            seen.add(abi.decode(invocation.call(engine.invoke, call, pages=0, time=time_of(30), longest=1 << 20)).kind)
        except Stopped as stopped:
            seen.add(stopped.code)
        except (abi.Nonsense, abi.Unreadable):
            seen.add("nonsense")
        finally:
            invocation.close()
    assert {"sandbox_crashed", "answer"} <= seen, "the garbage did harm somewhere, and missed elsewhere"
    assert clean == reply_of(engine, wrapped, call)


def reply_of(engine: Engine, wrapped: bytes, call: bytes) -> bytes:
    invocation = Invocation(engine)
    try:
        invocation.call(engine.load, wrapped, pages=0, time=time_of(150), longest=1 << 20)
        return invocation.call(engine.invoke, call, pages=0, time=time_of(150), longest=1 << 20)
    finally:
        invocation.close()


def overwrite(invocation: Invocation, chance: random.Random) -> None:
    """A few bytes in a few places, or everything from somewhere on."""
    size = invocation.size()
    for _ in range(chance.choice([1, 4, 64, 1024])):
        length = chance.choice([1, 4, 4, 64, 4096])
        at = chance.randrange(abi.STACK_SIZE, size - length)
        ctypes.memmove(invocation.start + at, chance.randbytes(length), length)


def test_an_image_that_is_garbage_is_contained(engine: Engine):
    """An image comes from our own storage, but even a forged one stays inside of the sandbox."""
    chance = random.Random(11)
    for _ in range(200):
        forged = abi.IMAGE_HEAD.pack(chance.choice([9, 12, 3000, 2**31]), chance.randrange(6)) + chance.randbytes(400)
        head = abi.frame(now_ms=0.0, seed=bytes(32), limits=LIMITS, image=forged, payload=b"[]")
        invocation = Invocation(engine)
        with contextlib.suppress(Stopped, abi.Nonsense, abi.Unreadable), contextlib.closing(invocation):
            abi.decode(invocation.call(engine.invoke, head, pages=0, time=time_of(30), longest=1 << 20))


def test_a_slot_is_as_new_however_it_was_left(engine: Engine):
    """Nothing of a sandbox is found in the next one, which gets the same place: not in what is copied back, not in what
    had to be grown, not on the stack.
    """
    fresh = Invocation(engine)
    expected = fresh.memory()
    fresh.close()
    for grow in (0, 40):
        dirty = Invocation(engine)
        reach = dirty.size()
        if grow:
            large = frame(bytes(grow * abi.PAGE))
            dirty.call(
                engine.invoke, large, pages=0, time=time_of(150), longest=1 << 20
            )  # fails, for there is no hook in it
            reach = dirty.size()
            assert reach > len(expected)
        ctypes.memset(dirty.start, 0xAA, reach)
        place = dirty.start
        dirty.close()
        again = Invocation(engine)
        assert place == again.start, "the pool gives the place that was free last"
        assert expected == again.memory()
        again.close()


def test_room_for_so_many_and_no_more(engine: Engine):
    """Beyond the pool's size there is a clean error, and place again when one is dropped."""
    room = 2 + SPARE
    held = [Invocation(engine) for _ in range(room)]
    with pytest.raises(Unavailable):
        Invocation(engine)
    held.pop().close()
    Invocation(engine).close()
    for invocation in held:
        invocation.close()


def test_closing_twice_is_closing_once(engine: Engine):
    """The second drop of a store would be a double free."""
    invocation = Invocation(engine)
    invocation.close()
    invocation.close()


def test_an_images_runs_say_what_changed(engine: Engine):
    """An image put over a fresh memory gives the memory that it was taken from, but for stack and input."""
    fresh = Invocation(engine)
    base = fresh.memory()
    wrapped = abi.frame(
        now_ms=0.0, seed=os.urandom(32), limits=LIMITS, image=b"", payload=b"(function(e,r,m){m.exports=function(){}})"
    )
    fresh.call(engine.load, wrapped, pages=0, time=time_of(150), longest=1 << 20)
    loaded = fresh.memory()
    fresh.close()
    kept = image.from_memory(loaded, base, engine.in_address)
    again = bytearray(base.ljust(len(loaded), b"\0"))
    body = kept[len(image.MEMORY) :]
    pages, runs = abi.IMAGE_HEAD.unpack_from(body)
    at = abi.IMAGE_HEAD.size
    for _ in range(runs):
        start, size = abi.RUN_HEAD.unpack_from(body, at)
        at += abi.RUN_HEAD.size
        again[start : start + size] = body[at : at + size]
        at += size
    assert at == len(body)
    assert pages == len(loaded) // abi.PAGE
    expected = bytearray(loaded)
    for memory in (again, expected):
        memory[: abi.STACK_SIZE] = bytes(abi.STACK_SIZE)
        memory[engine.in_address : engine.in_address + abi.IN_SIZE] = bytes(abi.IN_SIZE)
    assert expected == again


def test_no_two_requests_share_a_hash_seed(engine: Engine):
    """A Map's order of buckets can not be learnt in one request for the next, though both start from one memory."""
    seeds = set()
    names = [export.name for export in engine._module.exports]
    for _ in range(20):
        invocation = Invocation(engine)
        head = abi.frame(now_ms=0.0, seed=os.urandom(32), limits=LIMITS, image=b"", payload=b"[]")
        invocation.call(engine.invoke, head, pages=0, time=time_of(150), longest=1 << 20)
        answer = (ctypes.c_uint64 * 4)()
        place = (engine.host, invocation._address)
        assert calls.RELEASE.sandbox_run(*place, names.index("hash_seed"), 10**9, 10**10, answer, 1) == calls.DONE
        seeds.add(answer[0] & 0xFFFFFFFF)
        invocation.close()
    assert len(seeds) == 20
