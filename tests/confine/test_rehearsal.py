"""What the machine lets be given up is tried elsewhere: nothing is given up here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from runtime.confine.kernel import landlock_version


def test_it_says_what_a_service_would(tmp_path: Path):
    """Each of the three is given up, or missing with the reason; the one who asks has what it had."""
    before = Path("/proc/self/status").read_text().partition("NoNewPrivs")[2][:20]
    command = [sys.executable, "-m", "runtime.confine.rehearsal", "0", json.dumps({"write": [str(tmp_path)]})]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    said = json.loads(done.stdout)
    named = [*said["up"], *(text.partition(":")[0] for text in said["missing"])]

    assert sorted(name.partition(",")[0] for name in named) == ["files", "privileges", "system calls"]
    assert said["landlock"] == landlock_version()
    assert Path("/proc/self/status").read_text().partition("NoNewPrivs")[2][:20] == before
