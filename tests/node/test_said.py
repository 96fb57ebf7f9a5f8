"""What a process says and how it ends, made into what a hook's developer is told."""

from __future__ import annotations

import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest

import runtime
from runtime.model import ConsoleLine
from runtime.node.said import Console, bounded, death, users
from runtime.sandbox import abi
from tests.sandbox.running import LIMITS


@pytest.mark.parametrize(
    "stack, shown",
    [
        (
            "Error: x\n    at f (hook.js:3:4)\n    at hook.js\n    at node:internal/vm:3:4",
            "Error: x\n    at f (hook.js:3:4)",
        ),
        ("Error: x\n    at process.processImmediate (node:internal/timers:1:2)", "Error: x"),
        ("Error: x\n    at invoke ([eval]:1:2)\n    at [eval]:2:3\n    at g (hook.js)", "Error: x"),
        (
            "Error: x\n    at Object.<anonymous> (hook.js:0:9)\n    at a (hook.js:1:1)",
            "Error: x\n    at a (hook.js:1:1)",
        ),
        (
            "Error: x\n    at Array.map (<anonymous>)\n    at h (hook.js:10:0)",
            "Error: x\n    at Array.map (<anonymous>)\n    at h (hook.js:10:0)",
        ),
        ("node: is no frame\nhook.js", "node: is no frame\nhook.js"),
        ("", ""),
    ],
)
def test_a_stack_has_the_users_frames(stack: str, shown: str):
    """None of Node's, none of what stands around the source."""
    assert users(stack) == shown


@pytest.mark.parametrize(
    "status, errors, is_large, code, message",
    [
        (0, "", False, "sandbox_crashed", "the process ended with the exit status 0"),
        (137 << 8, "", False, "sandbox_crashed", "the process ended with the exit status 137"),
        (137 << 8, "out of memory", True, "sandbox_crashed", "the process ended with the exit status 137"),
        (signal.SIGKILL, "", False, "sandbox_crashed", "the process was ended by SIGKILL"),
        (signal.SIGSEGV, "", False, "sandbox_crashed", "the process was ended by SIGSEGV"),
        (signal.SIGSEGV, "", True, "memory_limit", ""),
        (signal.SIGABRT, "FATAL ERROR: JavaScript heap out of memory", False, "memory_limit", ""),
        (signal.SIGABRT, "  what():  std::bad_alloc", False, "memory_limit", ""),
        (signal.SIGXCPU, "", False, "cpu_limit", ""),
    ],
)
def test_a_death_has_its_code(status: int, errors: str, is_large: bool, code: str, message: str):
    """Memory and time by the limits' own names, anything else as what it is."""
    reply = death(status, errors, is_large=is_large)

    assert (reply.kind, reply.code, reply.message) == ("failure", code, message)


NUMBER = 18_446_744_073_709_552_000.0
DEEP = "[" * 600 + "]" * 600


@pytest.mark.parametrize(
    "value, more, code",
    [
        ("1", 0, ""),
        ('"' + "x" * 998 + '"', 0, ""),
        ("[" + ",".join([str(int(NUMBER))] * 47) + "]", 30, ""),
        ('"' + "x" * 998 + '"', 5_000, ""),
        ('"' + "x" * 2_000 + '"', 0, "output_limit"),
        (DEEP, 3_000, ""),
        (DEEP, 10_000, "output_limit"),
    ],
)
def test_an_answer_is_no_longer_than_it_may_be(value: str, more: int, code: str):
    """The guest sees to it; who writes the message himself has the host's word. What the console has is not the answer's."""
    limits = replace(LIMITS, output_bytes=1_000, console_bytes=1_000, console_lines=10)
    reply = abi.decode(f'{{"outcome":"answer","value":{value},"console":[]}}'.encode())

    assert bounded(reply, len(value) + more, limits).code == code


def test_what_went_wrong_is_said_in_so_many_words():
    """As many as the guest would have; properties are whole or none."""
    long = "x" * 100_000
    reply = bounded(abi.Reply("refusal", name=long, message=long, stack=long, properties=long), 400_000, LIMITS)
    short = bounded(abi.Reply("refusal", name="a", message="b", stack="c", properties="{}"), 100, LIMITS)

    assert (len(reply.name), len(reply.message), len(reply.stack), reply.properties) == (128, 4_096, 8_192, "")
    assert (short.name, short.message, short.stack, short.properties) == ("a", "b", "c", "{}")


def test_the_limits_of_the_console_are_the_hosts():
    """A process that does not keep them gains nothing; what was dropped on either side is counted."""
    console = Console(replace(LIMITS, console_lines=3, console_bytes=10))
    line = ConsoleLine(level="info", text="12345")
    for dropped in (1, 0):
        console.take(abi.Reply("loaded", console=(line, line), console_dropped=dropped))
    reply = abi.Reply("answer")
    console.put(reply)

    assert reply.console == (line, line)
    assert reply.console_dropped == 3


def test_the_bounds_of_an_error_are_those_of_the_wasm_guest():
    """`guest.js` keeps them as well."""
    text = (Path(runtime.__file__).parent / "node" / "guest.js").read_text()
    bounds = {name: int(value) for name, value in re.findall(r"\b(MOST_\w+) = (\d+)", text)}

    assert bounds == {name: getattr(abi, name) for name in bounds}
    assert bounds.keys() == {"MOST_NAME", "MOST_MESSAGE", "MOST_STACK", "MOST_PROPERTIES", "MOST_MEMBERS"}
