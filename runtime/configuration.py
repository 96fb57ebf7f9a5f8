"""What a setting is, and how a TOML document becomes settings: dataclasses whose fields carry their help text and rule. Pure."""

from __future__ import annotations

import contextlib
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from runtime.errors import SettingsError

T = TypeVar("T")


def setting(
    default: Any,
    help: str,
    *,
    least: int | None = None,
    most: int | None = None,
    choices: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """A dataclass field with its help text and rule. A callable default makes a fresh value (sections)."""
    metadata = {"help": help, "least": least, "most": most, "choices": choices, "secret": secret}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata, repr=not secret)


def example_lines(kind: type) -> list[str]:
    """Each setting with its default, commented out, and what it does."""
    hints = hints_of(kind)
    return [
        f"# {item.name} = {_toml(_default(item))}  # {item.metadata['help']}"
        for item in fields(kind)
        if not row_type(hints[item.name])
    ]


def summary_of(kind: type) -> str:
    """What a dataclass is, as its docstring says after the section's name."""
    text = (kind.__doc__ or "").split("\n")[0].split(": ", 1)[-1]
    return text[:1].upper() + text[1:]


@cache  # to find them out is most of the time that a configuration takes
def hints_of(kind: type) -> Mapping[str, Any]:
    """The types of a dataclass's fields."""
    return get_type_hints(kind)


def row_type(hint: Any) -> type | None:
    """The dataclass of an array of tables, else None."""
    arguments = get_args(hint)
    return arguments[0] if get_origin(hint) is tuple and is_dataclass(arguments[0]) else None  # type: ignore[return-value]


def _default(item: Field[Any]) -> Any:
    return item.default_factory() if item.default_factory is not MISSING else item.default


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return "{}" if isinstance(value, dict) else f"{value}"


def from_text(variable: str, text: str, hint: Any) -> object:
    """The value of an environment variable. `SettingsError`."""
    try:
        if hint is bool:
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if hint in (int, float):
            return hint(text)
    except (KeyError, ValueError):
        raise SettingsError(f"{variable} must be {_kind(hint)}, not {text!r}.") from None
    if hint is str:
        return text
    if get_args(hint) == (str, ...) and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    return _document(variable, text, hint)


def _document(variable: str, text: str, hint: Any) -> object:
    """JSON, or a value of TOML. What is wrong is told by its place alone: there may be secrets in it."""
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(text, object_pairs_hook=lambda pairs: _once(variable, pairs))
    with contextlib.suppress(ValueError, RecursionError):
        return tomllib.loads(f"value = {text}")["value"]
    what = "an array of tables" if row_type(hint) else "an array of strings"
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        where = f"; as JSON it ends at line {error.lineno}, column {error.colno}"
    except RecursionError:
        where = ""
    raise SettingsError(f"{variable} must be {what}, as JSON or as TOML has it{where}.")


def _once(variable: str, pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object, each of whose names is there once, as TOML has it. Which one is not is not told: it may be a secret."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise SettingsError(f"{variable} has a table in which a name is there twice.")
    return found


def fill(kind: type[T], table: object, path: str) -> T:
    """A dataclass from a table of TOML. `SettingsError` names the setting and the rule."""
    if not isinstance(table, Mapping):
        raise SettingsError(f"[{path}] must be a table.")
    hints = hints_of(cast(type, kind))
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    for name in table:
        if name not in known:
            raise SettingsError(f"There is no setting '{_join(path, name)}'; here are: {', '.join(known)}.")
    values = {name: _value(known[name], hints[name], value, _join(path, name)) for name, value in table.items()}
    return kind(**values)


def _value(item: Field[Any], hint: Any, value: object, path: str) -> object:
    row = row_type(hint)
    if is_dataclass(hint):
        return fill(cast(type, hint), value, path)
    if row:
        if not isinstance(value, (list, tuple)):
            raise SettingsError(f"'{path}' must be an array of tables: [[{path}]].")
        return tuple(fill(row, entry, f"{path}[{index}]") for index, entry in enumerate(value))
    if get_origin(hint) is tuple:
        if isinstance(value, (list, tuple)) and all(isinstance(entry, str) for entry in value):
            return tuple(value)
        raise SettingsError(f"'{path}' must be an array of strings.")
    if get_origin(hint) is dict:
        if isinstance(value, dict):
            _require_finite(value, path)
            return value
        raise SettingsError(f"'{path}' must be a table.")
    return _scalar(item, hint, value, path)


def _scalar(item: Field[Any], hint: Any, value: object, path: str) -> object:
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        raise SettingsError(f"'{path}' must be {_kind(hint)}.")
    _require_finite(value, path)
    least, most, choices = (item.metadata[rule] for rule in ("least", "most", "choices"))
    if least is not None and not least <= cast(int, value) <= most:
        raise SettingsError(f"'{path}' must be from {least} to {most}, not {value}.")
    if choices and value not in choices:
        raise SettingsError(f"'{path}' must be one of {', '.join(choices)}, not {value!r}.")
    return value


def _require_finite(value: object, path: str) -> None:
    """Also in tables that are taken as they are: they become JSON, which has no such numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingsError(f"'{path}' must be a number, not {value}.")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _require_finite(inner, path)


def _kind(hint: Any) -> str:
    return {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}.get(
        hint, "an array or a table"
    )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def without_password(url: str) -> str:
    """A URL as it may be shown. Of a Redis also where it is malformed: what stands before its last at sign may be a password."""
    scheme, separator, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    is_path = "/" in credentials and not scheme.startswith(("redis", "unix"))
    user, colon, _ = credentials.partition(":")
    return f"{scheme}{separator}{user}:(hidden){at}{place}" if colon and not is_path else url
