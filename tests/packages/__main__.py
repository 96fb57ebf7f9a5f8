"""`make packages`: runs every case, takes off known.toml what works, and writes the table and the README's number.

Says what does not work and is not in known.toml: the reason is for somebody to write.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.installed import NODE
from tests.packages.joining import CASES, HERE
from tests.packages.running import run_all
from tests.packages.table import KNOWN, README, rendered, rows

with tempfile.TemporaryDirectory() as folder:
    done = asyncio.run(run_all(Path(folder), list(CASES)))
version = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")
works = [name for name in KNOWN if not done[name].fault]
for name in works:
    del KNOWN[name]
known = (HERE / "known.toml").read_text().splitlines()
(HERE / "known.toml").write_text(
    "".join(f"{row}\n" for row in known if row.partition('"')[2].partition('"')[0] not in works)
)
main = HERE.parents[1] / "README.md"
main.write_text(re.sub(r"\d+( do here what they do in Node)", rf"{len(CASES) - len(KNOWN)}\1", main.read_text()))
README.write_text(rendered(rows(done), version.partition(".")[0]))
for name, both in done.items():
    if both.fault and name not in KNOWN:
        sys.stdout.write(f"{name} does not work: {both.fault}\n")
