"""Calls into a guest in the model's terms: requests with limits and entropy in, checked replies out."""

from __future__ import annotations

import os
from time import time_ns

from runtime.model import Limits
from runtime.sandbox import abi
from runtime.sandbox.engine import Engine
from runtime.sandbox.invocation import Invocation, Stopped, Time, time_of
from runtime.sandbox.outcome import rejection

# What a reply may be of: `load` answers the first, `invoke` and `resume` anything else, all of them the second.
_OF_LOAD, _OF_BOTH = frozenset({"loaded"}), frozenset({"failure", "pending"})


def request(
    limits: Limits,
    *,
    image: bytes = b"",
    payload: bytes,
    seed: bytes = b"",
    stack_pages: int = 0,
    now_ms: float | None = None,
) -> bytes:
    """A request of this moment, or another, with entropy of its own."""
    return abi.frame(
        now_ms=float(time_ns() // 1_000_000) if now_ms is None else now_ms,
        seed=seed or os.urandom(32),
        limits=limits,
        image=image,
        payload=payload,
        stack_pages=stack_pages,
    )


def ask(
    engine: Engine,
    invocation: Invocation,
    export: int,
    frame: bytes,
    limits: Limits,
    *,
    pages: int,
    time: Time,
    hold: bool = False,
) -> abi.Reply:
    """One call, see `Invocation.call`. `Stopped` when it does not come back with a reply that belongs to it."""
    longest = abi.longest_reply(limits)
    try:
        reply = abi.decode(invocation.call(export, frame, pages=pages, time=time, longest=longest, hold=hold))
    except abi.Nonsense as nonsense:
        raise Stopped("sandbox_crashed", str(nonsense)) from None
    except abi.Unreadable as unreadable:
        raise Stopped("malformed_answer", f"The answer can not be read as JSON: {unreadable}.") from None
    if (reply.kind in _OF_LOAD) != (export == engine.load) and reply.kind not in _OF_BOTH:
        raise Stopped("sandbox_crashed", "the reply belongs to another call")
    return reply


def load(
    engine: Engine,
    invocation: Invocation,
    wrapped: bytes,
    limits: Limits,
    time: Time | None = None,
    *,
    before: bytes = b"",
) -> abi.Reply:
    """Evaluate a source in a fresh guest: loaded, or pending when it waits. `Stopped`; `SourceRejected`.

    It is evaluated in the moment of the request that comes next, `before` which it is: made a while ago, for it waited for its
    turn, and time would go backwards in between.

    Without `time` its CPU time, however long the machine takes: what does not load for want of a processor would be the author's
    fault otherwise.
    """
    frame = request(limits, payload=wrapped, now_ms=abi.HEAD.unpack_from(before)[0] if before else None)
    reply = ask(engine, invocation, engine.load, frame, limits, pages=0, time=time or time_of(limits.cpu_ms))
    if reply.kind == "failure":
        raise rejection(reply, lines=wrapped.count(b"\n") - 1)
    return reply
