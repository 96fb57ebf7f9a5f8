"""What the documents say is true, and the code keeps to its sizes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.cli.commands import COMMANDS
from runtime.cli.profiles import PROFILE, TOKEN, URL
from runtime.environment import files_of, variables_of
from runtime.settings import Settings
from runtime.triggers import TRIGGERS

REPOSITORY = Path(__file__).parents[1]
CODE = sorted(file for room in ("runtime", "tests") for file in (REPOSITORY / room).rglob("*.py"))
DOCUMENTS = [REPOSITORY / "README.md", REPOSITORY / "runtime/README.md", *sorted((REPOSITORY / "hooks").glob("*/*.md"))]

LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def short(file: Path) -> str:
    """A file's path inside the repository."""
    return file.relative_to(REPOSITORY).as_posix()


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of each function."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("file", CODE, ids=short)
def test_files_and_functions_stay_small(file):
    """A file holds one idea, a function one step."""
    lines = file.read_text().count("\n")

    assert lines <= LONGEST_FILE
    assert [name for name, lines in functions(file) if lines > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("file", CODE, ids=short)
def test_every_module_of_the_runtime_says_what_it_is(file):
    """The first thing in a module is its docstring; no file of ours is a Manager's or a helper's."""
    assert re.search("manager|helper|util", file.stem) is None
    if short(file).startswith("runtime/"):
        assert ast.get_docstring(ast.parse(file.read_text()))


@pytest.mark.parametrize("document", DOCUMENTS, ids=short)
def test_links_lead_somewhere(document):
    """Every relative link of a document names a file."""
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text())]
    relative = [link for link in links if link and "://" not in link]

    assert [link for link in relative if not (document.parent / link).exists()] == []


def test_make_targets_in_the_documents_exist():
    """`make x` in a document is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = {name for text in code_in_documents() for name in re.findall(r"\bmake ([a-z]+)", text)}

    assert named
    assert named - targets == set()


def test_the_readme_knows_the_commands():
    """`hookd x` in a document is a command, and every command is in the README."""
    text = "\n".join(code_in_documents())
    named = set(re.findall(r"(?:^|`)hookd ([a-z]+)\b", text, re.MULTILINE))

    assert named == set(COMMANDS)


def test_the_map_is_whole():
    """Every room and every module beside them is on the map of runtime/."""
    text = (REPOSITORY / "runtime/README.md").read_text()
    rooms = [f"{path.parent.name}/" for path in (REPOSITORY / "runtime").glob("*/__init__.py")]
    modules = [path.name for path in (REPOSITORY / "runtime").glob("*.py") if path.name != "__init__.py"]

    assert [name for name in rooms + modules if name not in text] == []


def test_the_readme_knows_the_extensibility_points():
    """Whoever looks for the trigger's id finds it."""
    text = (REPOSITORY / "README.md").read_text()

    assert [trigger for trigger in TRIGGERS if f"`{trigger}`" not in text] == []


def test_variables_in_the_documents_exist():
    """`HOOKD_SECTION_NAME` in a document, or in the sources' messages, is a setting, or one of the command line's three."""
    known = {*variables_of(Settings), *files_of(Settings)}
    texts = [file.read_text() for file in (*DOCUMENTS, *(REPOSITORY / "runtime").rglob("*.py"))]
    named = {name for text in texts for name in re.findall(r"\bHOOKD_[A-Z_]+[A-Z]\b", text)}

    assert named - known - {"HOOKD_SECTION_NAME", "HOOKD_SECTION_NAME_FILE", PROFILE, TOKEN, URL} == set()


def code_in_documents() -> list[str]:
    """What stands between backticks: spans and blocks."""
    return [
        code for document in DOCUMENTS for code in re.findall(r"```.*?```|`[^`]+`", document.read_text(), re.DOTALL)
    ]
