"""What new projects begin with does what its case says, at every extensibility point, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.cli.project import Project, read_project
from runtime.cli.starters import new_project, source_of, starter_files, template_files, templates
from runtime.errors import SettingsError
from runtime.triggers import TRIGGERS

pytestmark = pytest.mark.usefixtures("compiled")


def write(folder: Path, files) -> None:
    for name, text in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_every_starter_and_every_template_passes_its_cases(hookd, tmp_path):
    """One run of all of them."""
    for number, trigger in enumerate(TRIGGERS):
        for main in ("hook.js", "hook.ts"):
            folder = tmp_path / "all" / f"{number}-{main[-2:]}"
            write(folder, starter_files(Project(folder=folder, name=folder.name, trigger=trigger, main=main)))
    for name in templates():
        folder = tmp_path / "all" / name
        write(folder, template_files(new_project(folder, "mine", "", is_typescript=False, template=name), name))
        assert read_project(folder).name == "mine"
    document = hookd("test", "all", "--json").json

    assert document["failed"] == 0
    assert document["passed"] >= 2 * len(TRIGGERS) + len(templates())


def test_a_template_has_what_the_repository_has():
    """They are the same files, packed."""
    hooks = Path(__file__).parents[2] / "hooks"

    assert list(templates()) == sorted(folder.name for folder in hooks.iterdir())


@pytest.mark.parametrize(
    "more, message",
    [
        ({"template": "absent"}, "There is no template 'absent'; there are: async-risk-score, "),
        ({"template": "deny-by-ip", "is_typescript": True}, "Templates are JavaScript: leave --typescript out"),
        ({"template": "deny-by-ip", "trigger": "send-phone-message"}, "deny-by-ip is for credentials-exchange"),
    ],
)
def test_what_does_not_go_together(more, message):
    """Which option to leave out."""
    choice = {"trigger": "", "is_typescript": False, **more}
    with pytest.raises(SettingsError, match=message):
        new_project(Path(), "x", **choice)


def test_a_starter_has_its_type():
    """In a comment, or as TypeScript has it."""
    assert source_of("send-phone-message", is_typescript=False).startswith(
        "/** @type {import('./hookd').SendPhoneMessage} */\nmodule.exports = (recipient, text, context, cb) => {\n"
    )
    assert source_of("credentials-exchange", is_typescript=True).startswith(
        "import type { CredentialsExchange } from './hookd';\n\n"
        "const hook: CredentialsExchange = async (client, scope, audience, context) => {\n"
    )
