"""Who may do everything at a service under test: its configuration, a token, and what is asked with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SECRET = "a-secret-of-thirty-two-characters-or-more"
SCOPES = "create:hooks read:hooks update:hooks execute:hooks read:logs"
REQUEST = {"client": {"id": "shop"}, "scope": ["read"], "audience": "a", "context": {"ip": "192.0.2.1"}}
TRUSTED = f"""
[[auth.trusted]]
issuer = "urn:operators"
audience = "urn:hookd"
algorithm = "HS256"
tenant = "acme"
secret = "{SECRET}"
"""


def token(file: Path) -> str:
    """What `hookd token` mints."""
    command = [sys.executable, "-m", "runtime.cli", "token", "--config", str(file), "--scope", SCOPES]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True)
    return done.stdout.strip()
