"""Types for editors and for `tsc`: `hookd.d.ts`, written beside a hook."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from runtime.errors import SettingsError

NAME = "hookd.d.ts"


def declarations() -> str:
    """The file's text."""
    return (resources.files("runtime.types") / NAME).read_text("utf-8")


def write_declarations(folder: Path, *, force: bool) -> Path:
    """Put the file into this folder. `SettingsError` says what is in the way: another file is replaced by *force* only."""
    file, text = folder / NAME, declarations()
    try:
        if not force and file.exists() and file.read_text("utf-8") != text:
            raise SettingsError(
                f"{file} is not what this version of hookd writes: it is older, or was changed. Give --force to replace it."
            )
        file.write_text(text, "utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise SettingsError(
            f"There is no folder {folder}: make it first, or choose another one with --output."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{file} can not be written ({reason}): choose another folder with --output.") from None
    return file
