"""Files and folders that secrets are in, and variables that name such files, as containers have HOOKD_METRICS_TOKEN_FILE."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runtime.errors import SettingsError

_LOG: Final = logging.getLogger("hookd.bootstrap")


def private_folder(folder: Path) -> None:
    """Make the folder, readable by its owner only; one that is there already stays as it is."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"The folder {folder} can not be made: {error.strerror}.") from None


def is_open_to_others(path: Path) -> bool:
    """Whether others than who must read this file may use it. Raises `OSError`.

    systemd and Kubernetes hand secrets over in files that are root's, where the group lets whoever runs the service read.
    """
    status = path.stat()
    return bool(status.st_mode & (0o077 if status.st_uid == os.geteuid() else 0o037))


def with_files(environ: Mapping[str, str], files: Mapping[str, str]) -> dict[str, str]:
    """The variables, and for each that names a file the one with its content. `files`: `environment.files_of`. `SettingsError`."""
    read = dict(environ)
    for variable, meant in files.items():
        if environ.get(variable):
            if meant in environ:
                raise SettingsError(f"Give {meant} or {variable}, not both.")
            read[meant] = _content(variable, Path(environ[variable]))
    return read


def _content(variable: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
        is_open = is_open_to_others(path)
    except OSError as error:
        raise SettingsError(f"The file {path}, which {variable} names, can not be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"The file {path}, which {variable} names, is not text.") from None
    if is_open:
        _LOG.warning("others than its owner may use %s, which %s names: chmod 600 it", path, variable)
    return text
