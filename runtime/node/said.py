"""What a jailed Node says while it runs a hook, and how it ends, made into a reply as the wasm guest gives one. Pure.

All of it is an attacker's, as in `sandbox.abi`.
"""

from __future__ import annotations

import os
import re
import signal
from typing import Final

import orjson

from runtime.model import ConsoleLine, Limits
from runtime.sandbox import abi
from runtime.sandbox.outcome import failure

# Frames of Node's own, of what runs before a hook, and of line 0, which stands around the user's source.
_OURS: Final = re.compile(
    r"^ +at [^\n]*(?:\(|\bat )?(?:node:[^\n]*|ext:[^\n]*|data:[^\n]*|\[eval\][^\n]*|\bhook\.js(?::0:\d+)?)\)?(?:\n|$)",
    re.MULTILINE,
)
# What V8 and Node write to standard error before they abort.
_NO_MEMORY: Final = re.compile(r"out of memory|allocation failed|bad_alloc", re.IGNORECASE)


def users(stack: str) -> str:
    """The stack without the frames that are not of the user's source."""
    return _OURS.sub("", stack).rstrip("\n")


class Console:
    """What was printed so far, within the limits: the guest keeps them, but is not to be believed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: list[ConsoleLine] = []
        self._bytes = 0
        self._dropped = 0

    def take(self, reply: abi.Reply) -> None:
        """Those of a message."""
        self._dropped += reply.console_dropped
        for line in reply.console:
            size = len(line.text.encode("utf-8", "surrogatepass"))
            if len(self._lines) >= self._limits.console_lines or self._bytes + size > self._limits.console_bytes:
                self._dropped += 1
                continue
            self._bytes += size
            self._lines.append(line)

    def put(self, reply: abi.Reply) -> None:
        """All of it, into the reply that is the last."""
        reply.console, reply.console_dropped = tuple(self._lines), self._dropped


def bounded(reply: abi.Reply, size: int, limits: Limits) -> abi.Reply:
    """A reply, of a message of so many bytes, with no more in it than the guest would have put there.

    An answer that the hook wrote by itself may have a sixteenth more: numbers are not written alike everywhere.
    """
    if reply.kind == "answer":
        return failure("output_limit", before=reply) if _is_too_long(reply.value, size, limits) else reply
    reply.name, reply.message = reply.name[: abi.MOST_NAME], reply.message[: abi.MOST_MESSAGE]
    reply.stack = reply.stack[: abi.MOST_STACK]
    if len(reply.properties) > abi.MOST_PROPERTIES:
        reply.properties = ""
    return reply


def _is_too_long(value: object, size: int, limits: Limits) -> bool:
    room = limits.output_bytes + limits.output_bytes // 16
    if size <= room:
        return False
    try:
        return len(orjson.dumps(value)) > room
    except orjson.JSONEncodeError:
        # It nests deeper than is written here: what is not the longest console is the answer.
        return size > room + 6 * limits.console_bytes + 16 * limits.console_lines


def death(status: int, errors: str, *, is_large: bool) -> abi.Reply:
    """The reply that a process owes which has ended: of its status (waitpid(2)) and what it wrote to standard error.

    `is_large`: it had more memory than it may; not all of V8 says so when it gets no more.
    """
    if os.WIFSIGNALED(status):
        if is_large or _NO_MEMORY.search(errors):
            return failure("memory_limit")
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return failure("cpu_limit")
        return failure("sandbox_crashed", f"the process was ended by {signal.Signals(number).name}")
    return failure("sandbox_crashed", f"the process ended with the exit status {os.waitstatus_to_exitcode(status)}")
