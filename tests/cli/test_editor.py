from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

SCRIPT = "module.exports = (user, context, cb) => cb();\n"
BROKEN = "module.exports = ("

EDITOR = """
import os, pathlib, sys
texts = sorted(pathlib.Path(sys.argv[1]).glob("*.txt"))
pathlib.Path(sys.argv[1], "seen").write_text(pathlib.Path(sys.argv[2]).read_text())
if texts:
    os.replace(texts[0], sys.argv[2])
"""


class Desk:
    """An editor whose user writes what the test has laid ready, a text each time that it is opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "desk"
        self.folder.mkdir()
        program = self.folder / "editor.py"
        program.write_text(EDITOR)
        self.environ = {
            "VISUAL": shlex.join([sys.executable, str(program), str(self.folder)]),
            "TMPDIR": str(folder / "tmp"),
        }
        (folder / "tmp").mkdir()
        self.drafts = folder / "tmp"

    def lay(self, *texts: str) -> None:
        """What will be written."""
        for number, text in enumerate(texts):
            (self.folder / f"{number}.txt").write_text(text)

    @property
    def seen(self) -> str:
        """What the editor showed when it was opened last."""
        return (self.folder / "seen").read_text()


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Desk:
    """An editor, and a folder for drafts that is only this test's."""
    monkeypatch.setattr("tempfile.tempdir", None)
    return Desk(tmp_path)


@pytest.fixture(autouse=True)
def _hook(dev) -> None:
    """What is edited, enabled: a broken script is refused."""
    dev.make("edited", SCRIPT, enabled=True)


def test_what_is_saved_is_deployed(installed, dev, desk):
    """As the installed command, with an editor of more than one word; no draft is left."""
    desk.lay(SCRIPT + "// better\n")
    done = installed("edit", "edited", folder=dev.folder, **desk.environ)

    assert (done.returncode, done.stdout) == (0, "edited is deployed as version 2.\n")
    assert desk.seen == SCRIPT
    assert list(desk.drafts.iterdir()) == []


def test_nothing_new_deploys_nothing(remote, desk):
    """An editor that returns at once is a trap: the hint says so."""
    done = remote("edit", "edited", "--json", **desk.environ)

    assert (done.json["changed"], done.json["version"]) == (False, 1)
    assert "code --wait" in done.stderr
    assert list(desk.drafts.iterdir()) == []


def test_a_broken_script_is_opened_again(remote, desk):
    """As it was written, not as it was deployed."""
    desk.lay(BROKEN, SCRIPT + "// whole\n")
    done = remote("edit", "edited", stdin="y\n", **desk.environ)

    assert (done.returncode, done.stdout) == (0, "edited is deployed as version 2.\n")
    assert "hookd: Its script does not load: SyntaxError" in done.stderr
    assert ". edited goes on running as it is deployed.\n" in done.stderr
    assert desk.seen == BROKEN


def test_nobody_is_at_no_terminal(remote):
    """An editor that nobody named is not started there: it would write its screen into a pipe."""
    done = remote("edit", "edited", EDITOR="", VISUAL="")

    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "hookd: There is no terminal for an editor: deploy a file, hookd deploy FILE, or set EDITOR.\n"
    )


def test_what_is_not_deployed_stays_in_a_file(remote, desk):
    """And the message has the command that deploys it later, as it is typed."""
    desk.lay(BROKEN)
    done = remote("edit", "edited", stdin="n\n", **desk.environ)
    [kept] = desk.drafts.glob("*/*.js")

    assert (done.returncode, done.stdout, kept.read_text()) == (4, "", BROKEN)
    assert f"Your text is in {kept}. To deploy it: hookd deploy {kept} --name edited --trigger" in done.stderr
    kept.write_text(SCRIPT + "// mended\n")
    command = shlex.split(done.stderr.rpartition("To deploy it: hookd ")[2])
    assert remote(*command, "--json").json["version"] == 2


def test_a_disabled_hook_may_be_broken(remote, dev, desk):
    """It is stored; whoever wants to mend it at once is asked."""
    dev.make("edited", SCRIPT)
    desk.lay(BROKEN)
    done = remote("edit", "edited", stdin="n\n", **desk.environ)

    assert (done.returncode, done.stdout) == (0, "edited is deployed as version 2.\n")
    assert "Warning: The hook can not be enabled" in done.stderr
    assert list(desk.drafts.iterdir()) == []


@pytest.mark.parametrize(("answer", "code", "newest"), [("n\nn\n", 4, "// theirs\n"), ("y\n", 0, "// mine\n")])
def test_what_somebody_else_deployed_meanwhile_is_not_lost_unseen(remote, dev, desk, answer, code, newest):
    """Whoever was slower is asked."""
    hook = dev.make("edited", SCRIPT, enabled=True)
    desk.lay(SCRIPT + "// mine\n")
    # The editor itself deploys, as somebody else would while it is open.
    program = Path(desk.folder / "editor.py")
    request = f"""
import json, urllib.request
body = json.dumps({{"script": {SCRIPT + "// theirs" + chr(10)!r}}}).encode()
head = {{"Authorization": "Bearer {dev.shell["API_TOKEN"]}", "Content-Type": "application/json"}}
urllib.request.urlopen(urllib.request.Request("{dev.url}/api/v2/hooks/{hook}", body, head, method="PATCH")).close()
"""
    program.write_text(EDITOR + request)
    done = remote("edit", "edited", stdin=answer, **desk.environ)

    assert done.returncode == code
    assert "Somebody deployed version 2 meanwhile. Deploy yours over it?" in done.stderr
    assert remote("show", "edited", "--script").stdout == SCRIPT + newest


@pytest.mark.parametrize(
    ("editor", "remedy"),
    [
        ("false", "The editor ended with exit code 1: nothing was deployed."),
        ("no-such-editor", "The editor no-such-editor does not start (No such file or directory): set EDITOR"),
    ],
)
def test_an_editor_that_fails_changes_nothing(remote, desk, editor, remedy):
    """Nothing was written, so nothing is kept."""
    done = remote("edit", "edited", **desk.environ | {"VISUAL": editor})

    assert (done.returncode, done.stdout) == (2, "")
    assert remedy in done.stderr
    assert list(desk.drafts.iterdir()) == []


def test_an_editor_that_fails_after_saving_loses_nothing(remote, desk):
    """It may have crashed."""
    desk.lay(SCRIPT + "// written\n")
    (desk.folder / "editor.py").write_text(EDITOR + "sys.exit(3)\n")
    done = remote("edit", "edited", **desk.environ)
    [kept] = desk.drafts.glob("*/*.js")

    assert done.returncode == 4
    assert str(kept) in done.stderr
    assert kept.read_text() == SCRIPT + "// written\n"
