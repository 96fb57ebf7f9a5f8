"""What this machine lets a process give up, tried by one that ends at once: `python -m runtime.confine.rehearsal PORT PLACES`.

PLACES is JSON, `{"write": [...], "execute": [...]}`; the standard output is JSON, `{"landlock", "up", "missing"}`: the version of
the kernel's Landlock (0 for none), and `Given`. Whoever asks keeps all its rights.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from runtime.confine import kernel
from runtime.confine.places import Places
from runtime.confine.process import confine, refuse_rings


def main() -> None:
    """Try it."""
    port, told = int(sys.argv[1]), json.loads(sys.argv[2])
    version = kernel.landlock_version() if sys.platform == "linux" else 0
    refuse_rings()
    given = confine(Places(**{name: tuple(map(Path, paths)) for name, paths in told.items()}), port=port)
    sys.stdout.write(json.dumps({"landlock": version, "up": given.up, "missing": given.missing}))


if __name__ == "__main__":
    main()
