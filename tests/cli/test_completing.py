from __future__ import annotations

import shutil
import subprocess

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
    dev.make("to-complete", SCRIPT)
    where = {"HOOKD_URL": dev.url, "HOOKD_TOKEN": dev.shell["API_TOKEN"]}

    assert completed(installed, "hookd ro") == ["rollback"]
    assert completed(installed, "hookd versions --di") == ["--diff"]
    assert completed(installed, "hookd show to-c", **where) == ["to-complete"]
    assert completed(installed, "hookd secrets ls --hook to-c", **where) == ["to-complete"]
    assert "post-user-registration" in completed(installed, "hookd ls --trigger post")


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


def test_bash_takes_the_script(hookd, tmp_path):
    """It is sourced without a word, and registers itself for hookd."""
    (tmp_path / "script").write_text(hookd("completion", "bash").stdout)
    done = subprocess.run(
        [str(shutil.which("bash")), "-c", f"source {tmp_path}/script && complete -p hookd"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "-F _hookd_completion hookd" in done.stdout
