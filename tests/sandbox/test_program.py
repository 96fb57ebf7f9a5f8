"""What is an image and what is not; when a program is slow, and when it is forgiven."""

from __future__ import annotations

import pytest

from runtime.sandbox import abi, image
from runtime.sandbox.program import QUICK_MS, QUICK_RUNS, STRIKES, WasmProgram, load_program

HEAD = abi.IMAGE_HEAD.pack(9, 0)


@pytest.fixture
def program() -> WasmProgram:
    return load_program(image.MEMORY + HEAD)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"H", b"HKM", b"HKM2" + HEAD, b"hkm1" + HEAD, b"\0HKM1" + HEAD, b"HKM1", b"HKM1" + HEAD[:-1], b"wasm" * 100],
)
def test_what_is_no_image_is_refused(garbage: bytes):
    """Another version's, one cut short, or nothing of ours."""
    with pytest.raises(ValueError, match="not an image"):
        load_program(garbage)


def test_an_image_of_a_memory():
    """It knows how far its memory reaches, and what it takes."""
    kept = image.MEMORY + abi.IMAGE_HEAD.pack(12, 1) + abi.RUN_HEAD.pack(300_000, 2) + b"ab"
    program = load_program(kept)

    assert (program.pages, program.size, program.evaluates, program.slow) == (12, len(kept), False, False)
    assert program.image == kept[4:]


def test_an_image_of_a_source():
    """It is evaluated per request, on threads, for ever."""
    program = load_program(image.from_source(b"x"))
    for _ in range(2 * QUICK_RUNS):
        program.ran(0.0)

    assert (program.source, program.image, program.evaluates, program.slow) == (b"x", b"", True, True)


def test_once_too_long_is_not_slow(program: WasmProgram):
    """It may be the machine's fault; so often it is not."""
    for strike in range(1, STRIKES + 1):
        program.exceeded()
        assert program.slow == (strike >= STRIKES)


def test_quick_runs_in_a_row_are_forgiven(program: WasmProgram):
    """Then all strikes are forgotten; one that is not quick begins the count anew."""
    for _ in range(STRIKES):
        program.exceeded()
    for cpu_ms in [*[0.1] * (QUICK_RUNS - 1), QUICK_MS, *[0.1] * (QUICK_RUNS - 1)]:
        program.ran(cpu_ms)
        assert program.slow
    program.ran(0.1)
    assert not program.slow
    program.exceeded()
    assert program.slow == (STRIKES == 1)
