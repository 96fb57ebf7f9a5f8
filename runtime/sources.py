"""What settings are read from: the configuration's file, variables, and the files of secrets that variables name.

Read once, it can be handed on as bytes: who starts from them starts with what was read, whatever the files have become since.
"""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runtime.environment import files_of, variables_of
from runtime.errors import SettingsError
from runtime.secret_files import with_files
from runtime.settings import Settings, parse


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read. `path` is for messages; of `secrets` each is by the variable whose value its file stands for."""

    path: Path | None
    content: bytes = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)

    def settings(self, environ: Mapping[str, str]) -> Settings:
        """What it says, with the variables, which win. `SettingsError` says what to mend."""
        return parse(self.document(), {**environ, **self.secrets})

    def document(self) -> dict[str, object]:
        """The file's, empty where there is none. `SettingsError`."""
        return {} if self.path is None else _parsed(self.path, self.content)

    def handed_on(self) -> bytes:
        """For `received`, which another process may call. There are secrets in it."""
        said = {"content": base64.b64encode(self.content).decode(), "secrets": dict(self.secrets)}
        return json.dumps(said).encode()


def read_sources(path: Path | None, environ: Mapping[str, str]) -> Sources:
    """As they are now; `path` is the file, if any. `SettingsError` where one can not be read."""
    secrets = with_files(environ, files_of(Settings))
    return Sources(
        path,
        b"" if path is None else _read(path),
        {name: value for name, value in secrets.items() if name not in environ},
    )


def received(path: Path | None, handed_on: bytes) -> Sources:
    """As they were when they were handed on."""
    said = json.loads(handed_on)
    return Sources(path, base64.b64decode(said["content"]), said["secrets"])


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Settings from a TOML file, if any, and from `HOOKD_*` variables, which win. `SettingsError` says what to mend."""
    return read_sources(path, environ).settings(environ)


def origins_of(path: Path | None, environ: Mapping[str, str]) -> dict[str, str]:
    """Where each setting comes from that is not its default: by its path, such as server.port, a variable or the file."""
    document = read_sources(path, {}).document()
    found = {
        f"{section}.{name}": str(path)
        for section, table in document.items()
        if isinstance(table, dict)
        for name in table
    }
    for name, variable in variables_of(Settings).items():
        given = next((one for one in (name, variable.file) if one and one in environ), None)
        found |= {variable.path: given} if given else {}
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise SettingsError(f"There is no file {path}; config.example.toml is one to copy.") from None
    except OSError as error:
        raise SettingsError(f"The file {path} can not be read: {error.strerror}.") from None


def _parsed(path: Path, content: bytes) -> dict[str, object]:
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        fault = f"No UTF-8 (at line {_line(content[: error.start])})"
    except tomllib.TOMLDecodeError as error:
        fault = str(error).replace("at end of document", f"at its end, line {_line(content.rstrip())}")
    raise SettingsError(f"The file {path} is not TOML: {fault}.")


def _line(before: bytes) -> int:
    return before.count(b"\n") + 1
