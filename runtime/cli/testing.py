"""`hookd test`: every case of every hook, on this machine."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from runtime.cli.failures import EXIT_TESTS, WrongUsage
from runtime.cli.options import output_options
from runtime.cli.output import Output, Styled, plural
from runtime.cli.settings_options import CONFIG
from runtime.cli.writing import write_file
from runtime.errors import HookdError, SettingsError
from runtime.model import ENGINES

if TYPE_CHECKING:
    from runtime.cli.local import Loaded, Local
    from runtime.cli.project import Project
    from runtime.cli.results import Result
    from runtime.dispatch import Executed

_UNLOADED: Final = ("source_rejected", "not_a_function")
"""How a hook breaks that does not load: nothing to write into its cases."""


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[FOLDER | CASE]...")
@click.option("--update", is_flag=True, help="Write what was found into the cases that differ.")
@click.option("--watch", is_flag=True, help="Again whenever a file changes, until Ctrl-C.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit's XML there too.")
@click.option("--engine", type=click.Choice(ENGINES), help="In place of the projects' own.")
@CONFIG
@output_options
def test(
    out: Output,
    paths: Sequence[Path],
    update: bool,
    watch: bool,
    junit: Path | None,
    engine: str | None,
    config: Path | None,
) -> None:
    """Hold hooks against their cases, on this machine.

    Each file in cases/ has a request and what the hook must answer. Takes project folders, folders of such, and single cases; without any the project that the current folder is in. Ends with
    exit code 6 when a case fails.

    \b
    Examples:
      hookd test
      hookd test hooks/* --junit report.xml
      hookd test my-hook/cases/denied.json --update
      hookd test --watch
    """
    import uvloop

    from runtime.cli.results import document_of, junit_of

    async def once_or_more() -> list[Result]:
        last: list[Result] = []
        async for last in _rounds(out, paths, config, engine or "", update=update, watch=watch):
            if junit is not None:
                _write(junit, junit_of(last))
            if out.json and watch:
                out.event(document_of(last))
            else:
                out.answer(document_of(last), partial(_conclude, out, last))
        return last

    try:
        results = uvloop.run(once_or_more())
    except KeyboardInterrupt:  # how one stops to watch
        return
    if not all(result.is_passed for result in results):
        click.get_current_context().exit(EXIT_TESTS)


async def _rounds(
    out: Output, paths: Sequence[Path], config: Path | None, engine: str, *, update: bool, watch: bool
) -> AsyncIterator[list[Result]]:
    """The results of each round; of the one, unless it is to watch."""
    from runtime.cli.local import engine_of, open_local
    from runtime.cli.watching import changes

    chosen = list(_chosen(paths))
    wanted = engine_of([project for project, _ in chosen], engine)
    async with AsyncExitStack() as stack:
        with out.working("Starting the engine"):
            local = await stack.enter_async_context(open_local(config, os.environ, engine=wanted))
        changed = changes([project.folder for project, _ in chosen])
        yield await _round(out, local, chosen, engine, update=update)
        if not watch:
            return
        out.note("Waiting for changes; Ctrl-C stops.")
        async for _ in changed:
            try:
                yield await _round(out, local, list(_chosen(paths)), engine, update=update)
            except (SettingsError, WrongUsage) as error:
                out.warn(str(error))
            out.note("Waiting for changes; Ctrl-C stops.")


def _chosen(paths: Sequence[Path]) -> Iterator[tuple[Project, list[Path]]]:
    """The projects with those of their cases that are to be run."""
    from runtime.cli.project import find_folder, folders_in, read_project

    cases: dict[Path, list[Path]] = {}
    for path in paths or [find_folder(Path()) or Path()]:
        if path.is_dir():
            for folder in folders_in(path):
                cases[folder] = read_project(folder).cases
        else:
            folder = find_folder(path.parent) or path.parent
            cases.setdefault(folder, []).append(path)
    if not any(cases.values()):
        folder = next(iter(cases))
        raise WrongUsage(
            f"There are no cases in {folder / 'cases'}. Put a file there with a request, such as "
            f'{{"request": {{...}}}}, and `hookd test --update` adds what the hook answers.'
        )
    for folder, files in cases.items():
        yield read_project(folder), files


async def _round(
    out: Output, local: Local, chosen: Sequence[tuple[Project, list[Path]]], engine: str, *, update: bool
) -> list[Result]:
    results: list[Result] = []
    with out.counting("Cases", sum(len(files) for _, files in chosen)) as step:
        for project, files in chosen:
            heading = [Styled(project.name, "bold"), Styled(project.trigger, "dim")]
            async for result in _results(local, project, files, engine, update=update):
                results.append(result)
                step()
                if not out.json and not (out.quiet and result.is_passed):
                    if heading:
                        out.line(*heading)
                        heading = []
                    _show(out, result)
    return results


async def _results(
    local: Local, project: Project, files: Sequence[Path], engine: str, *, update: bool
) -> AsyncIterator[Result]:
    from runtime.cli.results import Result

    loaded: Loaded | None = None
    for file in files:
        try:
            if loaded is None:
                loaded = await local.load({**project.body(), **({"engine": engine} if engine else {})})
            yield await _result(local, project, loaded, file, update=update)
        except (SettingsError, HookdError) as error:
            message = error.message if isinstance(error, HookdError) else str(error)
            yield Result(hook=project.name, case=file.stem, file=file, error=message)


async def _result(local: Local, project: Project, loaded: Loaded, file: Path, *, update: bool) -> Result:
    from runtime.cli.cases import differences, found_of, read_case, updated
    from runtime.cli.results import Result

    case = read_case(file, project.trigger)
    executed = await local.run(loaded, case.request, case.secrets)
    found = found_of(executed)
    execution = executed.execution
    assert execution is not None
    result = Result(
        hook=project.name,
        case=case.name,
        file=file,
        differences=differences(case, found),
        ms=execution.duration_ms,
        cpu_ms=execution.cpu_ms,
        console=[(line.level, line.text) for line in execution.console],
    )
    if not result.differences:
        return result
    if found["failure"] in _UNLOADED and not case.document.get("failure"):
        return replace(result, differences=(), error=_how(executed))
    if update:
        _write(file, updated(case, found))
        return replace(result, is_updated=True)
    return replace(result, broke=_how(executed) if found["failure"] and not case.document.get("failure") else "")


def _how(executed: Executed) -> str:
    """How the hook broke."""
    from runtime.cli.cases import told

    assert executed.fault is not None
    return told(executed.fault.name, executed.fault.message, executed.fault.stack)


def _show(out: Output, result: Result) -> None:
    if result.is_updated:
        out.line("  ", Styled("✎", "yellow"), result.case, Styled("updated", "yellow"))
        return
    if result.is_passed:
        out.line("  ", Styled("✓", "green"), result.case)
        return
    out.line("  ", Styled("✗", "red"), Styled(result.case, "bold"))
    for line in result.lines():
        sign = line.lstrip()[:2]
        out.line("      ", Styled(line, {"- ": "red", "+ ": "green"}.get(sign, "")))


def _conclude(out: Output, results: Sequence[Result]) -> None:
    """The last line."""
    failed = [result for result in results if not result.is_passed]
    changed = sum(result.is_updated for result in results)
    passed = len(results) - len(failed) - changed
    counts = [(passed, "passed"), (changed, "updated"), (len(failed), "failed")]
    hooks = len({result.hook for result in results})
    if len(results) > len(failed) or not out.quiet:
        out.line("")
    out.line(
        f"{plural(len(results), 'case')} of {plural(hooks, 'hook')}:",
        Styled(", ".join(f"{count} {word}" for count, word in counts if count), "bold red" if failed else "bold green"),
    )
    if any(result.differences for result in failed):
        out.note("- is what the case says, + what the hook did; `hookd test --update` takes what it did for right.")


def _write(file: Path, text: str) -> None:
    try:
        write_file(file, text)
    except OSError as error:
        raise WrongUsage(f"{file} can not be written ({error.strerror}): choose another place.") from None
