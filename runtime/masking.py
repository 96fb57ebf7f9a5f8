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

from runtime.model import Answer, ConsoleLine, Outcome

MASK: Final = "[secret]"
SHORTEST: Final = 4
"""Shorter values are not masked: `1` or `on` would take every other word of a log along."""

CUT: Final = 1000
"""The guest cuts messages at 4,096 bytes, stacks at 8,192: a text of fewer characters than this was not cut."""


class Mask:
    """Replaces one hook's secret values in text."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        forms = {form for value in secrets.values() if len(value) >= SHORTEST for form in _forms(value)}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))  # the longest wins
        self._pattern = re.compile("|".join(map(re.escape, self._forms))) if forms else None

    def text(self, text: str) -> str:
        """The text without the secrets, nor the beginning of one at the end of a text that was cut."""
        if not self._pattern:
            return text
        masked = self._pattern.sub(MASK, text)
        return self._without_stump(masked) if len(text) >= CUT else masked

    def console(self, lines: tuple[ConsoleLine, ...]) -> tuple[ConsoleLine, ...]:
        """The same lines, masked."""
        if not self._pattern or not lines:
            return lines
        return tuple(ConsoleLine(level=line.level, text=self.text(line.text)) for line in lines)

    def outcome(self, outcome: Outcome) -> Outcome:
        """A denial or a failure with its name, message and stack masked; an answer as it is."""
        if not self._pattern or isinstance(outcome, Answer):
            return outcome
        name, message, stack = map(self.text, (outcome.name, outcome.message, outcome.stack))
        return replace(outcome, name=name, message=message, stack=stack)

    def _without_stump(self, text: str) -> str:
        for form in self._forms:
            for size in range(min(len(form), len(text)), SHORTEST - 1, -1):
                if text.endswith(form[:size]):
                    return text[: len(text) - size] + MASK
        return text


def _forms(value: str) -> Iterator[str]:
    """As it is, as in JSON, as `console.log` escapes it, as in a URL, as in a Basic header of its own."""
    encoded = value.encode("utf-8", "surrogatepass")
    yield value
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r").replace("'", "\\'")
    yield quote(encoded, safe="")
    yield b64encode(encoded).decode()
