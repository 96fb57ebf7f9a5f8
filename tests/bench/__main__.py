"""`make bench`: hookd against Node and others, in one run, on this machine.

    python -m tests.bench [--quick] [--only SECTION]... [--json FILE]

How to read it. Every figure is the median over rounds that were interleaved (A B C A B C ...), after one round that is
not counted. A column's name ends in its unit. Sections:

- `in-process`: one call after the other, without HTTP. All run the same hook on the same JSON text, and parse and
  serialize it themselves. *Fresh* rows make anew per call what isolates a hook: hookd a sandbox, `vm.createContext` a
  context in which a precompiled script runs, isolated-vm an isolate from a snapshot that holds the hook,
  quickjs-emscripten a context. `warm` is one function called again and again, with no isolation. hookd's rows run with
  the whole prelude and all limits and include reading the request and applying the claims rules; the *whole path* also
  bearer token (verified once, then remembered), execution record and the answer's JSON. The others have none of these.
- `http`: requests per second of one worker on one core. hookd is `hookd serve` with its defaults: bearer token, claims
  rules and execution record included. A token server reuses its bearer token, so does the load generator;
  hookd remembers verified tokens. The Node servers have none of that; the no-op endpoint runs no hook at all. `cpu_us`
  is the server's CPU time per answer. `busy` is the share of its core that the load generator used: near 1, it and not
  the server was measured.
- `deploy`: creating a hook over the management API, until it is stored, evaluated and enabled.
- `hooks`: memory with many hooks of many tenants, each run once; response times spread over them, against a hookd that
  has only one. Memory is read once, not per round.
- `neighbour`: response times of a good hook while another loops for ever, counted from when each request was due. The
  server may use all cores here.
- `storm`: response times of a good hook while another tenant sends as many requests as are answered, over 64 connections; and
  while it sends them to a service of its own on the same core: what any storm takes there from whoever is beside it. The
  generator that measures comes before the storm's on their core, where the system allows that (as root, on Linux).
- `tail`: from a hook's `console.log` to a client that follows the log live, at 500 executions/s on a fixed schedule.
- `workers`: what two workers give beside one, by their CPU time: the load generator takes half of a small machine.
- `redis`: executions and deploys with a Redis that two nodes share, beside SQLite in the same run; the hot path asks neither.
  Then how long the other node has the old version after a write was answered, while others ask it too: 0 where never.
- `overload`: requests at a fixed rate, from a quarter of the capacity to three times it, whatever the server does. Latencies
  count from when a request was due; `served_p99_ms` from when it was sent. The load generator has 256 connections, and gives
  up a request for which none is free for half a second, as a token server with a pool does: `given_up_share`. `cpu_us` is the
  server's CPU time for each answer, refusals included. Drawn in build/overload.svg.
- `capacity`: executions and deploys without end on two workers, and what each process takes when it is warm and at the end.
  `--executions 1000000 --deploys 10000` is the whole; each deploy is followed by a request that must find it in force, and a
  wrong decision breaks the section. What both keep is small there, so that it is full when they are warm.
- `start`: from exec to listening. The first start compiles the guest.

What is missing on a machine (Node, a package that does not build) is left out, and the report says why. `--quick` is
for trying the benchmark itself: too few rounds to quote.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import orjson

from tests.bench import machine, plot, references, report
from tests.bench.overload import LIMITED, OVERLOAD
from tests.bench.plan import FULL, QUICK, LeftOut, Plan
from tests.bench.report import Table, Tables
from tests.bench.sections import FRESH, HOOKD, SECTIONS
from tests.bench.servers import Broken
from tests.bench.targets import TARGETS

# Table -> the row that the others are compared with, and by which column.
COMPARED = {"in process": (FRESH, "p50_us"), "over HTTP": (HOOKD, "per_s"), "many hooks": ("one deployed", "p50_us")}


def main() -> int:
    """Run, print, perhaps write; 1 when a section could not be measured. A missed target is a figure, not a failure."""
    options = _parse()
    facts = machine.facts()
    left_out = references.missing()
    print(machine.render(facts), flush=True)
    names = options.only or list(SECTIONS)
    tables, broken = _measure(names, _plan(options), left_out)
    facts["load after"] = machine.load()
    verdicts = [report.judge(target, tables) for target in TARGETS]
    print(f"\n{report.render_verdicts(verdicts)}\n\nload after: {facts['load after']}")
    for name, reason in {**left_out, **broken}.items():
        print(f"left out: {name}: {reason}")
    if OVERLOAD in tables:
        curves = {"by default": tables[OVERLOAD], "with a rate limit": tables[LIMITED]}
        options.plot.parent.mkdir(exist_ok=True)
        options.plot.write_text(plot.svg("hookd, one worker: answers against offered load", curves))
        print(f"drawn: {options.plot}")
    if options.json:
        found = {"machine": facts, "tables": tables, "targets": verdicts, "left_out": {**left_out, **broken}}
        options.json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    return 1 if broken else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="hookd's benchmark")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, fewer hooks")
    parser.add_argument(
        "--only", action="append", choices=SECTIONS, metavar="SECTION", help=f"one of: {', '.join(SECTIONS)}"
    )
    parser.add_argument("--executions", type=int, metavar="N", help="so many in the section capacity")
    parser.add_argument("--deploys", type=int, metavar="N", help="likewise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument(
        "--plot", type=Path, default=Path("build/overload.svg"), help="where the section overload is drawn"
    )
    return parser.parse_args()


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else FULL
    return replace(plan, executions=options.executions or plan.executions, deploys=options.deploys or plan.deploys)


def _measure(names: list[str], plan: Plan, left_out: LeftOut) -> tuple[Tables, dict[str, str]]:
    """The sections' tables, printed as they come, and what broke."""
    tables: dict[str, Table] = {}
    broken: dict[str, str] = {}
    for name in names:
        try:
            measured = SECTIONS[name](plan, left_out)
        except Broken as reason:
            broken[f"section {name}"] = str(reason)
            continue
        tables |= measured
        for title, table in measured.items():
            base, column = COMPARED.get(title, ("", ""))
            print(f"\n{report.render_table(title, table, base, column)}", flush=True)
    return tables, broken


if __name__ == "__main__":
    sys.exit(main())
