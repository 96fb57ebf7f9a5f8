"""A line of `hookd doctor`: ✓ it is well, ! look at it, ✗ the service will not do; and what to do."""

from __future__ import annotations

from dataclasses import dataclass

GOOD, LOOK, BAD = "good", "look", "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, how it is (`GOOD`, `LOOK`, `BAD`), what was found, and what to do."""

    name: str
    state: str
    found: str
    remedy: str = ""

    def document(self) -> dict[str, str]:
        """As JSON."""
        return {"check": self.name, "state": self.state, "found": self.found, "remedy": self.remedy}
