"""A module and its memory: put together, taken apart, and the same thing run."""

from __future__ import annotations

from typing import Any

import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.sandbox import wasm

CALM = settings(deadline=None)  # other work may share the machine
WHOLE = bytes(
    wasmtime.wat2wasm(
        """(module
          (memory (export "memory") 1 2048)
          (global $calls (mut i32) (i32.const 0))
          (table 2 funcref)
          (elem (i32.const 0) $first $second)
          (func $first (result i32) i32.const 0 i32.load8_u)
          (func $second (result i32) i32.const 70000 i32.load8_u)
          (func (export "nth") (param i32) (result i32)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (call_indirect (result i32) (local.get 0)))
          (data (i32.const 0) "\\05")
          (data (i32.const 100) "old"))"""
    )
)


def leb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    number = shift = 0
    while True:
        byte, at = data[at], at + 1
        number, shift = number | (byte & 127) << shift, shift + 7
        if byte < 128:
            return number, at


@CALM
@given(number=st.integers(0, 2**40) | st.sampled_from([0, 63, 64, 127, 128, 8191, 8192, 16383, 16384, 2**32 - 1]))
def test_numbers_are_written_as_wasm_reads_them(number: int):
    """Unsigned and signed LEB128 (core specification 5.2.2); a signed one that is not negative never looks negative."""
    unsigned, signed = wasm.uleb(number), wasm.sleb(number)

    assert leb(unsigned, 0) == (number, len(unsigned))
    assert leb(signed, 0) == (number, len(signed))
    assert signed[-1] & 0x40 == 0


@CALM
@given(
    size=st.integers(0, 5 * 4096),
    writes=st.lists(st.tuples(st.integers(0, 5 * 4096), st.binary(min_size=1, max_size=50)), max_size=6),
)
def test_used_blocks_are_all_that_is_not_zero(size: int, writes: list[tuple[int, bytes]]):
    """In order, in whole blocks, and nothing else."""
    memory = bytearray(size)
    for at, data in writes:
        memory[at : at + len(data)] = data[: max(0, size - at)]
    again = bytearray(size)
    spans = list(wasm.used(bytes(memory)))
    for start, end in spans:
        again[start:end] = memory[start:end]
        blocks = [memory[at : at + wasm.BLOCK] for at in range(start, end, wasm.BLOCK)]
        assert all(any(block) for block in blocks)

    assert again == memory
    assert spans == sorted(spans)


def test_a_snapshot_starts_with_the_memory_that_it_was_given():
    """Its data and its start are gone, its functions stay; the memory may grow to the header's maximum."""
    whole = wasmtime.wat2wasm(
        """(module
          (memory (export "memory") 1 3)
          (func $start i32.const 0 i32.const 9 i32.store8)
          (func (export "first") (result i32) i32.const 0 i32.load8_u)
          (data (i32.const 100) "old")
          (start $start))"""
    )
    memory = bytearray(2 * wasm.PAGE)
    memory[0], memory[70_000] = 7, 8
    engine = wasmtime.Engine()
    module = wasmtime.Module(engine, wasm.snapshot(bytes(whole), bytes(memory), 2048))
    store = wasmtime.Store(engine)
    exports = wasmtime.Instance(store, module, []).exports(store)
    copy: Any = exports["memory"]

    assert exports["first"](store) == 7  # type: ignore[operator]
    assert copy.read(store, 0, copy.data_len(store)) == memory
    assert copy.type(store).limits.max == 2048


def two_pages() -> bytes:
    memory = bytearray(2 * wasm.PAGE)
    memory[0], memory[70_000] = 7, 8
    return bytes(memory)


def test_code_over_a_memory_of_its_own_is_the_module():
    """Code and memory in two modules do what they did in one; the code imports the memory and nothing else."""
    engine = wasmtime.Engine()
    code = wasmtime.Module(engine, wasm.only_code(WHOLE, 2048))
    memory = wasmtime.Module(engine, wasm.only_memory(two_pages(), 2048))
    store = wasmtime.Store(engine)
    lower = wasmtime.Instance(store, memory, []).exports(store)["memory"]
    exports = wasmtime.Instance(store, code, [lower]).exports(store)

    assert [(i.module, i.name, type(i.type)) for i in code.imports] == [("env", "memory", wasmtime.MemoryType)]
    assert memory.imports == []
    assert [exports["nth"](store, which) for which in (0, 1)] == [7, 8]  # type: ignore[operator]


def test_exports_keep_their_places():
    """The host finds them by number."""
    engine = wasmtime.Engine()
    whole, code = (wasmtime.Module(engine, module) for module in (WHOLE, wasm.only_code(WHOLE, 2048)))

    assert [export.name for export in code.exports] == [export.name for export in whole.exports]


def test_a_memory_is_as_it_was_given():
    """Blocks of zeros are no data, and come back as zeros; it may grow to so many pages."""
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    module = wasm.only_memory(two_pages(), 9)
    memory: Any = wasmtime.Instance(store, wasmtime.Module(engine, module), []).exports(store)["memory"]

    assert memory.read(store, 0, memory.data_len(store)) == two_pages()
    assert memory.type(store).limits.max == 9
    assert len(module) < 3 * wasm.BLOCK
