from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SCRIPT = "module.exports = (user, context, cb) => cb();"


def completed(installed, words: str, **environ: str) -> list[str]:
    """What bash is told when Tab is pressed after these words."""
    typed = words.split(" ")
    asked = {"_HOOKD_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(typed) - 1)}
    done = installed(**asked, **environ)
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_commands_options_and_hooks_are_completed(installed, dev):
    """The names of hooks come from the server."""
    made = dev.make("to-complete", SCRIPT)
    where = {"HOOKD_URL": dev.url, "HOOKD_TOKEN": dev.shell["API_TOKEN"]}

    assert completed(installed, "hookd ro") == ["rollback"]
    assert completed(installed, "hookd versions --di") == ["--diff"]
    assert completed(installed, "hookd show to-c", **where) == ["to-complete"]
    assert completed(installed, "hookd secrets ls --hook to-c", **where) == ["to-complete"]
    assert "post-user-registration" in completed(installed, "hookd ls --trigger post")
    assert completed(installed, "hookd init --template deny") == ["deny-by-ip"]
    dev.call("POST", f"/api/v2/hooks/{made}/secrets", {"API_KEY": "x", "OTHER": "x"})
    assert completed(installed, "hookd secrets rm --hook to-complete A", **where) == ["API_KEY"]


def test_profiles_are_completed(installed, hookd, dev):
    """Where one is chosen."""
    hookd("login", "--profile", "staging", "--url", dev.url, stdin=dev.shell["API_TOKEN"])

    assert completed(installed, "hookd profile use st") == ["staging"]
    assert completed(installed, "hookd ls --profile st") == ["staging"]


def test_whoever_presses_tab_reads_no_error(installed):
    """No server, no profile: nothing is completed."""
    assert completed(installed, "hookd show x") == []
    assert completed(installed, "hookd show x", HOOKD_URL="http://127.0.0.1:1", HOOKD_TOKEN="x") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_says_where_it_belongs(hookd, shell):
    """In a comment; zsh's own line stays the first."""
    done = hookd("completion", shell)

    assert done.returncode == 0
    assert f"# hookd completion {shell} > ~/." in done.stdout
    assert done.stdout.startswith("#compdef hookd" if shell == "zsh" else "# hookd completion")


SHELLS = {
    "bash": (("--norc", "--noprofile"), "source <(hookd completion bash)"),
    "zsh": (("-f",), "autoload -Uz compinit; compinit -u -D; source <(hookd completion zsh)"),
}
"""How each is started without anybody's settings, and what README has one do."""


@pytest.fixture
def shell(dev, tmp_path, monkeypatch) -> Callable[..., None]:
    """`shell(name)`: skips where there is no such shell; then `hookd` is a command, and the demo its server."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PS1", "> ")
    (tmp_path / "hookd").write_text(f'#!/bin/sh\nexec {sys.executable} -m runtime.cli "$@"\n')
    (tmp_path / "hookd").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("HOOKD_URL", dev.url)
    monkeypatch.setenv("HOOKD_TOKEN", dev.shell["API_TOKEN"])
    dev.make("To complete it", SCRIPT)

    def find(name: str) -> None:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is missing: apt install {name}")

    return find


@pytest.mark.parametrize("name", SHELLS)
def test_a_shell_completes_what_is_typed(shell, tmp_path, name):
    """Commands, options, choices, files, names of hooks, as one word: the line that stands there after Tab."""
    shell(name)
    (tmp_path / "a-request.json").touch()
    options, setup = SHELLS[name]
    with terminal(name, *options, "-i") as typed:
        typed(f"{setup}; echo rea''dy\n", "ready\n")
        typed("hookd rollb\t", "hookd rollback ")
        typed("hookd versions --di\t", "hookd versions --diff ")
        typed("hookd ls --trigger post-ch\t", "hookd ls --trigger post-change-password ")
        typed(f"cd {tmp_path}\n", "")
        typed("hookd run a-re\t", "hookd run a-request.json ")
        typed("hookd show To\t", r"hookd show To\ complete\ it ")


@contextmanager
def terminal(*command: str) -> Iterator[Callable[[str, str], None]]:
    """A shell at a terminal; `typed(keys, wanted)` waits until it shows what is wanted, and empties the line."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)

    def typed(keys: str, wanted: str) -> None:
        os.write(ours, keys.encode())
        seen = ""
        while wanted not in STEERING.sub("", seen):
            assert select.select([ours], [], [], 60)[0], seen
            seen += os.read(ours, 65536).decode()
        os.write(ours, b"\x15")

    try:
        yield typed
    finally:
        process.kill()
        process.wait()
        os.close(ours)


STEERING = re.compile(r"\x1b\[[?\d;]*[A-Za-z]|.\x08|\r")
"""What moves the cursor and colours; a character that is written over."""


def test_fish_completes_what_is_typed(shell):
    """By its own word for what Tab would offer; with what each is."""
    shell("fish")
    asked = ["hookd rollb", "hookd versions --di", "hookd ls --trigger post-ch", "hookd show To"]
    script = ["hookd completion fish | source", *(f"complete -C '{words}'" for words in asked)]
    done = subprocess.run(["fish", "--no-config", "-c", "; ".join(script)], capture_output=True, text=True, check=True)
    offered = [line.partition("\t")[0] for line in done.stdout.splitlines() if line]

    assert (offered, done.stderr) == (["rollback", "--diff", "post-change-password", "To complete it"], "")


def test_bash_gets_a_name_as_it_has_to_be_typed(installed, dev):
    """Its spaces with backslashes, unless it stands in quotes."""
    dev.make("To complete it", SCRIPT)
    where = {"HOOKD_URL": dev.url, "HOOKD_TOKEN": dev.shell["API_TOKEN"]}

    assert completed(installed, "hookd show To", **where) == [r"To\ complete\ it"]
    assert completed(installed, 'hookd show "To', **where) == ["To complete it"]
