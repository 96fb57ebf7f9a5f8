"""`make packages`: runs every case and writes the table. Says what it found where known.toml says otherwise."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.installed import NODE
from tests.packages.joining import CASES
from tests.packages.running import run_all
from tests.packages.table import KNOWN, README, rendered, rows

with tempfile.TemporaryDirectory() as folder:
    done = asyncio.run(run_all(Path(folder), list(CASES)))
version = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")
README.write_text(rendered(rows(done), version.partition(".")[0]))
for name, both in done.items():
    if both.fault and name not in KNOWN:
        sys.stdout.write(f"{name} does not work: {both.fault}\n")
    if not both.fault and name in KNOWN:
        sys.stdout.write(f"{name} works: take it off known.toml\n")
