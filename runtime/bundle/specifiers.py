"""Which modules a source requires: `lodash`, `lodash@4.17.19`, `@scope/name@1.2/path`. Pure.

A text is looked at, not a program: comments are passed by, and what stands in a template or behind a regular expression with
quotes may be missed or taken for more than it is. The first is an error when the module is required, with its name; the second
is a module that nobody needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from runtime.manifest import MODULE_NAME_CHARS, MODULE_PATTERN, MODULE_VERSION_CHARS

# Nothing in it is gone over twice: what is opened is taken to its end, or to the end of the line, or of the source.
_TOKEN: Final = re.compile(
    r"""//[^\n]*|/\*(?:.*?\*/|.*)"""
    r"""|(?P<requires>\b(?:require\s{0,9}\(|import\s{0,9}\(?|from)\s{0,9})?"""
    r"""(?:'(?P<single>[^'\\\n]*(?:\\.[^'\\\n]*)*)'?|"(?P<double>[^"\\\n]*(?:\\.[^"\\\n]*)*)"?|`(?:(?P<plain>[^`\\$\n]{1,300})`)?)""",
    re.DOTALL,
)
_SPECIFIER: Final = re.compile(r"((?:@[^/@\s]+/)?[^/@\s:]+)(?:@([^/]*))?((?:/[^/]+)+)?")
_NAME: Final = re.compile(MODULE_PATTERN.strip("^$"))
# A range of versions or a tag of the registry. Not what npm takes for a folder, an archive, a URL or another name.
_RANGE: Final = re.compile(r"(?!.*\.(?:tgz|tar|tar\.gz)$)(?:[0-9A-Za-z^<>=*~ ][0-9A-Za-z.+^~<>=|* -]*)?", re.IGNORECASE)
MOST: Final = 40
"""Most modules, and files of modules, that one hook may require."""

# Node's own (module.builtinModules): require('crypto') is Node's, whatever a registry has under this name.
BUILTINS: Final = frozenset(
    re.findall(
        r"\w+",
        """
    assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain
    events fs http http2 https inspector module net os path perf_hooks process punycode querystring readline repl
    stream string_decoder sys timers tls trace_events tty url util v8 vm wasi worker_threads zlib
    """,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specifier:
    """What a source writes to get a module. `version` is "" where it does not say; `path` begins with a slash, or is ""."""

    text: str
    name: str
    version: str = ""
    path: str = ""


def parse(text: str) -> Specifier | None:
    """What a text says, or None where it names no module: a path, or a builtin as `node:fs`."""
    found = _SPECIFIER.fullmatch(text)
    if found is None or not is_name(found[1]):
        return None
    return Specifier(text=text, name=found[1], version=found[2] or "", path=found[3] or "")


def is_name(text: str) -> bool:
    """Whether a module could be called so."""
    return len(text) <= MODULE_NAME_CHARS and _NAME.fullmatch(text) is not None


def is_range(text: str) -> bool:
    """Whether a registry could have such versions: no alias, no URL, no file."""
    return len(text) <= MODULE_VERSION_CHARS and _RANGE.fullmatch(text) is not None and not text.startswith("~/")


def required(source: str, dependencies: Mapping[str, str]) -> list[Specifier]:
    """What the source requires of the registry, once each, in order: with a version, or named in `dependencies`.

    A dependency counts where its name stands in any string: `['lodash', 'ms'].map(require)`.
    """
    if not dependencies and "@" not in source:
        return []
    found = {specifier.text: specifier for specifier in _specifiers(source) if _is_meant(specifier, dependencies)}
    return list(found.values())[: MOST + 1]


@dataclass(frozen=True, slots=True)
class _Mentioned(Specifier):
    """In a string that nobody requires there."""


def _is_meant(specifier: Specifier, dependencies: Mapping[str, str]) -> bool:
    if specifier.version:
        return not isinstance(specifier, _Mentioned)
    return specifier.name in dependencies and specifier.name not in BUILTINS


def _specifiers(source: str) -> Iterator[Specifier]:
    for token in _TOKEN.finditer(source):
        text = token["single"] or token["double"] or token["plain"]
        specifier = parse(text) if text else None
        if specifier is not None:
            yield specifier if token["requires"] else _mentioned(specifier)


def _mentioned(specifier: Specifier) -> Specifier:
    return _Mentioned(text=specifier.text, name=specifier.name, version=specifier.version, path=specifier.path)
