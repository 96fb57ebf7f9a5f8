"""Master keys: where they are read, made and replaced.

A file has a key a line, in base64, and what begins with `#` is a remark. The first key seals, all of them open; one behind the
word `next` only opens, until it becomes the first. So a key is replaced without a moment in which some process meets what it
can not open: first all know the new key, then it seals, then what the old one sealed is sealed anew (`rotation`), then the
old one goes. Each step is one file in place of another.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.durable import settle
from runtime.errors import SettingsError
from runtime.secret_files import is_open_to_others
from runtime.settings import StorageSettings

KEY_BYTES: Final = 32
"""Of a master key: AES-256."""

_NEXT: Final = "next "
_VARIABLE: Final = "HOOKD_STORAGE_MASTER_KEY"
_LOG: Final = logging.getLogger("hookd.bootstrap")


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The first of `sealing` seals, all open."""

    sealing: tuple[bytes, ...]
    following: tuple[bytes, ...] = ()

    @property
    def all(self) -> tuple[bytes, ...]:
        """The one that seals, then the others."""
        return (*self.sealing, *self.following)

    def __repr__(self) -> str:
        return f"MasterKeys({len(self.sealing)}, {len(self.following)})"


def master_keys(storage: StorageSettings) -> MasterKeys:
    """What seals hooks' secrets and signing keys. `SettingsError` says how to make a key, and never shows one."""
    if storage.master_key and storage.master_key_file:
        raise SettingsError("Give 'storage.master_key' or 'storage.master_key_file', not both.")
    if storage.master_key_file:
        return read_keys(Path(storage.master_key_file))
    if storage.master_key:
        return _parsed(storage.master_key.split(","), "'storage.master_key'")
    raise SettingsError(
        "A master key is missing: make one with `hookd keys new --file FILE`, see [storage] master_key_file."
    )


def keys_if_any(storage: StorageSettings) -> tuple[bytes, ...]:
    """All of them as they are now, the one that seals first; none where the configuration names none. `SettingsError`."""
    return master_keys(storage).all if storage.master_key or storage.master_key_file else ()


def where_keys_are(storage: StorageSettings, environ: Mapping[str, str]) -> str:
    """What they are called in messages: the file that has them, or the variable, or the setting."""
    if storage.master_key_file:
        return f"The master key in {storage.master_key_file}"
    return f"The master key in {_VARIABLE if _VARIABLE in environ else '[storage] master_key'}"


def read_keys(path: Path) -> MasterKeys:
    """The keys of a file. `SettingsError`."""
    return _parsed(_read(path).splitlines(), f"The master key in {path}")


def new_master_key() -> str:
    """A fresh one, in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def write_master_key(path: Path) -> None:
    """A fresh one in a new file of mode 0600. `FileExistsError` where there is a file: a lost key seals for ever."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(new_master_key() + "\n")
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        path.unlink()  # half a key keeps a service from starting, and the next one from being made
        raise
    settle(path.parent)


def replace_keys(path: Path, keys: MasterKeys) -> None:
    """Put these in place of the file's, in one step, for who could read it. `OSError` when it can not be: then it is as it was."""
    path = path.resolve()
    owner = path.stat()
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    lines = [*(_text(key) for key in keys.sealing), *(_NEXT + _text(key) for key in keys.following)]
    try:
        _write(draft, os.O_EXCL, lines, owner, group=stat.S_IRGRP)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    settle(path.parent)


def keep_old(path: Path, keys: Iterable[bytes]) -> Path:
    """Add keys that are in use no more to the file beside this one that is for backups from before, and name it. `OSError`."""
    path = path.resolve()
    kept = path.with_name(f"{path.name}.old")
    _write(kept, os.O_APPEND, [_text(key) for key in keys], path.stat())
    settle(path.parent)
    return kept


def _write(path: Path, how: int, lines: Iterable[str], owner: os.stat_result, group: int = 0) -> None:
    """`group`: what it may do with the file, where it may with the one that this is made after, and that is root's to say."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how, 0o600)
    with os.fdopen(descriptor, "w") as file:
        if os.geteuid() == 0:  # the service may be another user's, who must read it
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
            os.fchmod(descriptor, 0o600 | owner.st_mode & group)
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(descriptor)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
        is_open = is_open_to_others(path)
    except FileNotFoundError:
        raise SettingsError(
            f"There is no master key file {path}: make it with `hookd keys new --file {path}`."
        ) from None
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"The master key file {path} can not be read.") from None
    if is_open:
        _LOG.warning("others than its owner may use the master key file %s: chmod 600 it", path)
    return text


def _parsed(lines: Iterable[str], what: str) -> MasterKeys:
    stripped = [line.strip() for line in lines]
    texts = [line for line in stripped if line and not line.startswith("#")]
    keys = MasterKeys(
        tuple(_decoded(text, what) for text in texts if not text.startswith(_NEXT)),
        tuple(_decoded(text.removeprefix(_NEXT), what) for text in texts if text.startswith(_NEXT)),
    )
    if not keys.sealing:
        _decoded("", what)
    if len(set(keys.all)) != len(keys.all):
        raise SettingsError(f"{what} is there twice.")
    return keys


def _decoded(text: str, what: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{what} must be {KEY_BYTES} bytes in base64: `hookd keys new` makes one.")
    return key
