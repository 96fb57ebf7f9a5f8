"""The project folder: what is read is what was written, and every fault has the file and the field in its message."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.cli.project import (
    Project,
    find_folder,
    name_like,
    parse_project,
    read_object,
    read_project,
    read_source,
    render_project,
)
from runtime.errors import SettingsError
from runtime.model import Policy

WHOLE = Project(
    folder=Path(),
    name="my-hook",
    trigger="credentials-exchange",
    main="src/hook.ts",
    engine="node",
    dependencies={"lodash": "^4.17.21", "@scope/name": "1.0.0"},
    policy=Policy(clients=("a", 'b"\\'), order=3, on_error="allow"),
    secrets=("KEY", "Å"),
)
LEAST = 'name = "x"\ntrigger = "credentials-exchange"\n'


@pytest.mark.parametrize("project", [WHOLE, Project(folder=Path(), name="x", trigger="send-phone-message")])
def test_what_is_written_is_read_again(project: Project):
    """Every field, whatever is in it; what is not said is not written."""
    assert project == parse_project(Path(), render_project(project))


def test_a_project_says_what_the_management_api_takes(tmp_path: Path):
    """The hook's body, and its policy's, in the names of the API; none where the file has none."""
    (tmp_path / "hook.js").write_text("module.exports = 1")
    least = parse_project(tmp_path, LEAST)

    assert least.body() == {
        "name": "x",
        "script": "module.exports = 1",
        "triggerId": "credentials-exchange",
        "dependencies": {},
    }
    assert least.policy_body() is None
    assert WHOLE.policy_body() == {"clients": ["a", 'b"\\'], "audiences": [], "order": 3, "on_error": "allow"}


@pytest.mark.parametrize(
    "text, message",
    [
        ("name = ", "hookd.toml is not TOML: Invalid value (at end of document)."),
        ("", "hookd.toml: 'name' is missing: name = \"my-hook\"."),
        ('name = "x"', "hookd.toml: 'trigger' is missing, one of credentials-exchange, pre-user-registration, "),
        ('name = "x"\ntrigger = "y"', "hookd.toml: 'trigger' must be one of credentials-exchange, "),
        (LEAST + "x = 1", "hookd.toml: There is no setting 'x'; here are: name, trigger, main, engine, secrets, dep"),
        (LEAST.replace('"x"', '"a_b"'), "hookd.toml: 'name' must be letters, digits, hyphens and spaces, 128 at most,"),
        (LEAST.replace('"x"', "1"), "hookd.toml: 'name' must be a string."),
        (LEAST + 'main = "../hook.js"', "hookd.toml: 'main' must be a file in the folder, such as \"hook.js\", not"),
        (LEAST + 'engine = "deno"', "hookd.toml: 'engine' must be one of wasm, node, not 'deno'."),
        (LEAST + 'secrets = "KEY"', "hookd.toml: 'secrets' must be an array of strings."),
        (LEAST + 'secrets = [""]', "hookd.toml: 'secrets' has a name of 0 characters; 1 to 128 can be."),
        (LEAST + "[dependencies]\nms = 2", "hookd.toml: 'dependencies.ms' must be a version as a string, such as"),
        (LEAST + '[dependencies]\n"../x" = "1"', "hookd.toml: 'String does not match pattern "),
        (
            LEAST + "[policy]\nclients = 1",
            "hookd.toml: 'Expected type array but found type integer' on property policy.",
        ),
        (LEAST + "[policy]\non_eror = 1", "hookd.toml: 'Additional properties not allowed: on_eror'."),
    ],
)
def test_a_fault_is_named(text: str, message: str):
    """The file, the field, the rule."""
    with pytest.raises(SettingsError) as raised:
        parse_project(Path(), text)

    assert message in str(raised.value)


def test_a_folder_is_found_from_below(tmp_path: Path):
    """As git finds its own."""
    below = tmp_path / "cases" / "more"
    below.mkdir(parents=True)
    assert find_folder(below) is None
    (tmp_path / "hookd.toml").write_text(LEAST)

    assert find_folder(below) == find_folder(tmp_path) == tmp_path


def test_what_is_not_there_says_what_to_do(tmp_path: Path):
    """Which command, or which file."""
    with pytest.raises(SettingsError, match=r"There is no hookd.toml in .*: `hookd init .*` makes a project folder"):
        read_project(tmp_path)
    (tmp_path / "hookd.toml").write_text(LEAST)
    with pytest.raises(SettingsError, match=r"There is no file .*hook.js: .*hookd.toml says main = \"hook.js\"\."):
        read_project(tmp_path).body()


@pytest.mark.parametrize(
    "content, message",
    [
        (b" \n", "is empty: write the hook into it"),
        (b"\xff", r"can not be read \(it is not UTF-8\)"),
        (b"x" * 102_401, "has 102,401 bytes; a hook can have 102,400"),
    ],
)
def test_a_source_that_is_none(tmp_path: Path, content: bytes, message: str):
    """Before anything is run or sent."""
    (tmp_path / "hook.js").write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        read_source(tmp_path / "hook.js")


@pytest.mark.parametrize(
    "text, message", [("{\n  x", "line 2, column 3: "), ("[]", "must have a JSON object: a request, or a case")]
)
def test_json_that_is_none(tmp_path: Path, text: str, message: str):
    """Line and column, or what it must be."""
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SettingsError, match=message):
        read_object(tmp_path / "a.json")


def test_a_name_like_a_file_s_is_one_that_a_hook_can_have():
    """Whatever the file is called."""
    assert [name_like(text) for text in ("my_hook", " ünïcode!", "__", "a" * 300)] == [
        "my-hook",
        "n-code",
        "hook",
        "a" * 128,
    ]
    assert name_like("", "my-hook") == "my-hook"
