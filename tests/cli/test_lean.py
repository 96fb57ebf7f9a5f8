from __future__ import annotations

import subprocess
import sys


def test_httpx_brings_no_command_line_along():
    """And what it would need for one is still there for others afterwards."""
    script = "from runtime.cli.lean import httpx; import sys; print('rich' in sys.modules); import httpx._main"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
