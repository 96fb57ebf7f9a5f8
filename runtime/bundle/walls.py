"""A process that reads what it is given and nothing else of the machine, where the kernel has Landlock.

esbuild looks at folders by itself: `require('../../../home/' + name)` in a module has it list them all, and what it finds, or
how long it looks, tells about files that are none of the module's.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeVar

from runtime.confine import kernel
from runtime.confine.calls import MACHINES

T = TypeVar("T")

# What programs are made of.
_SYSTEM: Final = ("/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store", "/etc/ld.so.cache")
_DEVICES: Final = ("/dev/null", "/dev/urandom")


def has_walls() -> bool:
    """Whether there can be any."""
    return sys.platform == "linux" and kernel.MACHINE in MACHINES and kernel.landlock_version() > 1


def within(start: Callable[[], T], read: Iterable[Path], write: Path) -> T:
    """What `start` gives, called on a thread of its own, which has only these rights to files: so has what it starts.

    `read` may be executed, too. Blocks.
    """
    given: list[T] = []
    faults: list[BaseException] = []

    def run() -> None:
        try:
            _wall_in([*map(Path, _SYSTEM), *read], write)
            given.append(start())
        except BaseException as fault:  # noqa: BLE001 - raised again where it is waited for
            faults.append(fault)

    thread = threading.Thread(target=run, name="hookd-walls")
    thread.start()
    thread.join()
    if faults:
        raise faults[0]
    return given[0]


def _wall_in(read: Iterable[Path], write: Path) -> None:
    uses = [(path, kernel.READ | kernel.EXECUTE) for path in read]
    uses += [(Path(path), kernel.USE) for path in _DEVICES]
    uses.append((write, kernel.WRITE))
    with contextlib.ExitStack() as stack:
        held = []
        for path, use in uses:
            with contextlib.suppress(OSError):  # it is not there
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
                stack.callback(os.close, descriptor)
                held.append((descriptor, use))
        rules = kernel.landlock_rules(held, network=False)
        stack.callback(os.close, rules)
        kernel.give_up_new_privileges()
        kernel.landlock(rules)
