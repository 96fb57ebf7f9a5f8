"""Settings as TOML, for people: secrets hidden, colours on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from rich.console import Console
from rich.syntax import Syntax

from runtime.configuration import without_password
from runtime.settings import Settings

HIDDEN = "(hidden)"


def show_toml(text: str) -> None:
    """Print it; coloured only where somebody looks."""
    console = Console()
    if console.is_terminal:
        console.print(Syntax(text.rstrip(), "toml", background_color="default", word_wrap=True))
    else:
        print(text, end="")  # noqa: T201 - a command's output


def as_toml(settings: Settings, origins: Mapping[str, str] | None = None) -> str:
    """All settings as they are in effect, a set secret as `(hidden)`. Behind each stands where it comes from, by `origins`."""
    remarks = {path: f"  # {origin}" for path, origin in (origins or {}).items() if origin.isprintable()}
    return "\n".join(
        line for section in fields(settings) for line in _table(getattr(settings, section.name), section.name, remarks)
    )


def _table(record: Any, path: str, remarks: Mapping[str, str], brackets: str = "[]") -> Iterator[str]:
    """A table's own values, then its arrays of tables."""
    yield (f"{brackets[0]}{path}{brackets[-1]}" if brackets == "[]" else f"[[{path}]]") + remarks.get(path, "")
    rows: list[str] = []
    for item in fields(record):
        value = getattr(record, item.name)
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            rows += [line for row in value for line in _table(row, f"{path}.{item.name}", remarks, "[[]]")]
        else:
            shown = _value(HIDDEN if item.metadata["secret"] and value else value)
            yield f"{item.name} = {shown}{remarks.get(f'{path}.{item.name}', '')}"
    yield ""
    yield from rows


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(without_password(value) if "://" in value else value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_string(name)} = {_value(inner)}" for name, inner in value.items()) + "}"
    return str(value)


def _string(text: str) -> str:
    """A TOML basic string: JSON's escapes are all TOML's too."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
