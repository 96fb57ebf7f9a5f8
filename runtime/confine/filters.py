"""Programs for the kernel's seccomp, in BPF: the parts that all filters are made of. Pure.

A filter is asked about each system call, by its number and, where it wants to, its first arguments. Calls that are let
through whatever their arguments are cost next to nothing: since Linux 5.11 the kernel knows them beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from runtime.confine.calls import numbers

Instruction: TypeAlias = tuple[int, int, int, int]

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
# struct seccomp_data: where the call's number, the machine and the lower halves of the first two arguments are.
_NUMBER, _MACHINE, _FIRST, _SECOND = 0, 4, 16, 24
_MACHINES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32: Final = 0x40000000
_LEAF: Final = 4

NEW_NAMESPACES: Final = 0x7E020080
"""The flags of clone(2) that make a namespace of any kind."""


def begin(machine: str) -> Iterator[Instruction]:
    """Load the call's number. Who calls by another machine's numbers is killed. `ValueError` for one that is not known."""
    numbers(machine, ())
    yield (LOAD, 0, 0, _MACHINE)
    yield (EQUAL, 1, 0, _MACHINES[machine])
    yield (RETURN, 0, 0, _KILL)
    yield (LOAD, 0, 0, _NUMBER)
    if machine == "x86_64":
        yield from ((AT_LEAST, 0, 1, _X32), (RETURN, 0, 0, _KILL))


def answer(code: int) -> Instruction:
    """The call fails with this error; 0: it is let through."""
    return (RETURN, 0, 0, _ERRNO | code if code else _ALLOW)


def where(machine: str, name: str, then: Iterable[Instruction]) -> Iterator[Instruction]:
    """These instructions, which end, for this call; its first argument is loaded."""
    body = [(LOAD, 0, 0, _FIRST), *then]
    for number in numbers(machine, [name]):
        yield (EQUAL, 0, len(body), number)
        yield from body


def second() -> Instruction:
    """Load the second argument in place of the first."""
    return (LOAD, 0, 0, _SECOND)


def allowed(values: Iterable[int], code: int) -> Iterator[Instruction]:
    """The call is let through where the argument that is loaded is one of these, else it fails so."""
    for value in values:
        yield (EQUAL, 0, 1, value & 0xFFFFFFFF)
        yield answer(0)
    yield answer(code)


def decide(refused: Sequence[int], code: int) -> list[Instruction]:
    """The last part: calls of these numbers fail so, others are let through. A tree: six comparisons, not a hundred."""
    return _tree(sorted(refused), code)


def _tree(refused: Sequence[int], code: int) -> list[Instruction]:
    if len(refused) <= _LEAF:
        found = [instruction for number in refused for instruction in ((EQUAL, 0, 1, number), answer(code))]
        return [*found, answer(0)]
    middle = len(refused) // 2
    below, above = _tree(refused[:middle], code), _tree(refused[middle:], code)
    return [(AT_LEAST, len(below), 0, refused[middle]), *below, *above]
