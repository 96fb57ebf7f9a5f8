"""`hookd run`: one request to one hook, on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli.failures import EXIT_BROKEN
from runtime.cli.options import Trial, output_options, trial_options
from runtime.cli.output import Cell, Output, Styled
from runtime.model import Failure

if TYPE_CHECKING:
    from runtime.cli.local import Loaded
    from runtime.cli.targets import Asked, Target
    from runtime.dispatch import Executed
    from runtime.model import Secrets

_LEVELS = {"error": "red", "warn": "yellow", "debug": "dim", "info": ""}


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[HOOK] [REQUEST]")
@trial_options
@output_options
def run(out: Output, paths: Sequence[str], trial: Trial) -> None:
    """Run a hook once, on this machine, without a server.

    By the same engine and the same rules as a server does. HOOK is a project folder or a file; without it the project that the current folder is in. REQUEST is a JSON file with a
    request or a case, or - for the standard input; without it a sample. Ends with exit code 1 when the hook breaks.

    \b
    Examples:
      hookd run
      hookd run cases/allowed.json
      hookd run hook.js --trigger credentials-exchange
      hookd run my-hook - --secret KEY=@key.txt < request.json
    """
    import uvloop

    from runtime.cli.targets import STANDARD_INPUT, gather_secrets, read_asked, read_target, split_paths

    hook, request = split_paths(paths)
    target = read_target(hook, trigger=trial.trigger, engine=trial.engine)
    asked = read_asked(request, target)
    values = gather_secrets(target, asked, trial.values("hookd run", is_input_taken=request == STANDARD_INPUT))
    loaded, executed = uvloop.run(_run(out, target, asked, values, trial.config))

    from runtime.web.execute import trial_body

    document = trial_body(asked.request, executed)
    out.answer(document, lambda: _show(out, target, asked, loaded, document))
    _hints(out, target, values, loaded)
    if isinstance(executed.fault, Failure):
        click.get_current_context().exit(EXIT_BROKEN)


async def _run(
    out: Output, target: Target, asked: Asked, secrets: Secrets, config: Path | None
) -> tuple[Loaded, Executed]:
    from runtime.cli.local import open_local

    with out.working("Making the hook ready"):
        async with open_local(config, os.environ, engine=target.engine) as local:
            loaded = await local.load(target.body)
            return loaded, await local.run(loaded, asked.request, secrets)


def _hints(out: Output, target: Target, values: Secrets, loaded: Loaded) -> None:
    missing = [name for name in target.secret_names if name not in values]
    if missing:
        out.note(
            f"Without a value here: {', '.join(missing)}. Put {missing[0]}=... into secrets.env beside hookd.toml, or give "
            f"--secret {missing[0]}, and the value when it is asked for."
        )
    if loaded.warning and "does not load" not in loaded.warning:
        out.warn(loaded.warning)


def _show(out: Output, target: Target, asked: Asked, loaded: Loaded, document: Mapping[str, Any]) -> None:
    from runtime.cli.reports import modules_line
    from runtime.web.shapes import module_body

    took = document["run"]
    rows: list[tuple[str, Cell]] = [
        ("Hook", Styled(target.name, "bold")),
        ("Trigger", target.trigger),
        ("Engine", loaded.version.engine),
        *([("Modules", modules_line([module_body(module) for module in loaded.modules]))] if loaded.modules else []),
        ("Request", asked.origin),
        ("Decision", _decision(document)),
        *_answer_rows(document),
        *_error_rows(document.get("hook_error")),
        *[
            ("Console", Styled(f"{line['level']:<5}  {line['text']}", _LEVELS[line["level"]]))
            for line in took["console"]
        ],
        *[("Operation", _operation(row)) for row in took["operations"]],
        ("Took", _took(took)),
    ]
    out.fields([(name if not at or rows[at - 1][0] != name else "", cell) for at, (name, cell) in enumerate(rows)])


def _decision(document: Mapping[str, Any]) -> Cell:
    if document["decision"] == "allow":
        return Styled("allow", "bold green")
    return Styled(f"deny  {document['error']}: {document['error_description']}", "bold red")


def _answer_rows(document: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    rows: list[tuple[str, Cell]] = []
    if "user_message" in document:
        rows.append(("User message", document["user_message"]))
    if "scope" in document:
        rows.append(("Scope", " ".join(document["scope"]) or Styled("none", "yellow")))
    for title, name in (("Claims", "claims"), ("ID token", "id_token_claims"), ("User", "user")):
        rows += [(title, f"{claim}  {_json(value)}") for claim, value in document.get(name, {}).items()]
    if document.get("claims") == {}:
        rows.append(("Claims", Styled("none", "dim")))
    return rows + [("Dropped", Styled(_dropped(row), "yellow")) for row in document.get("dropped", [])]


def _dropped(row: Mapping[str, str]) -> str:
    from runtime.claims import REASONS

    return f"{row['name']}  {REASONS.get(row['reason'], row['reason'])}"


def _error_rows(error: Mapping[str, str] | None) -> list[tuple[str, Cell]]:
    if error is None:
        return []
    from runtime.cli.cases import told
    from runtime.model import FAILURES

    why = FAILURES.get(error["code"], "The hook called cb(error).")
    text = told(error["name"], error["message"], error["stack"])
    return [("Error", Styled(f"{error['code']}  {why}", "red")), ("", text)]


def _operation(row: Mapping[str, Any]) -> str:
    what = " ".join(str(row[name]) for name in ("method", "host", "status", "error") if row[name])
    return f"{row['kind']}  {what}  {row['ms']:.0f} ms"


def _took(run: Mapping[str, Any]) -> str:
    return f"{run['duration_ms']:.1f} ms, {run['cpu_ms']:.1f} ms of CPU time, {run['memory_bytes'] / 1024:,.0f} KiB of memory"


def _json(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
