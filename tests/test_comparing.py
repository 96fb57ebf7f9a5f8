"""No secret is compared by `==`, which takes longer the more of it is right: every place that may look like one is named here."""

from __future__ import annotations

import ast
import re
from pathlib import Path

RUNTIME = Path(__file__).parents[1] / "runtime"
SECRET_LOOKING = re.compile(
    r"secret|token|passw|\bmac\b|digest|signature|csrf|nonce|verifier|challenge|master|sealed", re.IGNORECASE
)

NO_SECRET = {
    "bundle/bundles.py": "the checksum of what is stored",
    "bundle/store.py": "the checksum of a file of our own",
    "cli/mistakes.py": "whether a URL of the operator's own configuration has a password in it",
    "guest/library.py": "the checksum of what was fetched",
    "issuer/sqlite_store.py": "two hashes of our own, to see whether a password was changed",
    "issuer/sqlite_tokens.py": "likewise",
    "sandbox/artefact.py": "the checksums of what the build left, which everybody may know",
    "sandbox/engine.py": "the checksum of compiled code of our own",
    "storage/board.py": "the number of a process",
    "storage/redis_catalogue.py": "the checksum of what is stored",
    "storage/redis_images.py": "likewise",
    "storage/tables.py": "likewise",
    "webtasks.py": "the name of a secret, and whether an upload has two values for it",
}
"""Files where something that is called so is compared by `==` or `!=`, and why it may be."""


def compares_by_equality(file: Path) -> bool:
    """Whether it compares what looks like a secret with anything but a constant."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Compare) or not any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            continue
        sides = [node.left, *node.comparators]
        constant = any(isinstance(side, ast.Constant) or ast.unparse(side).isupper() for side in sides)
        if not constant and SECRET_LOOKING.search(ast.unparse(node)):
            return True
    return False


def test_secrets_are_compared_in_the_same_time_however_wrong_they_are():
    """By `hmac.compare_digest`, by looking up a hash, or by opening what was sealed. A new place is looked at first."""
    found = {file.relative_to(RUNTIME).as_posix() for file in RUNTIME.rglob("*.py") if compares_by_equality(file)}

    assert found == NO_SECRET.keys()
