"""What nodes tell each other of answers that they give: the contract of a storage that several machines share."""

from __future__ import annotations

from typing import Protocol


class SharedAnswers(Protocol):
    """Keys are hexadecimal. `maker` is a process, by a name that no other has. `Unavailable`."""

    async def claim(self, key: str, maker: str, seconds: float, *, unreadable: bytes = b"") -> bytes | str | None:
        """The answer that is kept, or who makes it; None: it is this maker's, for so many seconds. Claiming again extends that.

        An `unreadable` answer, which a claim before gave, counts as none: of all who can not read it, one makes it anew.
        """
        ...

    async def keep(self, key: str, answer: bytes, seconds: float) -> None:
        """The answer, for so long."""
        ...

    async def release(self, key: str, maker: str) -> None:
        """There will be none of this maker."""
        ...
