"""Images say what changed in a memory, and put over the base they give that memory again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.sandbox import abi, image

CALM = settings(deadline=None, max_examples=40)  # each compares half a MiB; other work may share the machine
PAGES = 8
SIZE = PAGES * abi.PAGE
IN = abi.STACK_SIZE + 12_352  # where the guest has it: somewhere above the stack, at a multiple of 64
FREE = IN + abi.IN_SIZE  # from here on nothing is skipped
BASE = bytes(range(1, 256)) * (SIZE // 255) + bytes(SIZE % 255)


@dataclass(frozen=True)
class Image:
    """An image, taken apart."""

    pages: int
    runs: list[tuple[int, bytes]]


def parse(kept: bytes) -> Image:
    assert kept.startswith(image.MEMORY)
    body = kept[len(image.MEMORY) :]
    pages, count = abi.IMAGE_HEAD.unpack_from(body)
    runs, at = [], abi.IMAGE_HEAD.size
    for _ in range(count):
        start, size = abi.RUN_HEAD.unpack_from(body, at)
        at += abi.RUN_HEAD.size
        runs.append((start, body[at : at + size]))
        at += size
    assert at == len(body), "nothing behind the last run"
    return Image(pages, runs)


def taken(memory: bytes | bytearray, base: bytes = BASE) -> Image:
    return parse(image.from_memory(bytes(memory), base, IN))


def changed(*places: int, base: bytes = BASE) -> bytearray:
    """The base with another byte at these places."""
    memory = bytearray(base)
    for place in places:
        memory[place] ^= 0xFF
    return memory


def applied(base: bytes, kept: Image) -> bytearray:
    """As the guest does: the memory grown, the runs copied over."""
    memory = bytearray(base.ljust(kept.pages * abi.PAGE, b"\0"))
    for start, run in kept.runs:
        memory[start : start + len(run)] = run
    return memory


def without_skipped(memory: bytes | bytearray) -> bytes:
    blank = bytearray(memory)
    blank[: abi.STACK_SIZE] = bytes(abi.STACK_SIZE)
    blank[IN : IN + abi.IN_SIZE] = bytes(abi.IN_SIZE)
    return bytes(blank)


def spans(kept: Image) -> list[tuple[int, int]]:
    return [(start, start + len(run)) for start, run in kept.runs]


def test_nothing_changed_is_no_run():
    """An image of the base itself is a head only."""
    assert taken(BASE) == Image(PAGES, [])


def test_a_changed_byte_is_a_cell():
    """Runs are whole cells of 16 bytes."""
    memory = changed(FREE + 5)

    assert taken(memory) == Image(PAGES, [(FREE, bytes(memory[FREE : FREE + 16]))])


@pytest.mark.parametrize(
    "second, expected",
    [
        (16, [(FREE, FREE + 32)]),
        (48, [(FREE, FREE + 64)]),
        (64, [(FREE, FREE + 80)]),
        (80, [(FREE, FREE + 16), (FREE + 80, FREE + 96)]),
        (1600, [(FREE, FREE + 16), (FREE + 1600, FREE + 1616)]),
    ],
)
def test_runs_near_each_other_are_one(second: int, expected: list[tuple[int, int]]):
    """Up to 48 bytes apart; from there on two runs are less than the bytes between them."""
    assert spans(taken(changed(FREE, FREE + second))) == expected


def test_a_run_goes_on_over_the_edge_of_a_block():
    """Blocks of 4,096 bytes are how it is compared, not how it is kept."""
    edge = (FREE // 4096 + 1) * 4096

    assert spans(taken(changed(edge - 1, edge))) == [(edge - 16, edge + 16)]
    assert spans(taken(changed(*range(edge - 20, edge + 4096 + 20)))) == [(edge - 32, edge + 4096 + 32)]


@pytest.mark.parametrize(
    "place, kept",
    [
        (0, False),
        (abi.STACK_SIZE - 1, False),
        (abi.STACK_SIZE, True),
        (IN - 1, True),
        (IN, False),
        (IN + abi.IN_SIZE - 1, False),
        (IN + abi.IN_SIZE, True),
        (SIZE - 1, True),
    ],
)
def test_stack_and_input_are_left_out(place: int, kept: bool):
    """And not a byte beside them."""
    cell = place // 16 * 16

    assert spans(taken(changed(place))) == ([(cell, cell + 16)] if kept else [])


def test_no_run_reaches_over_what_is_left_out():
    """Changes on both sides of the input stay two runs."""
    assert spans(taken(changed(IN - 1, IN, IN + abi.IN_SIZE - 1, FREE))) == [(IN - 16, IN), (FREE, FREE + 16)]


def test_a_memory_that_has_grown_is_compared_with_zeros():
    """What wasm gives when a memory grows is zeros: they are in no image, but its number of pages is."""
    grown = bytearray(BASE + bytes(3 * abi.PAGE))

    assert taken(grown) == Image(PAGES + 3, [])
    grown[SIZE + 100] = 1
    assert spans(taken(grown)) == [(SIZE + 96, SIZE + 112)]


def test_what_became_zero_is_kept():
    """A byte that the base has and the memory has not."""
    memory = bytearray(BASE)
    memory[FREE : FREE + 16] = bytes(16)

    assert taken(memory).runs == [(FREE, bytes(16))]


def test_a_source_is_kept_as_it_is():
    """With a head of its own: it is no memory."""
    kept = image.from_source(b"(function () {\n\n})")

    assert kept == b"HKS1(function () {\n\n})"
    assert not kept.startswith(image.MEMORY)


PLACES = st.integers(0, SIZE + 2 * abi.PAGE - 1) | st.builds(
    lambda edge, by: edge + by,
    st.sampled_from([abi.STACK_SIZE, IN, FREE, SIZE, FREE + 8192 - FREE % 4096]),
    st.integers(-70, 70),
)
WRITES = st.lists(st.tuples(PLACES, st.binary(min_size=1, max_size=200)), max_size=20)


@CALM
@given(pages=st.integers(0, 2), writes=WRITES, zeros=st.booleans())
@example(pages=0, writes=[(0, bytes(200)), (SIZE - 200, bytes(200))], zeros=False)
def test_applied_to_the_base_it_is_the_memory(pages: int, writes: list[tuple[int, bytes]], zeros: bool):
    """Whatever was written wherever: outside of stack and input, each byte is there again, and in order."""
    base = bytes(SIZE) if zeros else BASE
    memory = bytearray(base + bytes(pages * abi.PAGE))
    for place, data in writes:
        memory[place : place + len(data)] = data[: max(0, len(memory) - place)]
    kept = taken(memory, base)
    ends = [end for span in spans(kept) for end in span]

    assert without_skipped(applied(base, kept)) == without_skipped(memory)
    assert ends == sorted(set(ends)), "in order, and none touches the next"
    assert all(end % 16 == 0 for end in ends)
    assert not any(start < abi.STACK_SIZE or IN <= start < FREE for start, _ in spans(kept))
