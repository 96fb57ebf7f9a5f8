"""`make soak`: a real `hookd serve` with two workers, under mixed and hostile load for half an hour, while it is started anew and workers die.

    python -m tests.soak [--minutes 30] [--storage sqlite | redis] [--plot build/soak.svg]

With a Redis there are two of it. Redis is killed, too, and comes back: meanwhile what is loaded decides, changes are refused, and
nothing is lost; so is a supervisor. At the end Redis loses everything, and workers and nodes start there all the same.

Prints what was counted and a row for each process that lived long enough: what it took when it was warm, and at its end.
Draws both over time. Ends with 1 if a decision was wrong, an acknowledged write is lost, a start anew failed, something was answered with a 5xx that is
not a 503, a burst was not recovered from, or a process grew beyond its bound.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import machine
from tests.bench.measures import BOUNDS
from tests.redis_servers import RedisServer
from tests.soak.plot import svg
from tests.soak.soaking import Soaked, soak

LONGEST_MINUTES = 24 * 60.0


def main() -> int:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--storage", choices=("sqlite", "redis"), default="sqlite")
    parser.add_argument("--plot", type=Path, default=Path("build/soak.svg"))
    options = parser.parse_args()
    if not 0 < options.minutes <= LONGEST_MINUTES:
        parser.error(f"--minutes must be more than 0 and at most {LONGEST_MINUTES:,.0f}")
    print(f"load before: {machine.load()}", flush=True)
    with ExitStack() as stack:
        folder, redis = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hookd-soak-"))), None
        if options.storage == "redis":
            redis = stack.enter_context(RedisServer(folder / "redis", appendfsync="always"))
        # Something happens every four minutes, and six times at least.
        chaos = max(6, int(options.minutes / 4))
        soaked = asyncio.run(soak(options.minutes * 60, folder, chaos=chaos, redis=redis))
    options.plot.parent.mkdir(exist_ok=True)
    options.plot.write_text(svg(soaked.series, soaked.events))
    print(report(soaked))
    print(f"drawn: {options.plot}")
    faults = soaked.faults()
    if faults:
        print(
            "\n".join(
                ("", f"{len(faults)} FAULTS:", *faults[:50], "", "The end of the service's log:", soaked.log[-5000:])
            )
        )
    return bool(faults)


def report(soaked: Soaked) -> str:
    """Two tables, and the sizes."""
    lines = [f"{count:>12,}  {name}" for name, count in sorted(soaked.told.counts.items())]
    lines += ["", f"{'process':<20}{'seconds':>9}" + "".join(f"{what:>22}" for what in BOUNDS)]
    for life in soaked.series.rows():
        spans = (life.warm_and_late(what) for what in BOUNDS)
        lived = life.samples[-1].seconds - life.samples[0].seconds
        cells = "".join(f"{f'{warm:,.0f} → {late:,.0f}':>22}" for warm, late in spans)
        lines.append(f"{f'{life.name} {life.pid}':<20}{lived:>9,.0f}{cells}")
    for name, index in (("database", 1), ("cache", 2)):
        sizes = [row[index] / (1 << 20) for row in soaked.sizes] or [0.0]
        lines.append(f"{name}: {sizes[0]:,.1f} MiB at first, {max(sizes):,.1f} at most, {sizes[-1]:,.1f} at the end")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
