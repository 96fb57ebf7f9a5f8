"""`hookd deploy` and `hookd create`: from a file or a project folder to the server."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli.completing import template_names
from runtime.cli.editor import make_draft, open_editor, read_draft, remove_draft
from runtime.cli.failures import EXIT_USAGE, CommandFailed, Kept, WrongUsage
from runtime.cli.options import Remote, server_options
from runtime.cli.output import Output, Step, Styled, fail, is_terminal, no_step, plural, state
from runtime.cli.reports import remark, seconds, written_body
from runtime.cli.sending import Wanted, missing_secrets, send
from runtime.errors import SettingsError
from runtime.model import ENGINES
from runtime.triggers import TRIGGERS

if TYPE_CHECKING:
    from runtime.cli.project import Project
    from runtime.cli.server import RemoteHook, Server, Written

STDIN = Path("-")
_GENERAL_NAMES = ("hook", "index", "main")
_DEPENDENCY = re.compile(r"(@?[^@\s]+)(?:@(\S+))?")

_TRIGGER = click.option(
    "--trigger", type=click.Choice(list(TRIGGERS)), metavar="POINT", help=f"One of: {', '.join(TRIGGERS)}."
)
_ENGINE = click.option("--engine", type=click.Choice(ENGINES), help="What runs it. [default: the server's choice]")
_DEPENDENCIES = click.option(
    "--dependency",
    "dependencies",
    multiple=True,
    metavar="NAME@VERSION",
    help="An npm module; may be given several times.",
)
_ENABLE = click.option("--enable", is_flag=True, help="Let token requests run it at once.")


@click.command(short_help="Bring hooks to the server: files, or project folders.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[FILE | FOLDER]...")
@click.option("--name", help="What it is called there. [default: the project's, or the file's]")
@_TRIGGER
@_ENGINE
@_DEPENDENCIES
@_ENABLE
@click.option("--watch", is_flag=True, help="Again whenever a file changes, until Ctrl-C.")
@server_options
def deploy(remote: Remote, paths: Sequence[Path], watch: bool, **choices: Any) -> None:
    """Bring a hook to the server: a file, or a project folder with its dependencies, policy and engine.

    A hook of this name is updated, which makes a new version of it; otherwise one is made, disabled unless --enable is given. Several
    are deployed one after the other, also all project folders in a folder; one that fails does not keep the others.

    \b
    Examples:
      hookd deploy                             in a project folder
      hookd deploy hook.js --name my-hook --trigger credentials-exchange
      hookd deploy my-hook --enable --watch
      hookd deploy hooks/*
    """
    targets = _targets(paths)
    if len(targets) > 1 and choices["name"]:
        raise WrongUsage(f"--name is for one hook, and these are {len(targets)}: leave it out, or name one of them.")
    remote.out.repeats = watch or len(targets) > 1
    if watch:
        import asyncio

        asyncio.run(_watch(remote, targets, choices))
    elif len(targets) > 1:
        click.get_current_context().exit(_deploy_all(remote, targets, choices))
    else:
        _deploy(remote, targets[0], choices)


@click.command(short_help="Make a new hook.")
@click.argument("name")
@click.option("--file", type=click.Path(path_type=Path, allow_dash=True), help="The script; - is the standard input.")
@click.option(
    "--template",
    metavar="NAME",
    shell_complete=template_names,
    help="Begin with one of hookd's examples, such as deny-by-ip.",
)
@_TRIGGER
@_ENGINE
@_DEPENDENCIES
@_ENABLE
@server_options
def create(remote: Remote, name: str, file: Path | None, template: str | None, enable: bool, **choices: Any) -> None:
    """Make a new hook: from a file, from the standard input, from an example, or in your editor.

    Without --trigger it is for credentials-exchange. `hookd deploy` is for a hook that may be there already, and for
    project folders.

    \b
    Examples:
      hookd create my-hook --file hook.js --enable
      hookd create my-hook --trigger pre-user-registration < hook.js
      hookd create by-address --template deny-by-ip
      hookd create my-hook
    """
    if file is not None and template is not None:
        raise click.UsageError("Only one of --file and --template can be given.", click.get_current_context())
    wanted, draft = _new(name, file, template, choices["trigger"])
    wanted = _with_choices(wanted, choices)
    began = time.monotonic()
    try:
        with remote.out.working(f"Making {name}"):
            written = send(remote.server, wanted, None, enable=enable)
    except CommandFailed as error:
        if draft is None:
            raise
        raise Kept(f"{error.message} Your text is in {draft}.") from None
    if draft is not None:
        remove_draft(draft)
    _report(remote, written, began, created=True, version=1)
    _name_missing_secrets(remote, wanted, written)


def _deploy_all(remote: Remote, targets: Sequence[Path], choices: Mapping[str, Any]) -> int:
    """One after the other; what goes wrong is said. The exit code, the first failure's."""
    codes: list[int] = []
    with remote.out.counting("Hooks", len(targets)) as step:
        for target in targets:
            try:
                _deploy(remote, target, choices, quietly=True)
            except (CommandFailed, SettingsError) as error:
                fail(f"{target}: {error}")
                codes.append(error.code if isinstance(error, CommandFailed) else EXIT_USAGE)
            step()
    if codes:
        remote.out.note(f"{len(targets) - len(codes)} deployed, {len(codes)} not.")
    return codes[0] if codes else 0


def _deploy(remote: Remote, target: Path, choices: Mapping[str, Any], *, quietly: bool = False) -> None:
    """Once. `quietly`: somebody else shows how far it is."""
    began = time.monotonic()
    wanted = _with_choices(_read(target), choices)
    with nullcontext(no_step) if quietly else _steps(remote.out, wanted) as step:
        server = remote.server
        there = _there(server, wanted)
        before = 0 if there is None else int(server.versions(there)[0]["number"])
        step(_work_on(wanted))
        written = send(server, wanted, there, enable=choices["enable"])
        step("Looking at its version")
        version = int(server.versions(written.hook)[0]["number"])
        step()
    _report(remote, written, began, created=there is None, version=version, changed=version != before)
    _name_missing_secrets(remote, wanted, written)


def _steps(out: Output, wanted: Wanted) -> AbstractContextManager[Step]:
    """A bar where it takes a while: npm modules are found and fetched."""
    if wanted.dependencies:
        return out.counting(f"Looking for {wanted.name}", 3)
    return out.working(f"Deploying {wanted.name}")


def _work_on(wanted: Wanted) -> str:
    modules = f" with {plural(len(wanted.dependencies), 'npm module')}" if wanted.dependencies else ""
    return f"Deploying {wanted.name}{modules}"


def _name_missing_secrets(remote: Remote, wanted: Wanted, written: Written) -> None:
    missing = missing_secrets(remote.server, wanted.secrets, written.hook)
    if missing:
        first, name = missing[0], written.hook.word
        remote.out.warn(f"It reads the secret {first}, which it does not have: hookd secrets set {first} --hook {name}")


async def _watch(remote: Remote, targets: Sequence[Path], choices: Mapping[str, Any]) -> None:
    """Again and again. What goes wrong is said, and the next change is waited for."""
    import asyncio

    from runtime.cli.watching import changes

    seen = changes(targets)
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        while True:
            for target in targets:
                try:
                    _deploy(remote, target, choices)
                except (CommandFailed, SettingsError) as error:
                    fail(str(error))
            remote.out.note(f"Watching {', '.join(map(str, targets))}; Ctrl-C ends.")
            await anext(seen)


def _targets(paths: Sequence[Path]) -> list[Path]:
    """Files, and project folders; without any the one that the current folder is in."""
    from runtime.cli.project import find_folder, folders_in

    if paths:
        return list(dict.fromkeys(one for path in paths for one in (folders_in(path) if path.is_dir() else [path])))
    folder = find_folder(Path.cwd())
    if folder is None:
        raise WrongUsage(
            "What is to be deployed? Name a file or a folder: hookd deploy hook.js, or make one: hookd init."
        )
    return [folder]


def _read(target: Path) -> Wanted:
    from runtime.cli.project import find_folder, name_like, read_project, read_source

    if target.is_dir():
        return _of_project(read_project(target))
    folder = find_folder(target.parent)
    if folder is not None and read_project(folder).source.absolute() == target.absolute():
        return _of_project(read_project(folder))
    stem = target.absolute().parent.name if target.stem in _GENERAL_NAMES else target.stem
    return Wanted(name=name_like(stem), script=read_source(target))


def _of_project(project: Project) -> Wanted:
    body = project.body()
    return Wanted(
        name=project.name,
        script=str(body["script"]),
        trigger=project.trigger,
        dependencies=project.dependencies,
        engine=project.engine or None,
        policy=project.policy_body(),
        secrets=project.secrets,
    )


def _with_choices(wanted: Wanted, choices: Mapping[str, Any]) -> Wanted:
    """With what the command line says."""
    from runtime.cli.project import require_name

    given = {name: choices.get(name) for name in ("name", "trigger", "engine")}
    if choices["dependencies"]:
        given["dependencies"] = dict(map(_dependency, choices["dependencies"]))
    chosen = replace(wanted, **{name: value for name, value in given.items() if value})
    require_name(chosen.name)
    return chosen


def _dependency(text: str) -> tuple[str, str]:
    found = _DEPENDENCY.fullmatch(text)
    if found is None:
        raise WrongUsage(f"{text!r} is no npm module: it looks like lodash@4.17.21, or lodash for the newest.")
    return found[1], found[2] or "latest"


def _new(name: str, file: Path | None, template: str | None, trigger: str | None) -> tuple[Wanted, Path | None]:
    """What is to be made, and the file in which somebody has just written it."""
    from runtime.cli.project import read_source

    if template is not None:
        return _of_template(name, template, trigger), None
    at = trigger or next(iter(TRIGGERS))
    if file not in (None, STDIN):
        assert file is not None
        return Wanted(name=name, script=read_source(file), trigger=at), None
    if file == STDIN or not is_terminal(sys.stdin):
        script = sys.stdin.read()
        if not script.strip():
            raise WrongUsage(
                f"The standard input is empty. Give the script there, or name it: hookd create {shlex.quote(name)} --file hook.js"
            )
        return Wanted(name=name, script=script, trigger=at), None
    from runtime.cli.starters import source_of

    draft = make_draft(name, source_of(at, is_typescript=False))
    open_editor(draft, os.environ)
    return Wanted(name=name, script=read_draft(draft), trigger=at), draft


def _of_template(name: str, template: str, trigger: str | None) -> Wanted:
    from runtime.cli.starters import template_project, templates

    project = template_project(template)
    if trigger not in (None, project.trigger):
        raise WrongUsage(f"The template {template} is for {project.trigger}: leave --trigger out.")
    source = (templates()[template] / project.main).read_text("utf-8")
    return Wanted(
        name=name,
        script=source,
        trigger=project.trigger,
        dependencies=project.dependencies,
        engine=project.engine or None,
        policy=project.policy_body(),
        secrets=project.secrets,
    )


def _there(server: Server, wanted: Wanted) -> RemoteHook | None:
    """The hook of this name, if there is one. `WrongUsage` where it is not plain which."""
    named = server.named(f"{wanted.trigger}/{wanted.name}" if wanted.trigger else wanted.name)
    if len(named) > 1:
        points = " or ".join(hook.trigger for hook in named)
        raise WrongUsage(f"Several hooks are called {wanted.name!r}. Say which: --trigger {points}.")
    if not named and wanted.trigger is None:
        raise WrongUsage(
            f"There is no hook {wanted.name!r} yet. To make one, say where: --trigger {next(iter(TRIGGERS))}, "
            f"or {', '.join(list(TRIGGERS)[1:])}. To update another one, name it with --name."
        )
    return named[0] if named else None


def _report(
    remote: Remote, written: Written, began: float, *, created: bool, version: int, changed: bool = True
) -> None:
    hook, took = written.hook, time.monotonic() - began
    body = written_body(written, created=created, changed=changed, version=version, seconds=round(took, 3))
    remote.out.answer(body, lambda: _show(remote.out, hook, version, took, changed=changed))
    remark(remote.out, written)
    if not hook.enabled and not written.is_broken:
        remote.out.note(f"No token request runs it yet: hookd enable {hook.word}")


def _show(out: Output, hook: RemoteHook, version: int, took: float, *, changed: bool) -> None:
    what = f"version {version}" if changed else f"version {version} as before"
    cells = (Styled(hook.name, "bold"), what, hook.trigger, state(hook.enabled), Styled(seconds(took), "dim"))
    out.line(*cells, gap="  ")
