"""Keeps a hook's secrets out of what its developers and operators read: console lines, messages, stacks. Pure.

A hook that logs `context` shows its secrets in whatever form the console gives them; each form that is likely is looked
for. What a hook puts into a claim is its answer and is left alone.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from runtime.model import ConsoleLine, Failure, Refusal

MASK: Final = "[secret]"
SHORTEST: Final = 4
"""Shorter values are not masked: `1` or `on` would take every other word of a log along."""


class Mask:
    """Replaces one hook's secret values in text."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        forms = {form for value in secrets.values() if len(value) >= SHORTEST for form in _forms(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """The text without the secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def console(self, lines: tuple[ConsoleLine, ...]) -> tuple[ConsoleLine, ...]:
        """The same lines, masked."""
        if not self._pattern or not lines:
            return lines
        return tuple(ConsoleLine(level=line.level, text=self.text(line.text)) for line in lines)

    def fault(self, fault: Refusal | Failure) -> Refusal | Failure:
        """A denial or a failure with its name, message and stack masked."""
        if not self._pattern:
            return fault
        return replace(
            fault, name=self.text(fault.name), message=self.text(fault.message), stack=self.text(fault.stack)
        )


def _forms(value: str) -> Iterator[str]:
    """As it is, as in JSON, as `console.log` escapes it, as in a URL, as in a Basic header of its own."""
    encoded = value.encode("utf-8", "surrogatepass")
    yield value
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r").replace("'", "\\'")
    yield quote(encoded, safe="")
    yield b64encode(encoded).decode()
