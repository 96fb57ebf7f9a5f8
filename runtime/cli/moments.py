"""Points in time, as people read them."""

from __future__ import annotations

import time
from datetime import datetime

from runtime.cli.bearer import duration


def moment(at: str) -> str:
    """`5 minutes ago (2026-11-21 20:15:09)` of an RFC 3339 time, in the time zone of this machine."""
    then = datetime.fromisoformat(at)
    past = time.time() - then.timestamp()
    words = f"{duration(past)} ago" if past >= 1 else "just now"
    return f"{words} ({local_time(at)})"


def local_time(at: str) -> str:
    """`2026-11-21 20:15:09`."""
    return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M:%S}"


def clock(at: str) -> str:
    """`20:15:09.123`."""
    return f"{datetime.fromisoformat(at).astimezone():%H:%M:%S.%f}"[:-3]
