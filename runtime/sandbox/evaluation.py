"""Makes images: evaluates a hook's source once, at deploy time, on a thread that no token request needs.

One evaluation runs at a time and owners take turns, so that who deploys endless loops delays other deployments by one of
them, and token requests not at all.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from runtime.errors import Unavailable
from runtime.model import Failure, Limits
from runtime.sandbox import guest, image
from runtime.sandbox.base import SourceRejected
from runtime.sandbox.engine import Engine
from runtime.sandbox.invocation import Invocation, Stopped
from runtime.sandbox.outcome import failure, outcome
from runtime.sandbox.turns import Turns
from runtime.sandbox.wrapping import wrapped

MOST_WAITING: Final = 8
"""Evaluations of one owner that may wait."""

LOAD_LIMITS: Final = Limits(
    cpu_ms=2_000,
    wall_ms=5_000,
    memory_bytes=32 << 20,
    output_bytes=65_536,
    console_lines=256,
    console_bytes=32_768,
    operations=50,
)


class Evaluation:
    """Opened with its engine. `threads` has one thread."""

    def __init__(self, engine: Engine, threads: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._threads = threads
        self._turns = Turns(1)
        fresh = Invocation(engine)
        self._base = fresh.memory()
        fresh.close()

    async def image_of(self, source: str, owner: str) -> bytes:
        """See `Sandbox.make_image`. Takes some milliseconds."""
        if owner and self._turns.waiting(owner) >= MOST_WAITING:
            raise Unavailable("Too many hooks of this tenant are being deployed at once.")
        await self._turns.take(owner)
        evaluating = asyncio.get_running_loop().run_in_executor(self._threads, self._evaluate, wrapped(source))
        # The turn lasts as long as the thread is busy, also for an owner who has left.
        evaluating.add_done_callback(self._over)
        return await asyncio.shield(evaluating)

    def close(self) -> None:
        """Wait for what runs. Idempotent."""
        self._threads.shutdown()

    def _over(self, done: asyncio.Future[bytes]) -> None:
        if not done.cancelled():
            done.exception()  # it was raised to who asked, if anybody is still there
        self._turns.give()

    def _evaluate(self, source: bytes) -> bytes:
        invocation = Invocation(self._engine)
        try:
            if guest.load(self._engine, invocation, source, LOAD_LIMITS).kind == "pending":
                return image.from_source(source)
            return image.from_memory(invocation.memory(), self._base, self._engine.in_address)
        except image.TooLarge:
            message = f"What it makes while it loads takes more than {image.MOST:,} bytes."
            raise SourceRejected("memory_limit", message) from None
        except Stopped as stopped:
            found = outcome(failure(stopped.code, str(stopped)), LOAD_LIMITS)
            assert isinstance(found, Failure)
            raise SourceRejected(stopped.code, f"While it loads: {found.message}") from None
        finally:
            invocation.close()
