"""The trace that a request belongs to, as its caller says (W3C Trace Context)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from multidict import istr

_TRACEPARENT: Final = istr("traceparent")

# Later versions may have more behind the flags, and begin as this one does (section 3.2.2 and 4.3 there).
_PARENT: Final = re.compile(r"((?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?")


def traceparent(headers: Mapping[str, str]) -> str:
    """The header's version, trace, parent and flags, 55 characters; "" where there is none, or one that is no such header."""
    given = headers.get(_TRACEPARENT)
    found = None if given is None else _PARENT.fullmatch(given)
    if found is None or (found[2] and found[1].startswith("00")):
        return ""
    return found[1]
