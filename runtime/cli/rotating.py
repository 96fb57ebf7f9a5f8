"""The steps of `hookd keys rotate`. Each is done whole or not at all, and says what the next is: see `master_keys`.

And `hookd keys adopt`, for who has lost the key.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from runtime.bootstrap import adopt_key, seal_anew
from runtime.cli.failures import CommandFailed
from runtime.cli.output import Output, plural
from runtime.configuration import without_password
from runtime.errors import HookdError, SettingsError
from runtime.issuer.opening import look_at_store, name_of
from runtime.issuer.resealing import reseal
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.master_keys import MasterKeys, keep_old, master_keys, new_master_key, replace_keys
from runtime.settings import Settings, StorageSettings
from runtime.sources import load_settings

T = TypeVar("T")

START_SECONDS: Final = 120.0
"""Longest wait for a service to start anew."""

_TOLD: Final = {
    "added": "the new key is known beside the old one",
    "sealing": "the new key seals",
    "rotated": "all secrets are under the new key, and the old one is out of use",
}


def rotate(settings: Settings, pid: int | None, out: Output) -> None:
    """The next step; with the process of a service, all that are left."""
    storage = settings.storage
    if not storage.master_key_file:
        raise SettingsError(
            "Only a key in a file can be rotated: put it into one (mode 0600) and name that in [storage] as master_key_file."
        )
    path = Path(storage.master_key_file)
    if pid is not None:
        _require_service(pid, path)
    with _alone(path):
        _look_for_token_server(settings.issuer, out)
        state = ""
        if pid is not None and len(master_keys(storage).all) > 1:
            _start_anew(pid)  # a call before this one may have been interrupted before it did
        while state != "rotated":
            state = _step(settings, path, out)
            if pid is None:
                break
            _start_anew(pid)
            out.note(f"The service has started anew: {_TOLD[state]}.")
    out.answer({"state": state}, lambda: None)
    if pid is None:
        again = ", then run this again" if state != "rotated" else ""
        out.note(
            f"Done: {_TOLD[state]}. Now let every service with this key start anew (kill -HUP; restart it where it was handed a copy){again}."
        )


def _look_for_token_server(settings: IssuerSettings, out: Output) -> None:
    """Before anything is done: who is in another folder than the token server's would find out when the old key is gone."""
    if _run(look_at_store(settings)) is None:
        out.note(
            f"No token server's data is in {name_of(settings)}, so no signing keys are sealed anew. "
            "If there is one elsewhere, name its data in [issuer] database, or run this in its folder."
        )


def _step(settings: Settings, path: Path, out: Output) -> str:
    keys = master_keys(settings.storage)
    if keys.following:
        _replace(path, MasterKeys((*keys.following, *keys.sealing)))
        return "sealing"
    if len(keys.sealing) == 1:
        _replace(path, MasterKeys(keys.sealing, (base64.b64decode(new_master_key()),)))
        return "added"
    _reseal_all(settings, keys, out)
    kept = _replace(path, MasterKeys(keys.sealing[:1]), keys.sealing[1:])
    out.note(f"{kept} has the old key, for backups of the storage from before. Remove it when there are none.")
    return "rotated"


def adopt(storage: StorageSettings, out: Output) -> None:
    """`hookd keys adopt`."""
    lost = _run(adopt_key(storage, master_keys(storage)))
    out.answer({"lost": lost}, lambda: out.lines(lost))
    anew = f" {plural(len(lost), 'secret')} can not be opened, and must be set anew." if lost else ""
    out.note(f"The key is that of {without_password(storage.url)} now.{anew}")


def _replace(path: Path, keys: MasterKeys, old: tuple[bytes, ...] = ()) -> Path:
    try:
        kept = keep_old(path, old) if old else path
        replace_keys(path, keys)
    except OSError as error:
        raise SettingsError(f"The file {path} can not be replaced: {error.strerror}.") from None
    return kept


def _reseal_all(settings: Settings, keys: MasterKeys, out: Output) -> None:
    """Hooks' secrets and the token server's signing keys. `CommandFailed` where something is left under another key."""
    secrets = _run(seal_anew(settings.storage, keys))
    signing = _run(reseal(settings.issuer, keys.all))
    found = f" and {plural(signing.count, 'signing key')}" if signing.count or signing.broken else ""
    out.note(f"Sealed {secrets.count} secrets{found} anew.")
    if secrets.broken:
        raise CommandFailed(
            f"{len(secrets.broken)} secrets can not be opened by any of the keys, so the old one stays: {'; '.join(secrets.broken[:10])}. "
            "Set them anew, or remove them, and run this again."
        )
    if signing.broken:
        raise CommandFailed(
            f"The token server's signing keys can not be opened by any of the keys, so the old one stays: {'; '.join(signing.broken)}. "
            "Put their master key behind those in the file, or name the right [issuer] database, and run this again."
        )


def _run(work: Coroutine[None, None, T]) -> T:
    try:
        return asyncio.run(work)
    except HookdError as error:
        raise CommandFailed(f"The storage failed: {error.debug or error.message}. Run this again.") from None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One at a time: two would make two keys. The kernel lets go of it however this process ends."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError as error:
        raise SettingsError(f"The folder of {path} can not be read: {error.strerror}.") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CommandFailed(f"The key in {path} is being rotated by somebody else.") from None
    finally:
        os.close(folder)


def _require_service(pid: int, path: Path) -> None:
    """Anything else may end by the signal, and a service that has the key from elsewhere would not know the new one."""
    try:
        folder = Path(f"/proc/{pid}")
        command = [os.fsdecode(word) for word in (folder / "cmdline").read_bytes().split(b"\0")]
        environ = [os.fsdecode(pair).partition("=") for pair in (folder / "environ").read_bytes().split(b"\0")]
        at = (folder / "cwd").readlink()
    except OSError as error:
        raise CommandFailed(f"Process {pid} can not be looked at: {error.strerror}.") from None
    if "serve" not in command or not _children(pid):
        raise CommandFailed(f"Process {pid} is no `hookd serve` with workers. Name the first of its processes.")
    given = _option(command, "--config")
    theirs = load_settings(at / given if given else None, {name: value for name, _, value in environ}).storage
    file = at / theirs.master_key_file
    if not theirs.master_key_file or not file.exists() or not file.samefile(path):
        raise CommandFailed(
            f"The service of process {pid} has its key from {theirs.master_key_file or 'its configuration'}, not from {path}: "
            "it would not know the new one. Leave --pid out, and restart the service after each step."
        )


def _option(command: Sequence[str], name: str) -> str:
    """What a command line has for an option, "" for nothing."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.removeprefix(f"{name}=")
    return ""


def _start_anew(pid: int) -> None:
    """Let the service take the file as it is now; return when no process is left that has it as it was."""
    before = _children(pid)
    try:
        os.kill(pid, signal.SIGHUP)
    except OSError as error:
        raise CommandFailed(f"Process {pid} can not be told to start anew: {error.strerror}.") from None
    until = time.monotonic() + START_SECONDS
    while before & _children(pid):
        if time.monotonic() > until:
            raise CommandFailed(
                f"The service of process {pid} did not start anew in {START_SECONDS:.0f} seconds; its log says why. "
                "Nothing is lost: run this again."
            )
        signal.sigtimedwait((), 0.1)  # another process's children tell nobody when they go


def _children(pid: int) -> set[int]:
    """The processes that this one started."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.add(int(folder.name))
    return found
