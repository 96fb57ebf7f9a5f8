"""The process's log as it was: pytest has handlers of its own there, and what a command makes writes to a stream that is gone after it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_log() -> Iterator[None]:
    """Whatever is configured in the block ends with it."""
    root, audit = logging.getLogger(), logging.getLogger("hookd.audit")
    others = [logging.getLogger(name) for name in ("asyncio", "hookd.executions", "hookd.audit")]
    handlers, levels = root.handlers[:], [(one, one.level) for one in (root, *others)]
    root.handlers = []
    try:
        yield
    finally:
        root.handlers = handlers
        for one, level in levels:
            one.setLevel(level)
        for handler in list(audit.handlers):
            audit.removeHandler(handler)
            handler.close()
        audit.propagate = True
