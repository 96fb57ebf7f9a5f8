"""`hookd import`: the hooks and Actions of an Auth0 tenant, as project folders or straight to the server."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from runtime.cli.failures import EXIT_BROKEN, CommandFailed
from runtime.cli.options import Remote, server_options
from runtime.cli.output import Cell, Output, Styled, state
from runtime.errors import InvalidBody, SettingsError

if TYPE_CHECKING:
    from runtime.cli.project import Project
    from runtime.cli.server import RemoteHook, Server
    from runtime.cli.tenant import Exported

IMPORTED, KEPT, LEFT = "imported", "there already", "not imported"
_STYLES: Final = {IMPORTED: "green", KEPT: "yellow", LEFT: "red"}
_SPACE: Final = re.compile(r"\s+")


@dataclass(slots=True, kw_only=True)
class Row:
    """What became of one thing of the export. `place` is its folder or its hook's id."""

    exported: Exported
    name: str
    state: str = LEFT
    place: str = ""
    remarks: list[str] = field(default_factory=list)

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "kind": self.exported.kind.lower(),
            "name": self.exported.name,
            "hook": self.name,
            "trigger": self.exported.trigger or None,
            "enabled": self.exported.is_enabled,
            "state": self.state,
            "place": self.place or None,
            "missing_secrets": list(self.exported.missing),
            "remarks": self.remarks,
        }


@click.command("import")
@click.argument("export", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="the current folder",
    help="Where the project folders go.",
)
@click.option("--deploy", is_flag=True, help="Make the hooks on the server, in place of folders.")
@click.option("--force", is_flag=True, help="Replace what is there.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@server_options
def import_(remote: Remote, export: Path, output: Path, deploy: bool, force: bool, dry_run: bool) -> None:
    """Import the hooks and Actions of an Auth0 tenant.

    EXPORT is the folder, or the tenant.yaml, that auth0-deploy-cli exports. Hooks and Actions become project folders, or with --deploy hooks on the server, disabled as long as a secret of theirs is
    missing. Ends with exit code 1 when one of them could not be imported.

    \b
    Examples:
      hookd import ./tenant --output hooks
      hookd import ./tenant/tenant.yaml --dry-run
      hookd import ./tenant --deploy
    """
    from runtime.cli.tenant import RULE, read_export

    rows = list(_named(read_export(export)))
    importable = [row for row in rows if _is_fit(row)]
    if deploy:
        _deploy(remote, importable, force=force, dry=dry_run)
    else:
        with remote.out.counting("Folders", len(importable)) as step:
            for row in importable:
                _write_folder(row, output, force=force, dry=dry_run)
                step()
    remote.out.answer(
        {"dry_run": dry_run, "rows": [row.document() for row in rows]}, lambda: _show(remote.out, rows, dry=dry_run)
    )
    if any(row.state == LEFT and row.exported.kind != RULE for row in rows):
        click.get_current_context().exit(EXIT_BROKEN)


def _named(found: Sequence[Exported]) -> Iterator[Row]:
    """Each with a name that no other of its extensibility point has, and what there is to say of it already."""
    from runtime.cli.tenant import ACTION, LOGIN, RULE

    taken: set[tuple[str, str]] = set()
    for exported in found:
        name, number = exported.fit_name, 1
        while (exported.trigger, name.lower()) in taken:
            number += 1
            name = f"{exported.fit_name}-{number}"
        taken.add((exported.trigger, name.lower()))
        row = Row(exported=exported, name=name)
        if exported.kind == RULE:
            row.remarks.append(
                "Rules have no extensibility point here. What it does to a token, an Action can do: onExecutePostLogin."
            )
        elif not exported.trigger:
            row.remarks.append(f"hookd has no extensibility point {exported.point or 'for it'!r}.")
        elif not exported.script.strip():
            row.remarks.append("The export has no code of it: it is one of the vendor's marketplace.")
        else:
            if name != exported.name:
                row.remarks.append(
                    f"It is called {name!r} here: {'another one has its name' if number > 1 else 'letters, digits, spaces and hyphens are all that a name has'}."
                )
            if exported.kind == ACTION and exported.point == LOGIN:
                row.remarks.append("It runs at password-exchange: other ways to log in do not come by here.")
        yield row


def _is_fit(row: Row) -> bool:
    """Whether the server would take it; else the row says why not."""
    from runtime.manifest import SECRETS, parse_new_hook

    exported = row.exported
    if not exported.trigger or not exported.script.strip():
        return False
    try:
        parse_new_hook(_body(row))
    except InvalidBody as error:
        row.remarks.append(error.message.removeprefix("Payload validation error: "))
        return False
    if len(exported.secrets) + len(exported.missing) > SECRETS:
        row.remarks.append(f"It has more than {SECRETS} secrets.")
        return False
    return True


def _body(row: Row) -> dict[str, Any]:
    exported = row.exported
    return {
        "name": row.name,
        "script": exported.script,
        "triggerId": exported.trigger,
        "dependencies": dict(exported.dependencies),
    }


# Folders


def _write_folder(row: Row, output: Path, *, force: bool, dry: bool) -> None:
    from runtime.cli.project import FILE

    exported = row.exported
    slug = _SPACE.sub("-", row.name)
    folder = output / slug
    if (folder / FILE).exists() and not force:
        other = _other_point(folder, exported.trigger)
        if other:
            folder = output / f"{slug}-{exported.trigger}"
    row.place = str(folder)
    if (folder / FILE).exists() and not force:
        row.state = KEPT
        row.remarks.append("Its folder is there, and stays as it is: --force replaces it.")
        return
    if not dry:
        _write_files(_project(row, folder), row)
    row.state = IMPORTED
    if exported.missing:
        row.remarks.append(
            f"Without a value in the export: {', '.join(exported.missing)}. Put {_it(exported.missing)} into "
            f"{folder / 'secrets.env'}."
        )


def _other_point(folder: Path, trigger: str) -> bool:
    """Whether the folder is that of a hook at another extensibility point."""
    from runtime.cli.project import read_project

    try:
        return read_project(folder).trigger != trigger
    except SettingsError:
        return False


def _project(row: Row, folder: Path) -> Project:
    from runtime.cli.project import Project
    from runtime.model import Policy

    exported = row.exported
    return Project(
        folder=folder,
        name=row.name,
        trigger=exported.trigger,
        dependencies=exported.dependencies,
        policy=None if exported.order is None else Policy(order=exported.order),
        secrets=tuple(sorted([*exported.secrets, *exported.missing])),
    )


def _write_files(project: Project, row: Row) -> None:
    from runtime.cli.env_files import render_values
    from runtime.cli.project import VALUES
    from runtime.cli.starters import files_around
    from runtime.cli.writing import write_file, write_private

    try:
        project.folder.mkdir(parents=True, exist_ok=True)
        for name, text in files_around(project, row.exported.script):
            write_file(project.folder / name, text)
        if project.secrets:
            write_private(project.folder / VALUES, render_values(project.secrets, row.exported.secrets))
    except OSError as error:
        raise SettingsError(
            f"{project.folder} can not be written ({error.strerror}): choose another --output."
        ) from None


# The server


def _deploy(remote: Remote, rows: Sequence[Row], *, force: bool, dry: bool) -> None:
    known = {(hook.trigger, hook.name): hook for hook in remote.server.hooks()}
    with remote.out.counting("Hooks", len(rows)) as step:
        for row in rows:
            there = known.get((row.exported.trigger, row.name))
            if there is not None and not force:
                row.state, row.place = KEPT, there.id
                row.remarks.append("The server has a hook of this name, which stays as it is: --force replaces it.")
            elif dry:
                row.state = IMPORTED
            else:
                _send(remote.server, row, there)
            step()


def _send(server: Server, row: Row, there: RemoteHook | None) -> None:
    """The hook, its policy, its secrets; and only when all is there, enabled if it was."""
    from runtime.cli.reports import unmasked
    from runtime.cli.sending import Wanted, send

    exported = row.exported
    wanted = Wanted(
        name=row.name,
        script=exported.script,
        trigger=exported.trigger,
        dependencies=exported.dependencies,
        policy=None if exported.order is None else {"order": exported.order},
    )
    try:
        written = send(server, wanted, there, enable=False)
        row.state, row.place = IMPORTED, written.hook.id
        if written.warning:
            row.remarks.append(written.warning)
        if exported.secrets:
            server.set_secrets(written.hook, exported.secrets)
            row.remarks.extend(filter(None, [unmasked(exported.secrets)]))
        _switch(server, row, written.hook)
    except CommandFailed as error:
        row.remarks.append(error.message)


def _switch(server: Server, row: Row, hook: RemoteHook) -> None:
    from runtime.cli.sending import missing_secrets

    exported = row.exported
    missing = missing_secrets(server, exported.missing, hook)
    if missing:
        name = hook.word
        row.remarks.append(
            f"Without a value: {', '.join(missing)}. Set {_it(missing)}: `hookd secrets set {shlex.join(missing)} --hook {name}`"
            + (f", then `hookd enable {name}`: it is disabled till then." if exported.is_enabled else ".")
        )
    elif exported.is_enabled and not hook.enabled:
        disabled = server.update(hook, {"enabled": True}).disabled
        if disabled:
            row.remarks.append(f"It is enabled in place of {disabled}.")


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


# What is shown


def _show(out: Output, rows: Sequence[Row], *, dry: bool) -> None:
    if not rows:
        out.note("The export has no hooks and no Actions.")
        return
    table: list[tuple[Cell, ...]] = [
        (
            Styled(f"would be {row.state}" if dry and row.state == IMPORTED else row.state, _STYLES[row.state]),
            row.exported.kind,
            row.exported.name,
            row.exported.trigger or "-",
            state(row.exported.is_enabled),
            row.place or "-",
        )
        for row in rows
    ]
    out.table(("RESULT", "KIND", "NAME", "TRIGGER", "IN THE EXPORT", "PLACE"), table)
    remarked = [row for row in rows if row.remarks]
    if remarked:
        out.line("")
        out.line(Styled("Needs your attention", "bold"))
    for row in remarked:
        for remark in row.remarks:
            out.line(f"  {row.exported.kind} {row.exported.name}:", remark)
    counts = {result: sum(row.state == result for row in rows) for result in _STYLES}
    said = ", ".join(f"{count} {result}" for result, count in counts.items() if count)
    out.note(f"\nIt would be: {said}." if dry else f"\n{said}.")
