"""`hookd deploy` and `hookd create`: from a file or a project folder to the server."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli.failures import WrongUsage
from runtime.cli.options import Remote, server_options
from runtime.cli.output import Output, Styled, is_terminal, state
from runtime.cli.reports import remark, seconds, written_body
from runtime.model import ENGINES
from runtime.triggers import TRIGGERS

if TYPE_CHECKING:
    from runtime.cli.project import Project
    from runtime.cli.server import RemoteHook, Server, Written

STDIN = Path("-")
_UNFIT = re.compile(r"[^A-Za-z0-9]+")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be on the server. None leaves what is there, or takes the server's default."""

    name: str
    script: str
    trigger: str | None = None
    dependencies: Mapping[str, str] | None = None
    engine: str | None = None
    policy: Mapping[str, object] | None = None
    secrets: Sequence[str] = field(default=())

    def body(self) -> dict[str, Any]:
        """As the Management API takes it, less what names the hook."""
        given = {"script": self.script, "dependencies": self.dependencies, "engine": self.engine}
        return {name: value for name, value in given.items() if value is not None}


@click.command(short_help="Bring a hook to the server: a file, or a project folder.")
@click.argument("path", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--name", help="What it is called there. [default: the project's, or the file's]")
@_TRIGGER
@_ENGINE
@_DEPENDENCIES
@_ENABLE
@server_options
def deploy(remote: Remote, path: Path | None, **choices: Any) -> None:
    """Bring a hook to the server: a file, or a project folder with its dependencies, policy and engine.

    A hook of this name is updated, which makes a new version of it; otherwise one is made, disabled unless --enable is given.

    \b
    Examples:
      hookd deploy                             in a project folder
      hookd deploy hook.js --name my-hook --trigger credentials-exchange
      hookd deploy my-hook --enable
    """
    _deploy(remote, _target(path), choices)


@click.command(short_help="Make a new hook.")
@click.argument("name")
@click.option("--file", type=click.Path(path_type=Path, allow_dash=True), help="The script; - is the standard input.")
@_TRIGGER
@_ENGINE
@_DEPENDENCIES
@_ENABLE
@server_options
def create(remote: Remote, name: str, file: Path | None, enable: bool, **choices: Any) -> None:
    """Make a new hook, from a file, from the standard input, or in your editor.

    `hookd deploy` is for one that may be there already, and for project folders.

    \b
    Examples:
      hookd create my-hook --trigger credentials-exchange --file hook.js
      hookd create my-hook --trigger credentials-exchange --enable < hook.js
      hookd create my-hook --trigger credentials-exchange
    """
    trigger = choices["trigger"] or next(iter(TRIGGERS))
    wanted = _with_choices(Wanted(name=name, script=_script(name, file)), {**choices, "trigger": trigger})
    began = time.monotonic()
    with remote.out.working(f"Making {name}"):
        written = _make(remote.server, wanted, enable=enable)
    _report(remote, written, began, created=True, version=1)


def _deploy(remote: Remote, target: Path, choices: Mapping[str, Any]) -> None:
    """Once."""
    began = time.monotonic()
    wanted = _with_choices(_read(target), choices)
    with remote.out.working(f"Deploying {wanted.name}"):
        server = remote.server
        there = _there(server, wanted)
        before = 0 if there is None else int(server.versions(there)[0]["number"])
        if there is None:
            written = _make(server, wanted, enable=choices["enable"])
        else:
            written = _change(server, there, wanted, enable=choices["enable"])
        version = int(server.versions(written.hook)[0]["number"])
    _report(remote, written, began, created=there is None, version=version, changed=version != before)
    missing = sorted(set(wanted.secrets) - set(server.secret_names(written.hook))) if wanted.secrets else []
    if missing:
        remote.out.warn(
            f"The project names the secret {missing[0]}, which the server does not have: "
            f"hookd secrets set {missing[0]} --hook {written.hook.name}"
        )


def _target(path: Path | None) -> Path:
    """A file, or a project folder."""
    from runtime.cli.project import find_folder

    if path is None:
        folder = find_folder(Path.cwd())
        if folder is None:
            raise WrongUsage(
                "What is to be deployed? Name a file or a folder: hookd deploy hook.js, or make one: hookd init."
            )
        return folder
    return path


def _read(target: Path) -> Wanted:
    from runtime.cli.project import find_folder, read_project, read_source

    if target.is_dir():
        return _of_project(read_project(target))
    folder = find_folder(target.parent)
    if folder is not None and read_project(folder).source.absolute() == target.absolute():
        return _of_project(read_project(folder))
    stem = target.absolute().parent.name if target.stem in _GENERAL_NAMES else target.stem
    return Wanted(name=_UNFIT.sub("-", stem).strip("-") or "hook", script=read_source(target))


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
    from dataclasses import replace

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


def _script(name: str, file: Path | None) -> str:
    from runtime.cli.project import read_source

    if file not in (None, STDIN):
        assert file is not None
        return read_source(file)
    if file == STDIN or not is_terminal(sys.stdin):
        script = sys.stdin.read()
        if not script.strip():
            raise WrongUsage(
                f"The standard input is empty. Give the script there, or name it: hookd create {name} --file hook.js"
            )
        return script
    raise WrongUsage(f"Where is the script? hookd create {name} --file hook.js, or give it on the standard input.")


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


def _make(server: Server, wanted: Wanted, *, enable: bool) -> Written:
    """A new hook. Its policy is there before it is enabled: it decides which others are disabled."""
    body = {"name": wanted.name, "triggerId": wanted.trigger, **wanted.body()}
    if not wanted.policy:
        return server.create({**body, "enabled": enable})
    written = server.create(body)
    server.change_policy(written.hook, wanted.policy)
    return server.update(written.hook, {"enabled": True}) if enable else written


def _change(server: Server, hook: RemoteHook, wanted: Wanted, *, enable: bool) -> Written:
    body = wanted.body()
    if wanted.policy and dict(wanted.policy) != server.policy(hook):
        if enable and not hook.enabled:
            server.update(hook, body)
            server.change_policy(hook, wanted.policy)
            return server.update(hook, {"enabled": True})
        written = server.update(hook, body)
        server.change_policy(hook, wanted.policy)
        return written
    return server.update(hook, {**body, "enabled": True} if enable else body)


def _report(
    remote: Remote, written: Written, began: float, *, created: bool, version: int, changed: bool = True
) -> None:
    hook, took = written.hook, time.monotonic() - began
    body = written_body(written, created=created, changed=changed, version=version, seconds=round(took, 3))
    remote.out.answer(body, lambda: _show(remote.out, hook, version, took, changed=changed))
    remark(remote.out, written)
    if not hook.enabled and not written.is_broken:
        remote.out.note(f"No token request runs it yet: hookd enable {hook.name}")


def _show(out: Output, hook: RemoteHook, version: int, took: float, *, changed: bool) -> None:
    what = f"version {version}" if changed else f"version {version} as before"
    cells = (Styled(hook.name, "bold"), what, hook.trigger, state(hook.enabled), Styled(seconds(took), "dim"))
    out.line(*cells, gap="  ")
