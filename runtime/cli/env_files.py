"""Files of `NAME=value` lines: a project's secrets.env, the demo's demo.env, a user's own. Read and written; here alone.

Rule: no message has a value in it.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from runtime.errors import SettingsError
from runtime.model import Secrets

_VARIABLE: Final = re.compile(r"(?:export\s+)?([^\s=#][^=]*?)\s*=\s*(.*)")
_EXPORT: Final = re.compile(r"export(\s+\w+)+")
"""What a shell does with names that have a value already."""


def read_values(file: Path) -> Secrets:
    """The values by their names; nothing where there is no file. `SettingsError` names the line."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return Secrets()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{file} can not be read ({reason}): it must have lines of NAME=value.") from None
    values = Secrets()
    for number, line in enumerate(map(str.strip, lines), 1):
        if line and not line.startswith("#") and not _EXPORT.fullmatch(line):
            found = _VARIABLE.fullmatch(line)
            if found is None:
                raise SettingsError(f"{file}, line {number}, is not NAME=value: mend it, or begin it with #.")
            values[found[1]] = _unquoted(found[2])
    return values


def _unquoted(text: str) -> str:
    """In double quotes a backslash and an n are a new line, as in JSON; in single quotes all is as it is."""
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        return text
    if text[0] == '"':
        with contextlib.suppress(ValueError):
            return str(json.loads(text))
    return text[1:-1]


def render_values(names: Sequence[str], values: Mapping[str, str]) -> str:
    """The text of a secrets.env: a line for each name, commented out where it has no value."""
    lines = [f"{name}={_written(values[name])}" if name in values else f"# {name}=" for name in names]
    return "\n".join([*lines, ""])


def _written(value: str) -> str:
    is_plain = value.isprintable() and value == value.strip() and value[:1] not in ("'", '"')
    return value if is_plain else json.dumps(value, ensure_ascii=False)
