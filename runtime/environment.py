"""What variables say of the configuration: `HOOKD_SECTION_NAME` for each setting, and which of them nothing reads. Pure.

`HOOKD_SECTION_NAME_FILE` names a file with the value, where that is a secret or may have one in it; `secret_files` reads it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from runtime.configuration import from_text, hints_of, row_type
from runtime.errors import SettingsError

PREFIX: Final = "HOOKD_"


@dataclass(frozen=True, slots=True)
class Variable:
    """The setting that it is for. `file` is the variable that may name a file in its place, "" for none."""

    section: str
    name: str
    hint: Any
    file: str

    @property
    def path(self) -> str:
        """As the configuration has it: `server.port`."""
        return f"{self.section}.{self.name}"


def variables_of(kind: type) -> dict[str, Variable]:
    """One for each setting, by its name. `kind` is a dataclass of sections."""
    found: dict[str, Variable] = {}
    for section, hint in hints_of(kind).items():
        hints = hints_of(hint)
        for item in fields(hint):
            variable = f"{PREFIX}{section}_{item.name}".upper()
            may_be_file = (item.metadata["secret"] or row_type(hints[item.name])) and f"{item.name}_file" not in hints
            found[variable] = Variable(section, item.name, hints[item.name], f"{variable}_FILE" if may_be_file else "")
    return found


def files_of(kind: type) -> dict[str, str]:
    """By the variable that names a file: the one that has its content."""
    return {known.file: name for name, known in variables_of(kind).items() if known.file}


def overlay(kind: type, document: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, object]:
    """The document with what variables say. `SettingsError` names one that is wrong, or is for a setting that there is not."""
    _require_known(kind, environ)
    merged = {name: dict(part) if isinstance(part, Mapping) else part for name, part in document.items()}
    for name, variable in variables_of(kind).items():
        if name in environ:
            table = merged.setdefault(variable.section, {})
            if isinstance(table, dict):
                table[variable.name] = from_text(name, environ[name], variable.hint)
    return merged


def unread(kind: type, environ: Iterable[str], others: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """Variables that nothing reads, mostly a slip of the pen, each with the one that was meant, or "". `others` are read, too."""
    known = {*variables_of(kind), *files_of(kind), *others}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            yield name, next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.8)), "")


def _require_known(kind: type, environ: Iterable[str]) -> None:
    """What is so near to a setting must not be passed over in silence: somebody relies on it. Others may be other programs'."""
    sections = tuple(f"{PREFIX}{section}_".upper() for section in hints_of(kind))
    for name, near in unread(kind, environ):
        if name.startswith(sections):
            raise SettingsError(f"There is no setting {name}" + (f"; did you mean {near}?" if near else "."))
