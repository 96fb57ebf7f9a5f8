"""Which sources have a use for Node's library: those that could name something of it.

Memory with the library in it costs a request 20 us: what lies behind the first 0.6 MiB is mapped and unmapped, and who reads a
name reads it there. So who names nothing of it runs without. A source that makes up names as it runs, or evaluates code, may
name anything. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_REACHING: Final = ("require", "import", "globalThis", "global", "eval", "Function", "constructor", "arguments", "with")
"""Words that lead to everything. `this` of a function that is not strict is the global object, too: by an index, see below."""

_MADE_UP: Final = r"\\u|\bthis\s*\[|[=(,:?]\s*this\b(?!\s*\.)"
"""Names in escapes; members of `this` by an expression, and `this` under another name."""


class Names:
    """The names that the library gives to hooks, as the build found them."""

    def __init__(self, names: Iterable[str]) -> None:
        words = "|".join(re.escape(name) for name in (*_REACHING, *names))
        self._any = re.compile(rf"(?<![\w$])(?:{words})(?![\w$])|{_MADE_UP}")

    def in_any(self, sources: Sequence[str]) -> bool:
        """Whether one of them is there: as an identifier, a member's name or a word in a text, which is not told apart."""
        return any(self._any.search(source) for source in sources)
