"""`hookd edit`, and the editor that somebody has chosen."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.cli.failures import CommandFailed, Kept, WrongUsage
from runtime.cli.hooks import suffix_of
from runtime.cli.options import Remote, hook_argument, server_options
from runtime.cli.output import fail, is_terminal
from runtime.cli.reports import remark, summary, written_body

if TYPE_CHECKING:
    from runtime.cli.server import RemoteHook, Written

_USUAL = ("sensible-editor", "nano", "vim", "vi")


class Draft:
    """A file with a script, in a private folder. It goes when all went well, and stays when not."""

    def __init__(self, name: str, script: str) -> None:
        folder = Path(tempfile.mkdtemp(prefix="hookd-"))
        stem = "".join(char if char.isalnum() else "-" for char in name)
        self.file = folder / f"{stem}{suffix_of(script)}"
        self.file.write_text(script, "utf-8")

    def read(self) -> str:
        """What it has now."""
        try:
            return self.file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            raise WrongUsage(f"{self.file} can not be read ({reason}). Nothing was changed.") from None

    def remove(self) -> None:
        """It is on the server, or nobody wants it."""
        shutil.rmtree(self.file.parent, ignore_errors=True)


@click.command(short_help="Edit a hook's script in your editor, and deploy it.")
@hook_argument()
@server_options
def edit(remote: Remote, hook: str | None) -> None:
    """Edit a hook's script in your editor (VISUAL or EDITOR); what you save is deployed.

    A script that does not load can be opened again. Nothing that you wrote is lost: what is not deployed stays in a file.

    \b
    Examples:
      hookd edit my-hook
      EDITOR='code --wait' hookd edit my-hook
    """
    found = remote.hook(hook)
    editing = _Editing(remote, found)
    while editing.open():
        try:
            editing.save()
        except CommandFailed as error:
            fail(error.message)
            if not _again():
                raise Kept(editing.kept) from None
            continue
        if editing.is_sound or not _again():
            break
    editing.end()


class _Editing:
    """A hook, and the file in which its script is changed."""

    def __init__(self, remote: Remote, hook: RemoteHook) -> None:
        self._remote = remote
        self._hook = hook
        self._deployed = hook.script
        self._written: Written | None = None
        self._version = self._newest()
        self.file = make_draft(hook.name, hook.script)

    @property
    def is_sound(self) -> bool:
        """Whether what is deployed can run."""
        return self._written is None or not self._written.is_broken

    @property
    def kept(self) -> str:
        """Where the text is, and what deploys it later."""
        command = ("hookd", "deploy", str(self.file), "--name", self._hook.name, "--trigger", self._hook.trigger)
        return f"Your text is in {self.file}. To deploy it: {shlex.join(command)}"

    def open(self) -> bool:
        """Let the user change it; whether there is something new then."""
        try:
            open_editor(self.file, os.environ)
        except WrongUsage as error:
            if read_draft(self.file) != self._deployed:
                raise Kept(f"{error.message} {self.kept}") from None
            remove_draft(self.file)
            raise
        return read_draft(self.file) != self._deployed

    def save(self) -> None:
        """Deploy what is in the file. `CommandFailed`."""
        script, newest = read_draft(self.file), self._newest()
        if newest != self._version and not _over(newest):
            raise Kept(f"Version {newest} of {self._hook.name} stays as it is.")
        written = self._remote.server.update(self._hook, {"script": script})
        self._written, self._deployed, self._version = written, script, self._newest()
        remark(self._remote.out, written)

    def end(self) -> None:
        """Say what has become of it."""
        remove_draft(self.file)
        out, written, version = self._remote.out, self._written, self._version
        if written is None:
            out.answer({"hook": summary(self._hook), "changed": False, "version": version}, lambda: None)
            out.note(
                "Nothing was changed. (An editor that returns at once has an option to wait: EDITOR='code --wait'.)"
            )
            return
        said = f"{written.hook.name} is deployed as version {version}."
        out.answer(written_body(written, changed=True, version=version), lambda: out.line(said))

    def _newest(self) -> int:
        return int(self._remote.server.versions(self._hook)[0]["number"])


def make_draft(name: str, script: str) -> Path:
    """A file with this script, in a folder of its own that nobody else may read."""
    stem = "".join(char if char.isascii() and char.isalnum() else "-" for char in name)
    file = Path(tempfile.mkdtemp(prefix="hookd-")) / f"{stem}{suffix_of(script)}"
    file.write_text(script, "utf-8")
    return file


def read_draft(file: Path) -> str:
    """What it has now. `WrongUsage` where it is gone, or no text."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise WrongUsage(f"{file} can not be read ({reason}): nothing was deployed.") from None


def remove_draft(file: Path) -> None:
    """It is on the server, or nobody wants it."""
    shutil.rmtree(file.parent, ignore_errors=True)


def open_editor(file: Path, environ: Mapping[str, str]) -> None:
    """Returns when the editor has ended. `WrongUsage` where there is none, or it failed."""
    chosen = environ.get("VISUAL") or environ.get("EDITOR")
    if not chosen and not is_terminal(sys.stdin):
        raise WrongUsage("There is no terminal for an editor: deploy a file, hookd deploy FILE, or set EDITOR.")
    command = shlex.split(chosen) if chosen else [next(filter(shutil.which, _USUAL), "")]
    if not command or not command[0]:
        raise WrongUsage("There is no editor: set EDITOR to yours, such as EDITOR=nano.")
    try:
        code = subprocess.run([*command, str(file)], check=False).returncode  # noqa: S603 - the user's own editor
    except OSError as error:
        raise WrongUsage(f"The editor {command[0]} does not start ({error.strerror}): set EDITOR to another.") from None
    if code:
        raise WrongUsage(f"The editor ended with exit code {code}: nothing was deployed.")


def _again() -> bool:
    return _confirm("Open it again?", default=True)


def _over(newest: int) -> bool:
    return _confirm(f"Somebody deployed version {newest} meanwhile. Deploy yours over it?", default=False)


def _confirm(question: str, *, default: bool) -> bool:
    """The answer; no where nobody is there to answer."""
    try:
        return click.confirm(question, default=default, err=True)
    except click.Abort:
        click.echo(err=True)
        return False
