"""`hookd bench`: what a hook costs, request by request, in this process."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from runtime.cli.failures import WrongUsage
from runtime.cli.options import Trial, output_options, trial_options
from runtime.cli.output import Cell, Output, Styled
from runtime.model import Failure

if TYPE_CHECKING:
    from runtime.cli.local import Loaded, Local
    from runtime.cli.targets import Asked, Target
    from runtime.dispatch import Executed

_BLOCK: Final = 50
"""Requests of one hook before the other one's turn: what disturbs the machine disturbs both."""
_WARMING: Final = 100


@dataclass(slots=True)
class Measured:
    """A hook and what each of its requests took, in milliseconds."""

    name: str
    ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    memory_bytes: int = 0
    decision: str = ""
    failure: str = ""

    def add(self, ms: float, executed: Executed) -> None:
        """One request."""
        execution = executed.execution
        assert execution is not None
        self.ms.append(ms)
        self.cpu_ms.append(execution.cpu_ms)
        self.memory_bytes = max(self.memory_bytes, execution.memory_bytes)
        self.decision = execution.decision
        self.failure = executed.fault.code if isinstance(executed.fault, Failure) else ""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "hook": self.name,
            "requests": len(self.ms),
            "p50_ms": _percentile(self.ms, 50),
            "p90_ms": _percentile(self.ms, 90),
            "p99_ms": _percentile(self.ms, 99),
            "most_ms": round(max(self.ms), 3),
            "cpu_ms": _percentile(self.cpu_ms, 50),
            "requests_per_second": round(len(self.ms) / self.seconds, 1),
            "memory_bytes": self.memory_bytes,
            "decision": self.decision,
            "failure": self.failure or None,
        }


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[HOOK] [OTHER] [REQUEST]")
@click.option("--requests", type=click.IntRange(1, 1_000_000), default=2_000, show_default=True, help="Of each hook.")
@click.option(
    "--at-once", type=click.IntRange(1, 1_000), default=1, show_default=True, help="Requests under way at once."
)
@trial_options
@output_options
def bench(out: Output, paths: Sequence[str], requests: int, at_once: int, trial: Trial) -> None:
    """Measure what a hook costs, or compare two.

    Each request has a fresh sandbox, in this process, on the way that a token request takes. Two hooks are measured in turns, and compared. HTTP is not in it; what the hook waits for is.

    \b
    Examples:
      hookd bench
      hookd bench my-hook my-hook/cases/allowed.json --requests 10000
      hookd bench old.js new.js --trigger credentials-exchange
    """
    import uvloop

    from runtime.cli.targets import STANDARD_INPUT, gather_secrets, read_asked, read_target

    hooks = [path for path in paths if path != "-" and not path.endswith(".json")]
    files = [path for path in paths if path not in hooks]
    if len(hooks) > 2 or len(files) > 1:
        raise WrongUsage("One hook, or two to compare, and one request (a .json file, or -) can be measured.")
    targets = [read_target(Path(hook), trigger=trial.trigger, engine=trial.engine) for hook in hooks]
    targets = targets or [read_target(None, trigger=trial.trigger, engine=trial.engine)]
    if len({target.trigger for target in targets}) > 1:
        raise WrongUsage("Both must be of one extensibility point: they get the same requests.")
    asked = read_asked(files[0] if files else None, targets[0])
    given = trial.values("hookd bench", is_input_taken=STANDARD_INPUT in files)
    values = [gather_secrets(target, asked, given) for target in targets]
    names = [str(target.source) if len(targets) > 1 else target.name for target in targets]
    measured = uvloop.run(
        _measure(out, list(zip(names, targets, values, strict=True)), asked, requests, at_once, trial.config)
    )
    rows = [one.document() for one in measured]
    out.answer({"at_once": at_once, "hooks": rows}, lambda: _show(out, rows, at_once))
    for one in measured:
        if one.failure:
            out.warn(
                f"{one.name} breaks ({one.failure}): what was measured is a hook that breaks. `hookd run` says why."
            )


async def _measure(
    out: Output,
    hooks: list[tuple[str, Target, Any]],
    asked: Asked,
    requests: int,
    at_once: int,
    config: Path | None,
) -> list[Measured]:
    from runtime.cli.local import open_local

    engine = "node" if any(target.engine == "node" for _, target, _ in hooks) else ""
    async with open_local(config, os.environ, engine=engine) as local:
        with out.working("Making the hook ready"):
            loaded = [await local.load(target.body, secrets, enabled=True) for _, target, secrets in hooks]
            for one in loaded:
                await _block(local, one, asked, min(_WARMING, requests), at_once, Measured(""))
        measured = [Measured(name) for name, _, _ in hooks]
        with out.counting("Requests", requests * len(hooks), drawn_by_steps=True) as step:
            for done in range(0, requests, _BLOCK):
                count = min(_BLOCK, requests - done)
                for one, result in zip(loaded, measured, strict=True):
                    await _block(local, one, asked, count, at_once, result)
                    step(by=count)
    return measured


async def _block(local: Local, loaded: Loaded, asked: Asked, count: int, at_once: int, result: Measured) -> None:
    import asyncio

    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            began = time.perf_counter()
            executed = await local.execute(loaded, asked.request)
            result.add((time.perf_counter() - began) * 1000, executed)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(min(at_once, count))))
    result.seconds += time.perf_counter() - began


def _percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 3)


_ROWS: Final = (
    ("p50", "p50_ms", "ms"),
    ("p90", "p90_ms", "ms"),
    ("p99", "p99_ms", "ms"),
    ("CPU time", "cpu_ms", "ms"),
    ("Requests", "requests_per_second", "/s"),
    ("Memory", "memory_bytes", "KiB"),
)


def _show(out: Output, rows: Sequence[Mapping[str, Any]], at_once: int) -> None:
    headings = ["", *(row["hook"] for row in rows), *(["DIFFERENCE"] if len(rows) > 1 else [])]
    table: list[list[Cell]] = [
        [title, *(_value(row[name], unit) for row in rows), *([_difference(rows, name)] if len(rows) > 1 else [])]
        for title, name, unit in _ROWS
    ]
    out.table(headings, [*table, ["Decision", *(row["decision"] for row in rows), *([""] if len(rows) > 1 else [])]])
    each = " each" if len(rows) > 1 else ""
    out.note(f"{rows[0]['requests']:,} requests{each}, {at_once} at once.")


def _value(value: float, unit: str) -> str:
    if unit == "KiB":
        return f"{value / 1024:,.0f} KiB"
    return f"{value:,.0f} /s" if unit == "/s" else f"{value:.3f} ms"


def _difference(rows: Sequence[Mapping[str, Any]], name: str) -> Cell:
    """Of the second hook from the first; green where it is better."""
    old, new = rows[0][name], rows[1][name]
    percent = (new / old - 1) * 100 if old else 0.0
    is_better = percent > 0 if name == "requests_per_second" else percent < 0
    style = "" if abs(percent) < 3 else "green" if is_better else "red"
    return Styled(f"{percent:+.0f} %", style)
