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
from itertools import islice
from sys import getsizeof
from typing import Final, TypeAlias
from urllib.parse import quote, quote_plus

from runtime.model import Answer, ConsoleLine, DroppedClaim, Outcome, Refusal

MASK: Final = "[secret]"
SHORTEST: Final = 4
"""Shorter values are not masked: `1` or `on` would take every other word of a log along."""

SHORTEST_LINE, MOST_LINES = 8, 60
"""Of a value of several lines, also each line of this length is masked: the console shows them one by one. So many of a
hook's at most, for each is searched for: a private key has thirty.
"""

MOST_NAMES: Final = 500_000
"""Characters of dropped claims' names, times the forms that each is searched for. Names beyond are masked as a whole."""

CUT: Final = 1000
"""The guest cuts messages at 4,096 bytes, stacks at 8,192: a text of fewer characters than this was not cut."""

MOST_FOUND, MOST_TRIED = 2_000, 16
"""Secrets found in one text, and beginnings of one that its end is compared with. A hook that has made more of them has made them
so that looking takes long: then all of the text is masked, or of its end what may be one.
"""

Span: TypeAlias = tuple[int, int]

_NUMBERS: Final = frozenset({int, float})
# Between console lines that are searched as one text. No secret has it and no line, for both are Unicode.
_BETWEEN: Final = "\ud800"
_CONTROLS: Final = (*range(0x20), *range(0x7F, 0xA0))
_SHORT_ESCAPES: Final = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\"}
_ESCAPES: Final = str.maketrans({chr(code): f"\\x{code:02X}" for code in _CONTROLS} | _SHORT_ESCAPES)
# What JavaScript's encodeURIComponent and encodeURI leave, beside what Python's quote leaves.
_URL_COMPONENT, _URL = "!'()*", "!'()*;,/?:@&=+$#"
_HOST = re.compile(r"[0-9A-Za-z._-]+")
_SHOWN_BYTES: Final = 50
"""Of a Buffer that the console shows."""


def is_masked(value: str) -> bool:
    """Whether it is long enough."""
    return len(value) >= SHORTEST


class Mask:
    """Replaces one hook's secret values in text."""

    __slots__ = ("_forms", "hides", "size")

    hides: bool
    """Whether there is anything to mask."""

    size: int
    """Bytes it occupies."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        values = [value for value in secrets.values() if is_masked(value)]
        lines = islice((line for value in values for line in _lines(value)), MOST_LINES)
        forms = {form for value in values for form in _forms(value)} | {form for line in lines for form in _shown(line)}
        self._forms = tuple(sorted(forms))
        self.hides = bool(forms)
        self.size = sum(map(getsizeof, self._forms))

    def work(self, outcome: Outcome, lines: tuple[ConsoleLine, ...]) -> int:
        """What masking these takes: the characters, times the forms that each is searched for."""
        said = "" if isinstance(outcome, Answer) else outcome.message + outcome.stack
        if isinstance(outcome, Refusal) and outcome.properties:
            said += json.dumps(outcome.properties)
        return len(self._forms) * (len(said) + sum([len(line.text) for line in lines]))

    def dropped(self, claims: tuple[DroppedClaim, ...]) -> tuple[DroppedClaim, ...]:
        """Dropped claims with their names masked: a hook may have made a secret a claim's name by mistake."""
        if not self._forms:
            return claims
        left, names = MOST_NAMES // len(self._forms), []
        for claim in claims:
            left -= len(claim.name)
            names.append(claim.name if left >= 0 else MASK)
        masked = (self.text(name) if len(name) >= CUT else name for name in self._each(names))
        return tuple(replace(claim, name=name) for claim, name in zip(claims, masked, strict=True))

    def text(self, text: str) -> str:
        """The text without the secrets, nor the beginning of one at the end of a text that was cut."""
        spans = self._found(text)
        if len(text) >= CUT:
            spans += self._stumps(text)
        return _masked(text, spans)

    def console(self, lines: tuple[ConsoleLine, ...]) -> tuple[ConsoleLine, ...]:
        """The same lines, masked."""
        if not self._forms or not lines:
            return lines
        texts = [line.text for line in lines]
        masked = self._each(texts)
        if masked is texts:
            return lines
        return tuple(ConsoleLine(level=line.level, text=text) for line, text in zip(lines, masked, strict=True))

    def outcome(self, outcome: Outcome) -> Outcome:
        """A denial or a failure with its name, message, stack and properties masked; an answer as it is."""
        if not self._forms or isinstance(outcome, Answer):
            return outcome
        name, message, stack = map(self.text, (outcome.name, outcome.message, outcome.stack))
        masked = replace(outcome, name=name, message=message, stack=stack)
        if isinstance(masked, Refusal) and masked.properties:
            return replace(
                masked, properties={self.text(key): self.json(value) for key, value in masked.properties.items()}
            )
        return masked

    def json(self, value: object) -> object:
        """JSON with its texts and names masked, and each number in whose digits a secret is."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.json(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.json(member) for member in value]
        return MASK if type(value) in _NUMBERS and self._found(str(value)) else value

    def _each(self, texts: list[str]) -> list[str]:
        """Searched as one text; the same list where nothing is found."""
        text = _BETWEEN.join(texts)
        spans = self._found(text)
        return _masked(text, spans).split(_BETWEEN) if spans else texts

    def _found(self, text: str) -> list[Span]:
        found = (span for form in self._forms if form in text for span in _places(form, text))
        spans = list(islice(found, MOST_FOUND + 1))
        return spans if len(spans) <= MOST_FOUND else list(_whole(text))

    def _stumps(self, text: str) -> Iterator[Span]:
        for form in self._forms:
            start, head, tried = len(text) - len(form), form[:SHORTEST], 0
            while (start := text.find(head, max(0, start + 1))) >= 0:
                tried += 1
                if tried > MOST_TRIED or form.startswith(text[start:]):
                    yield start, len(text)
                    break


def _whole(text: str) -> Iterator[Span]:
    """All of it, line by line."""
    end = -len(_BETWEEN)
    for line in text.split(_BETWEEN):
        start = end + len(_BETWEEN)
        end = start + len(line)
        if line:
            yield start, end


def _places(form: str, text: str) -> Iterator[Span]:
    end = 0
    while (start := text.find(form, end)) >= 0:
        end = start + len(form)
        yield start, end


def _masked(text: str, spans: list[Span]) -> str:
    """With one mask for each span, and one for all that overlap."""
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if start >= at:
            parts += (text[at:start], MASK)
        at = max(at, end)
    return "".join((*parts, text[at:]))


def _forms(value: str) -> Iterator[str]:
    """As it is, as in JSON, as `console.log` shows it, as in a URL, a form, a host's name, as its bytes, as within base64."""
    yield from _shown(value)
    encoded = value.encode("utf-8", "surrogatepass")
    for unescaped in ("", _URL_COMPONENT, _URL):
        yield quote(encoded, safe=unescaped)
    yield quote_plus(encoded, safe="*").replace("~", "%7E")
    if len(value) >= SHORTEST_LINE and _HOST.fullmatch(value):  # a shorter one may be a word
        yield value.lower()
    yield encoded.hex()
    yield encoded.hex().upper()
    yield encoded[:_SHOWN_BYTES].hex(" ")
    yield b64encode(encoded).decode()
    for shift in range(3):
        yield from _within_base64(encoded, shift)


def _lines(value: str) -> Iterator[str]:
    lines = map(str.strip, value.split("\n") if "\n" in value else ())
    return (line for line in lines if len(line) >= SHORTEST_LINE)


def _shown(text: str) -> Iterator[str]:
    escaped = text.translate(_ESCAPES)
    yield text
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield escaped
    yield escaped.replace("'", "\\'")


def _within_base64(value: bytes, shift: int) -> Iterator[str]:
    """The characters that are the value's alone, where so many bytes (less whole triples) stand before it: `id:secret`."""
    digits = b64encode(bytes(shift) + value).decode()
    only = digits[(8 * shift + 5) // 6 : 8 * (shift + len(value)) // 6]
    yield only
    yield only.replace("+", "-").replace("/", "_")
