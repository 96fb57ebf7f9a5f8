"""A seccomp program, run as the kernel would run it."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from runtime.confine.filters import Instruction

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def answer(
    code: Sequence[Instruction], machine: str, number: int, first: int = 0, second: int = 0, *, said: int | None = None
) -> str:
    """What the program says to a call: `allow`, `kill`, or the name of an error."""
    return asked(code, machine, number, first, second, said=said)[0]


def asked(
    code: Sequence[Instruction], machine: str, number: int, first: int = 0, second: int = 0, *, said: int | None = None
) -> tuple[str, int]:
    """The same, and how many instructions it took."""
    data = {0: number, 4: MACHINES[machine] if said is None else said, 16: first & 0xFFFFFFFF, 24: second}
    at = value = steps = 0
    while True:
        kind, yes, no, k = code[at]
        at, steps = at + 1, steps + 1
        if kind == 0x20:
            value = data[k]
        elif kind == 0x06:
            return {ALLOW: "allow", KILL: "kill"}.get(k) or errno.errorcode[k - ERRNO], steps
        else:
            holds = {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[kind]
            at += yes if holds else no
