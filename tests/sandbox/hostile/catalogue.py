"""The catalogue of hostile hooks, as rows of the TOML files beside this one.

A row's code is one of
  hook      the body of `module.exports = function (client, scope, audience, context, cb) {...}`
  async     likewise, of an async function
  action    likewise, of `exports.onExecuteCredentialsExchange = async (event, api) => {...}`
  source    a whole source
  deep      a whole source: the first text 20,000 times, the second once, the third 20,000 times
and what must come of it is one of
  answers   JSON of what the hook answered, or `undefined`
  refuses   "Name: message" of the error that it gave to cb, with its `properties` (JSON)
  fails     a code of `model.FAILURES`; or several codes, or `answered` or `refused`, with `why` several are right
  rejected  the same when the source is deployed: it never becomes a hook
Beside these: `says`, "Name: message" of a failure; `console`, the lines that are kept, as [level, text]; `decides`, the
decision's error, or `allow`, with the `scope`, the `claims` (JSON) and the `dropped` names and reasons; any limit of
`LIMITS`, for the row or for its whole file; `xfail`, what is wrong with the runtime.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runtime.model import FAILURES, Limits

LIMITS = Limits(
    cpu_ms=30,
    wall_ms=400,
    memory_bytes=8 << 20,
    output_bytes=16_384,
    console_lines=8,
    console_bytes=2_048,
    operations=10,
    operation_bytes=65_536,
)
CODES = FAILURES.keys() | {"answered", "refused"}
DEEP = 20_000
PARAMETERS = "client, scope, audience, context, cb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One hostile hook and what must come of it."""

    name: str
    source: str
    limits: Limits
    answers: str | None = None
    refuses: str | None = None
    properties: str | None = None
    fails: Sequence[str] = ()
    rejected: Sequence[str] = ()
    why: str = ""
    says: str | None = None
    console: Sequence[Sequence[str]] | None = None
    decides: str | None = None
    scope: Sequence[str] | None = None
    claims: str | None = None
    dropped: Mapping[str, str] = field(default_factory=dict)
    xfail: str = ""

    def __post_init__(self) -> None:
        outcomes = [self.answers is not None, self.refuses is not None, bool(self.fails), bool(self.rejected)]
        assert sum(outcomes) == 1, f"{self.name}: one outcome"
        assert set(self.fails) <= CODES, self.name
        assert bool(self.why) == (len([*self.fails, *self.rejected]) > 1), f"{self.name}: several outcomes need a why"


def read(name: str) -> list[Row]:
    """The rows of one file."""
    document = tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))
    rows = list(_rows(document))
    names = [row.name for row in rows]
    assert len(set(names)) == len(names), "two rows have one name"
    return rows


def _rows(document: dict[str, Any]) -> Iterator[Row]:
    entries = document.pop("row")
    for entry in entries:
        known = {name: entry.pop(name, document.get(name, value)) for name, value in _numbers(LIMITS).items()}
        for name in ("fails", "rejected"):
            if isinstance(entry.get(name), str):
                entry[name] = [entry[name]]
        yield Row(source=_source(entry), limits=replace(LIMITS, **known), **entry)


def _source(entry: dict[str, Any]) -> str:
    if "hook" in entry:
        return f"module.exports = function ({PARAMETERS}) {{ {entry.pop('hook')}\n}};"
    if "async" in entry:
        return f"module.exports = async function ({PARAMETERS}) {{ {entry.pop('async')}\n}};"
    if "action" in entry:
        return f"exports.onExecuteCredentialsExchange = async (event, api) => {{ {entry.pop('action')}\n}};"
    if "deep" in entry:
        before, middle, after = entry.pop("deep")
        return str(before * DEEP + middle + after * DEEP)
    return str(entry.pop("source"))


def _numbers(limits: Limits) -> dict[str, int]:
    return {name: getattr(limits, name) for name in Limits.__slots__}
