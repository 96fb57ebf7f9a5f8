"""Calls into a guest in the model's terms: requests with limits and entropy in, checked replies out."""

from __future__ import annotations

import math
import os
import time
from typing import Final

from runtime.model import Limits
from runtime.sandbox import abi
from runtime.sandbox.calls import TICK_SECONDS
from runtime.sandbox.engine import Engine
from runtime.sandbox.invocation import Invocation, Stopped
from runtime.sandbox.outcome import rejection

TICK_MS: Final = TICK_SECONDS * 1000
MAX_TICKS: Final = int(45 / TICK_SECONDS)
"""No guest runs longer in one call, whatever its limits say."""

# What a reply may be of: `load` answers the first, `invoke` and `resume` anything else, all of them the second.
_OF_LOAD, _OF_BOTH = frozenset({"loaded"}), frozenset({"failure", "pending"})


def request(limits: Limits, *, image: bytes = b"", payload: bytes, seed: bytes = b"", stack_pages: int = 0) -> bytes:
    """A request of this moment, with entropy of its own."""
    now_ms = float(time.time_ns() // 1_000_000)
    return abi.frame(
        now_ms=now_ms,
        seed=seed or os.urandom(32),
        limits=limits,
        image=image,
        payload=payload,
        stack_pages=stack_pages,
    )


FAIR_SHARE, LEAST_SHARE = 0.8, 0.25
"""Of its CPU time, what a run must have had before its limit is believed; and how little is made up for."""


def ticks(cpu_ms: float) -> int:
    """Ticks that give at least this much time (`calls.c`)."""
    return min(max(1, math.ceil(cpu_ms / TICK_MS)), MAX_TICKS)


def made_up(cpu_ms: float, used_ms: float) -> float | None:
    """What to give a run that hit its limit after it had `used_ms`: ticks are time of the wall, and a core may be busy elsewhere.

    None where it had its share.
    """
    share = used_ms / cpu_ms
    return None if share >= FAIR_SHARE else cpu_ms / max(share, LEAST_SHARE)


def ask(
    engine: Engine,
    invocation: Invocation,
    export: int,
    frame: bytes,
    limits: Limits,
    *,
    pages: int,
    ticks: int,
    hold: bool = False,
) -> abi.Reply:
    """One call, see `Invocation.call`. `Stopped` when it does not come back with a reply that belongs to it."""
    longest = abi.longest_reply(limits)
    try:
        reply = abi.decode(invocation.call(export, frame, pages=pages, ticks=ticks, longest=longest, hold=hold))
    except abi.Nonsense as nonsense:
        raise Stopped("sandbox_crashed", str(nonsense)) from None
    except abi.Unreadable as unreadable:
        raise Stopped("malformed_answer", f"The answer can not be read as JSON: {unreadable}.") from None
    if (reply.kind in _OF_LOAD) != (export == engine.load) and reply.kind not in _OF_BOTH:
        raise Stopped("sandbox_crashed", "the reply belongs to another call")
    return reply


def load(
    engine: Engine, invocation: Invocation, wrapped: bytes, limits: Limits, *, cpu_ms: float | None = None
) -> abi.Reply:
    """Evaluate a source in a fresh guest: loaded, or pending when it waits. `Stopped`; `SourceRejected`.

    `cpu_ms` is in place of the limit's, see `made_up`.
    """
    frame = request(limits, payload=wrapped)
    reply = ask(engine, invocation, engine.load, frame, limits, pages=0, ticks=ticks(cpu_ms or limits.cpu_ms))
    if reply.kind == "failure":
        raise rejection(reply, lines=wrapped.count(b"\n") - 1)
    return reply
