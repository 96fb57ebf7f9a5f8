"""httpx without its own command line, which imports rich and pygments: half of what it takes to import httpx."""

from __future__ import annotations

import sys
from typing import Any, Final

_MODULES: Final[dict[str, Any]] = sys.modules
_COMMAND_LINE: Final = "httpx._main"

# None says to Python that there is no such module, which httpx is prepared for: its command line is an extra.
_MODULES.setdefault(_COMMAND_LINE, None)
import httpx  # noqa: E402 - after the line above

if _MODULES[_COMMAND_LINE] is None:
    del _MODULES[_COMMAND_LINE]

__all__ = ["httpx"]
