"""Files of whoever uses the command line: each is replaced in one step, so that who interrupts it has the old or the new one, whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from runtime.durable import settle


def write_file(path: Path, text: str) -> None:
    """Put the text in place of the file's, in UTF-8; a file that is there keeps its mode, and a link stays a link. `OSError`."""
    try:
        there = path.stat()
    except FileNotFoundError:
        there = None
    if there is not None and not _is_replaceable(path, there):
        path.write_text(text, "utf-8")
        return
    _replace(path, text, 0o666, there)


def write_private(path: Path, text: str) -> None:
    """The same for a file that nobody else may read: of mode 0600, whatever an older one had."""
    _replace(path, text, 0o600, None)


def _is_replaceable(path: Path, there: os.stat_result) -> bool:
    """Not a pipe or a terminal, nor a name that this process has for what is open: they are written to."""
    return stat.S_ISREG(there.st_mode) and path.absolute().parts[1:2] not in (("dev",), ("proc",))


def _replace(path: Path, text: str, mode: int, there: os.stat_result | None) -> None:
    path = Path(os.path.realpath(path))
    draft = path.with_name(f".hookd-{os.urandom(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode if there is None else 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if there is not None:
                if os.geteuid() == 0:  # the project may be another user's
                    os.fchown(descriptor, there.st_uid, there.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(there.st_mode))
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    settle(path.parent)
