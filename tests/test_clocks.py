"""What measures time, measures it by a clock that nobody sets."""

from __future__ import annotations

import re
from pathlib import Path

RUNTIME = Path(__file__).parents[1] / "runtime"

ABOUT_THE_DAY = {
    "admin.py": "when a hook was made and changed",
    "bundle/bundler.py": "how old a lock is that another start may have made",
    "caches.py": "when what an Action cached expires, which outlives the process",
    "dispatch.py": "when an execution was, and its id",
    "ended_sessions.py": "when a session's token expires, which outlives the process",
    "http/bearer.py": "when a token expires",
    "http/busy.py": "the header Date",
    "http/provider.py": "when a token expires",
    "issuer/issuer.py": "when what it issues expires",
    "logs/recorder.py": "which records are so many days old",
    "logs/relay.py": "which ids are of before a moment; HOLD_SECONDS is by the other clock",
    "migration.py": "which cached values have expired",
    "sandbox/guest.py": "what Date says in a hook",
    "storage/redis_executions.py": "which records are so many days old",
    "web/dashboard/oidc.py": "when a login has begun, in a cookie",
    "web/dashboard/session.py": "when a session's token expires",
    "web/logs.py": "when a token expires; which ids are of before a moment",
    "web/metrics.py": "since when there are numbers, for Prometheus",
    "web/summary.py": "until now",
    "web/webtask_logs.py": "when executions were missed",
}
"""Modules of the service that ask what time of day it is, and for what. An entry that is not needed any more fails."""

_ASKED = re.compile(r"\btime\.time(?:_ns)?\b|\bfrom time import|\.(?:utc)?now\(|\.today\(")
_NO_SERVICE = ("cli/", "guest/", "dashboard/")


def test_nobody_measures_by_a_clock_that_can_be_set():
    """An operator, or a daemon, may set it by an hour: no limit, no rate, no wait is by it."""
    files = {file.relative_to(RUNTIME).as_posix(): file.read_text() for file in RUNTIME.rglob("*.py")}
    asking = {name for name, text in files.items() if _ASKED.search(text) and not name.startswith(_NO_SERVICE)}

    assert asking - ABOUT_THE_DAY.keys() == set(), "use time.monotonic, or say why it must be the time of day"
    assert ABOUT_THE_DAY.keys() - asking == set(), "these ask no longer: take them off the list"
