"""The catalogue of hostile hooks, as rows of the TOML files beside this one.

A row's code is one of
  hook      the body of `module.exports = function (client, scope, audience, context, cb) {...}`
  async     likewise, of an async function
  action    likewise, of `exports.onExecuteCredentialsExchange = async (event, api) => {...}`
  source    a whole source
  fetches   URLs that an async hook fetches; it answers how they ended: each status, or code of an error, once, in order
  deep      a whole source: the first text 20,000 times, the second once, the third 20,000 times
and what must come of it is one of
  answers   JSON of what the hook answered, or `undefined`
  refuses   "Name: message" of the error that it gave to cb, with its `properties` (JSON)
  fails     a code of `model.FAILURES`; or several codes, or `answered` or `refused`, with `why` several are right
  rejected  the same when the source is deployed: it never becomes a hook
Beside these: `class`, one of classes.toml, of the row or of its whole file; `says`, "Name: message" of a failure; `console`, the lines that are kept, as [level, text]; `decides`, the
decision's error, or `allow`, with the `scope`, the `claims` (JSON) and the `dropped` names and reasons; `kept`, the texts that
a record of the run has, with `SECRETS` masked: its lines, then the error's name and message; `differs`, that two requests are
answered differently; any limit of `LIMITS`, for the row or for its whole file; `xfail`, what is wrong with the runtime.

A row, or a file, with `twice` must end alike for two requests to one program; with `network` it has the network of world.py.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runtime.model import FAILURES, Limits

PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq/hkiG9w0\nSjAgEAA+x==\n-----END KEY-----\n"
# More than a busy machine takes for what ends by itself; who is stopped by one of the two says how much it has.
LIMITS = Limits(
    cpu_ms=2_000,
    wall_ms=10_000,
    memory_bytes=8 << 20,
    output_bytes=16_384,
    console_lines=8,
    console_bytes=2_048,
    operations=10,
    operation_bytes=65_536,
)
SECRETS = {"KEY": "sesame", "API_KEY": "Open-Sesame_2026", "PASSWORD": 'p@ss w/rd+"1"', "PEM": PEM}
CODES = FAILURES.keys() | {"answered", "refused"}
DEEP = 20_000
FETCHES = """module.exports = async () => {
  const ends = new Set();
  for (const url of URLS) ends.add(await fetch(url).then((r) => r.status, (e) => e.cause?.code ?? e.code ?? e.name));
  return [...ends].sort();
};"""
PARAMETERS = "client, scope, audience, context, cb"
FILES = sorted({file.stem for file in Path(__file__).parent.glob("*.toml")} - {"classes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One hostile hook and what must come of it."""

    name: str
    kind: str
    """Its class."""
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
    kept: Sequence[str] | None = None
    differs: bool = False
    twice: bool = False
    network: bool = False
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
        limits = replace(LIMITS, cpu_ms=30) if "cpu_limit" in entry.get("fails", ()) else LIMITS
        known = {name: entry.pop(name, document.get(name, value)) for name, value in _numbers(limits).items()}
        for name in ("fails", "rejected"):
            if isinstance(entry.get(name), str):
                entry[name] = [entry[name]]
        kind = entry.pop("class", document["class"])
        of_file = {name: document[name] for name in ("twice", "network") if name in document}
        source = _source(entry)
        yield Row(kind=kind, source=source, limits=Limits(**known), **{**of_file, **entry})


def _source(entry: dict[str, Any]) -> str:
    if "hook" in entry:
        return f"module.exports = function ({PARAMETERS}) {{ {entry.pop('hook')}\n}};"
    if "async" in entry:
        return f"module.exports = async function ({PARAMETERS}) {{ {entry.pop('async')}\n}};"
    if "action" in entry:
        return f"exports.onExecuteCredentialsExchange = async (event, api) => {{ {entry.pop('action')}\n}};"
    if "fetches" in entry:
        return FETCHES.replace("URLS", json.dumps(entry.pop("fetches")))
    if "deep" in entry:
        before, middle, after = entry.pop("deep")
        return str(before * DEEP + middle + after * DEEP)
    return str(entry.pop("source"))


def _numbers(limits: Limits) -> dict[str, int]:
    return {name: getattr(limits, name) for name in Limits.__slots__}
