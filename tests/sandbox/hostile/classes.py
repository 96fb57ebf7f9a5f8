"""The classes of attacks, and README.md of this folder: what is tried, how often, and what comes of it. `make attacks` writes it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime.model import FAILURES
from tests.sandbox.hostile.catalogue import FILES, Row, read

HERE = Path(__file__).parent
README = HERE / "README.md"
_DIFFERENCES = HERE.parents[1] / "node/differences.toml"

HEAD = """\
# What is tried on hookd, and what comes of it

{rows} hostile hooks in {classes} classes, each with the outcome that it must have: the files beside this one are the catalogue,
[catalogue.py](catalogue.py) says how to read them. [test_hostile.py](../test_hostile.py) runs each in the wasm engine, on the event
loop and on a thread, and after each asks a good hook for its answer; [test_contract.py](../../node/test_contract.py) runs them in
Node (all of them with `HOOKD_ALL_ROWS=1`), where they end alike but for those of [differences.toml](../../node/differences.toml),
which has how they end there, and why.

Whatever the class: the run ends with an outcome that has a name, a hook that failed issues no token unless its policy says so, and
no other request, tenant or process notices. What the words of the last columns mean is in `FAILURES` of
[model.py](../../../runtime/model.py); `answered` and `refused` is what the hook meant, `not deployed` never became a hook.

Beside the catalogue: what only Node has to lose, files, sockets, processes and rights ([test_hostile.py](../../node/test_hostile.py),
[test_jail.py](../../node/test_jail.py)); bytes left in memory ([leaks](../test_hostile_leaks.py)); memory that ends anywhere
([memory](../test_hostile_memory.py)); webtasks that fight with HTTP ([webtasks](../test_webtasks_hostile.py)); addresses and URLs in
all spellings ([guard](../../network/test_guard.py)); what a secret looks like ([masking](../../test_masking.py)).

Written by `make attacks`.

| class | attacks | what comes of them | ends in wasm | otherwise in Node |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A kind of attack: so many rows at least, and for readers what comes of them."""

    name: str
    least: int
    ends: str


CLASSES = [Class(**entry) for entry in tomllib.loads((HERE / "classes.toml").read_text("utf-8"))["class"]]


def catalogued() -> dict[str, Row]:
    """Every row, by its file and its name."""
    return {f"{file}: {row.name}": row for file in FILES for row in read(file)}


def otherwise() -> set[str]:
    """The rows that are listed to end otherwise in Node."""
    listed = tomllib.loads(_DIFFERENCES.read_text("utf-8"))["difference"]
    return {row for difference in listed for row in difference["rows"]}


def rendered(rows: Mapping[str, Row], different: set[str]) -> str:
    """The whole README."""
    lines = [
        _line(each, {name: row for name, row in rows.items() if row.kind == each.name}, different) for each in CLASSES
    ]
    return HEAD.format(rows=f"{len(rows):,}", classes=len(CLASSES)) + "".join(f"{line}\n" for line in lines)


def _line(each: Class, rows: Mapping[str, Row], different: set[str]) -> str:
    ends = Counter(_end(row) for row in rows.values())
    said = ", ".join(f"{end} {number}" for end, number in ends.most_common())
    return f"| {each.name} | {len(rows)} | {each.ends} | {said} | {len(rows.keys() & different) or ''} |"


def _end(row: Row) -> str:
    if row.rejected:
        return "not deployed"
    if row.answers is not None:
        return "answered"
    if row.refuses is not None:
        return "refused"
    code = row.fails[0] if len(row.fails) == 1 else "one of several"
    return f"`{code}`" if code in FAILURES else code
