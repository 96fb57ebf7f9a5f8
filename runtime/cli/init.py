"""`hookd init`: a new project folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from runtime.cli.completing import template_names
from runtime.cli.failures import WrongUsage
from runtime.cli.options import output_options
from runtime.cli.output import Output, is_terminal
from runtime.cli.writing import write_file
from runtime.triggers import TRIGGERS

if TYPE_CHECKING:
    from runtime.cli.project import Project

USUAL: Final = next(iter(TRIGGERS))


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="The hook's name.  [default: the folder's]")
@click.option("--trigger", type=click.Choice(list(TRIGGERS)), metavar="POINT", help=f"One of: {', '.join(TRIGGERS)}.")
@click.option("--typescript", is_flag=True, help="hook.ts in place of hook.js.")
@click.option(
    "--template",
    default="",
    metavar="NAME",
    shell_complete=template_names,
    help="Begin with one of hookd's examples, such as deny-by-ip.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@output_options
def init(
    out: Output,
    folder: Path | None,
    name: str | None,
    trigger: str | None,
    typescript: bool,
    template: str,
    force: bool,
) -> None:
    """Make a project folder: a hook, its types, a first case.

    Asks for what it needs where nothing was said and somebody is there to ask. Files that are there already stay, unless
    --force is given.

    \b
    Examples:
      hookd init my-hook
      hookd init my-hook --trigger pre-user-registration --typescript
      hookd init by-country --template deny-by-ip
    """
    from runtime.cli.project import name_like, require_name
    from runtime.cli.starters import new_project

    if folder is None and not (name or trigger or template) and is_terminal(sys.stdin) and is_terminal(sys.stdout):
        folder, trigger, typescript = _ask(typescript=typescript)
    folder = folder or Path()
    name = name or name_like(folder.absolute().name, "my-hook")
    require_name(name)
    trigger = trigger or ("" if template else USUAL)
    project = new_project(folder, name, trigger, is_typescript=typescript, template=template)
    written, kept = _write(project, template, force=force)
    document = {"folder": str(folder), "name": name, "trigger": project.trigger, "written": written, "kept": kept}
    out.answer(document, lambda: _show(out, project, written, kept))


def _ask(*, typescript: bool) -> tuple[Path, str, bool]:
    """Folder, extensibility point, language."""
    from runtime.cli.project import name_like

    name = click.prompt("Name of the hook", default="my-hook", err=True)
    for number, trigger in enumerate(TRIGGERS.values(), 1):
        click.echo(f"  {number}  {trigger.id:<24}{trigger.title}", err=True)
    number = click.prompt("Extensibility point", default=1, type=click.IntRange(1, len(TRIGGERS)), err=True)
    is_typescript = typescript or click.confirm("In TypeScript?", default=False, err=True)
    return Path(name_like(name, "my-hook")), list(TRIGGERS)[number - 1], is_typescript


def _write(project: Project, template: str, *, force: bool) -> tuple[list[str], list[str]]:
    """The files that were written, and those that were there."""
    from runtime.cli.starters import starter_files, template_files

    if project.file.exists() and not force:
        raise WrongUsage(
            f"{project.file} is there already: this is a project folder. Choose another one, or replace its files with --force."
        )
    written: list[str] = []
    kept: list[str] = []
    for name, text in template_files(project, template) if template else starter_files(project):
        file = project.folder / name
        if file.exists() and not force:
            kept.append(name)
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_file(file, text)
        except OSError as error:
            raise WrongUsage(f"{file} can not be written ({error.strerror}): choose another folder.") from None
        written.append(name)
    return written, kept


def _show(out: Output, project: Project, written: list[str], kept: list[str]) -> None:
    for name in written:
        out.line(str(project.folder / name))
    for name in kept:
        out.note(f"{project.folder / name} was there already, and stays as it is.")
    there = "" if project.folder == Path() else f"cd {project.folder} && "
    out.note(f"\nTry it: {there}hookd test")
