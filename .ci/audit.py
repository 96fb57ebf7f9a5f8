"""Known vulnerabilities of everything in requirements.lock, by pip-audit.

Exit code 0: there are none. 1: there are, or not every package could be looked up. 3: no package could be, as where a package
index is a mirror that knows nothing of vulnerabilities: nothing is known then, neither good nor bad.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).with_name("requirements.lock")
UNKNOWN = 3


def audit(command: list[str]) -> int:
    """Run it, say what it found, and give the exit code."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        rows: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"pip-audit did not run:\n{done.stderr}", file=sys.stderr)
        return UNKNOWN if "ConnectionError" in done.stderr else 1
    skipped = [row["name"] for row in rows if "skip_reason" in row]
    found = [(row["name"], row["version"], vuln["id"]) for row in rows for vuln in row.get("vulns", ())]
    for name, version, vulnerability in found:
        print(f"{name} {version}: {vulnerability}")
    if len(skipped) == len(rows):
        print("The package index here knows nothing of vulnerabilities: none of the packages was looked up.")
        return UNKNOWN
    if skipped:
        print(f"Not looked up: {', '.join(skipped)}")
    if not found and not skipped:
        print(f"No known vulnerabilities in {len(rows)} packages.")
    return 1 if found or skipped else 0


if __name__ == "__main__":
    tool = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json"]
    sys.exit(audit([*tool, "--disable-pip", "--no-deps", "--requirement", str(LOCK)]))
