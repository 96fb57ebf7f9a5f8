"""What the calls for ended sessions do to the tables: SQL, and nothing else, as in `tables`."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.storage.logouts import ALL, MOST
from runtime.storage.statements import Database


def log_out(db: Database, token: str, sessions: Mapping[str, int], now: int) -> None:
    """See `Logouts.log_out`. What is of no use any more goes, whosever it is."""
    db.execute("DELETE FROM logouts WHERE until <= ?", (now,))
    kept = {session for (session,) in db.execute("SELECT session FROM logouts WHERE token = ?", (token,)).fetchall()}
    for session, until in sessions.items():
        if until > now and session not in kept:
            name = session if len(kept - {ALL}) < MOST else ALL
            db.execute("INSERT OR IGNORE INTO logouts VALUES (?, ?, ?)", (token, name, until))
            kept.add(name)


def is_logged_out(db: Database, token: str, session: str, now: int) -> bool:
    """See `Logouts.is_logged_out`."""
    select = "SELECT 1 FROM logouts WHERE token = ? AND session IN (?, ?) AND until > ?"
    return db.execute(select, (token, session, ALL, now)).fetchone() is not None


def logged_out_tokens(db: Database, now: int) -> list[str]:
    """See `Logouts.logged_out_tokens`."""
    return [
        token
        for (token,) in db.execute(
            "SELECT DISTINCT token FROM logouts WHERE until > ? ORDER BY token", (now,)
        ).fetchall()
    ]


def logouts(db: Database, token: str, now: int) -> dict[str, int]:
    """See `Logouts.logouts`."""
    select = "SELECT session, until FROM logouts WHERE token = ? AND until > ? ORDER BY session"
    return dict(db.execute(select, (token, now)).fetchall())


def forget_logouts(db: Database, token: str) -> None:
    """See `Logouts.forget_logouts`."""
    db.execute("DELETE FROM logouts WHERE token = ?", (token,))
