"""Another process with the same memory: `python -m tests.other_process FILE` does what its lines say, and answers each."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

from runtime import answers, memory, shared_rates
from runtime.answers import Answers
from runtime.rates import Bucket
from runtime.shared_rates import SharedRates

SECONDS = 60.0


class Other:
    """The process, for as long as the block runs."""

    def __init__(self, file: int) -> None:
        command = [sys.executable, "-m", "tests.other_process", str(file)]
        self.process = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[1],
            pass_fds=[file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.read() == "ready"

    def read(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def say(self, *words: str) -> str:
        """What it answers."""
        self.tell(*words)
        return self.read()

    def tell(self, *words: str) -> None:
        """Without waiting for it."""
        assert self.process.stdin
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()


def key_of(name: str) -> bytes:
    """A key as requests have them."""
    return blake2b(name.encode(), digest_size=16).digest()


def main() -> None:
    file = int(sys.argv[1])
    mine, rates = Answers(file), SharedRates(file)
    print("ready", flush=True)  # noqa: T201 - the test reads it
    for line in sys.stdin:
        what, name, *text = line.split()
        said: object = ""
        match what:
            case "claim":
                said = mine.claim(key_of(name))
            case "keep":
                mine.keep(key_of(name), text[0].encode())
            case "release":
                mine.release(key_of(name))
            case "half":  # killed in the middle of a record
                end, _ = answers._HEAD.unpack_from(mine._memory)
                mine.keep(key_of(name), text[0].encode())
                mine._memory[mine._ring + end + answers._RECORD.size] ^= 1
            case "pass":  # so many times, at a limit; who has the lock may have to wait for a processor
                vars(memory).update(PATIENCE_SECONDS=SECONDS)
                said = sum(not any(rates.wait(Bucket(name, 1e-6, float(text[0])))) for _ in range(int(text[1])))
            case "hold":
                fcntl.lockf(file, fcntl.LOCK_EX, 1, {"answers": answers._LOCK, "rates": shared_rates._LOCK}[name])
        print(said, flush=True)  # noqa: T201 - likewise
    os._exit(0)


if __name__ == "__main__":
    main()
