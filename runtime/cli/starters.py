"""What a new project folder begins with: a hook for each extensibility point, its case, and the files around them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from runtime.cli.project import CASES, FILE, MAINS, VALUES, Project, parse_project, render_project
from runtime.cli.types import NAMES, declarations
from runtime.errors import SettingsError
from runtime.triggers import TRIGGERS, sample


@dataclass(frozen=True, slots=True)
class Starter:
    """A hook: the name of its type in hookd.d.ts, the lines of its body, and what it allows of the point's sample."""

    type: str
    body: tuple[str, ...]
    allows: dict[str, object]


STARTERS: Final = {
    "credentials-exchange": Starter(
        "CredentialsExchange",
        (
            "// What is returned goes into the token: its scopes, and claims, each named by a URL of yours.",
            "return { scope, 'https://example.com/plan': client.metadata?.plan };",
        ),
        {"scope": ["read:orders"], "claims": {"https://example.com/plan": "gold"}},
    ),
    "password-exchange": Starter(
        "PasswordExchange",
        (
            "// Claims for one token or for both, each named by a URL of yours.",
            "const roles = user.app_metadata?.roles ?? [];",
            "return { accessToken: { scope, 'https://example.com/roles': roles } };",
        ),
        {"scope": ["read:orders"], "claims": {"https://example.com/roles": ["buyer"]}},
    ),
    "pre-user-registration": Starter(
        "PreUserRegistration",
        (
            "// cb(new PreUserRegistrationError('for the log', 'for the user')) refuses the registration.",
            "cb(null, { user: { app_metadata: { plan: 'trial' } } });",
        ),
        {"user": {"app_metadata": {"plan": "trial"}}},
    ),
    "post-user-registration": Starter(
        "PostUserRegistration",
        ("// Nobody waits for it: what it returns is only recorded.", "return { registered: user.id };"),
        {},
    ),
    "post-change-password": Starter(
        "PostChangePassword",
        ("// Nobody waits for it: what it returns is only recorded.", "return { changed: user.id };"),
        {},
    ),
    "send-phone-message": Starter(
        "SendPhoneMessage",
        (
            "// Send `text` to `recipient` here; cb(new SendPhoneMessageError('why')) says that it could not be sent.",
            "cb(null, { kind: context.message_type });",
        ),
        {},
    ),
}

_OPTIONS: Final = {
    "target": "es2023",
    "lib": ["es2023"],
    "module": "commonjs",
    "types": [],
    "strict": True,
    "noEmit": True,
    # Types that an npm module brings along, such as Node's, say of some globals what hookd.d.ts says too.
    "skipLibCheck": True,
}
_IGNORED: Final = f".env\n{VALUES}\nnode_modules/\n"


def starter_files(project: Project) -> Iterator[tuple[str, str]]:
    """Name and text of each file of a new project."""
    starter = STARTERS[project.trigger]
    case = {"request": sample(project.trigger), "decision": {"allow": starter.allows}}
    yield FILE, render_project(project)
    yield project.main, source_of(project.trigger, is_typescript=project.main == MAINS[1])
    yield f"{CASES}/sample.json", _json(case)
    yield from _around(project)
    yield "README.md", _readme(project)


def template_files(project: Project, template: str) -> Iterator[tuple[str, str]]:
    """The same, of a template: its hook, its cases, its words."""
    folder = templates()[template]
    yield FILE, render_project(project)
    yield project.main, (folder / project.main).read_text("utf-8")
    for case in sorted((folder / CASES).iterdir(), key=lambda file: file.name):
        yield f"{CASES}/{case.name}", case.read_text("utf-8")
    yield from _around(project)
    words = (folder / "README.md").read_text("utf-8").partition("\n")[2]
    yield "README.md", f"# {project.name}\n{words}{_COMMANDS}"


def files_around(project: Project, script: str) -> Iterator[tuple[str, str]]:
    """The same, for a hook that is there already: it has no cases yet."""
    yield FILE, render_project(project)
    yield project.main, script
    yield from _around(project)
    yield "README.md", _readme(project)


def _around(project: Project) -> Iterator[tuple[str, str]]:
    yield from ((name, declarations(name)) for name in NAMES)
    if project.main.endswith(".ts"):
        yield "tsconfig.json", _json({"compilerOptions": _OPTIONS})
    else:
        yield "jsconfig.json", _json({"compilerOptions": {**_OPTIONS, "checkJs": True}})
    yield ".gitignore", _IGNORED


def source_of(trigger: str, *, is_typescript: bool) -> str:
    """A hook to start from, with its types."""
    starter, parameters = STARTERS[trigger], ", ".join((*TRIGGERS[trigger].parameters, "cb"))
    body = "\n".join(f"  {line}" for line in starter.body)
    # A function that calls cb is not async: what it returns would be an answer too.
    head = "async " if any("return " in line for line in starter.body) else ""
    if head:
        parameters = parameters.removesuffix(", cb")
    if is_typescript:
        return (
            f"import type {{ {starter.type} }} from './hookd';\n\n"
            f"const hook: {starter.type} = {head}({parameters}) => {{\n{body}\n}};\n\nexport default hook;\n"
        )
    return (
        f"/** @type {{import('./hookd').{starter.type}}} */\nmodule.exports = {head}({parameters}) => {{\n{body}\n}};\n"
    )


def templates() -> dict[str, Traversable]:
    """The hooks to start from, by name: those of the package, or in a checkout those of the repository."""
    packed = resources.files("runtime") / "templates"
    folder = packed if packed.is_dir() else Path(__file__).parents[2] / "hooks"
    if not folder.is_dir():
        return {}
    return {entry.name: entry for entry in sorted(folder.iterdir(), key=lambda entry: entry.name) if entry.is_dir()}


def template_project(template: str) -> Project:
    """What a template is. `SettingsError` for one that there is not."""
    known = templates()
    if template not in known:
        raise SettingsError(f"There is no template {template!r}; there are: {', '.join(known)}.")
    return parse_project(Path(template), (known[template] / FILE).read_text("utf-8"))


def new_project(folder: Path, name: str, trigger: str, *, is_typescript: bool, template: str) -> Project:
    """The project to be written. `SettingsError` for what does not go together."""
    if not template:
        return Project(folder=folder, name=name, trigger=trigger, main=MAINS[is_typescript])
    project = template_project(template)
    if is_typescript:
        raise SettingsError("Templates are JavaScript: leave --typescript out, or --template.")
    if trigger not in ("", project.trigger):
        raise SettingsError(f"The template {template} is for {project.trigger}: leave --trigger out.")
    return replace(project, folder=folder, name=name)


_COMMANDS: Final = """
```
hookd test      # hold it against cases/
hookd run       # try it with a sample request, or with a file
hookd deploy    # bring it to the server
```
"""


def _readme(project: Project) -> str:
    return f"# {project.name}\n\nA hook at the extensibility point `{project.trigger}`.\n{_COMMANDS}"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
