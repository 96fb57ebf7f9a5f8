"""The TypeScript compiler over a folder with `hookd.d.ts`."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.installed import NODE, npm_packages

HERE = Path(__file__).parent
TYPES = HERE.parents[1] / "runtime/types/hookd.d.ts"
MODULES = TYPES.with_name("hookd-modules.d.ts")
OPTIONS = (
    *("--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2023", "--module", "commonjs"),
    *("--moduleDetection", "force", "--pretty", "false"),
    "--skipDefaultLibCheck",  # the compiler's own files are not ours to check, and take most of its time
)
NARROW = ("--lib", "es2023")
"""As the file's head recommends: JavaScript's own library, without the DOM."""

STYLES = {
    "credentials-exchange": "CredentialsExchange",
    "password-exchange": "PasswordExchange",
    "pre-user-registration": "PreUserRegistration",
    "post-user-registration": "PostUserRegistration",
    "post-change-password": "PostChangePassword",
    "send-phone-message": "SendPhoneMessage",
}
"""What a hook of each extensibility point is of."""

ACTIONS = {trigger: f"OnExecute{name}" for trigger, name in STYLES.items()} | {
    "password-exchange": "OnExecutePostLogin"
}
"""And an Action."""

Check: TypeAlias = Callable[..., list[tuple[str, int, str]]]


@pytest.fixture(scope="session")
def compiler() -> Path:
    """tsc, of exactly the version in package-lock.json."""
    return npm_packages(HERE) / "typescript/bin/tsc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what `hookd types` writes."""
    folder = tmp_path / "hook"
    folder.mkdir()
    shutil.copy(TYPES, folder)
    shutil.copy(MODULES, folder)
    return folder


@pytest.fixture
def check(compiler: Path, folder: Path) -> Check:
    """`check()`: what the compiler says of the folder: file, line and code of each error."""

    def run(*options: str) -> list[tuple[str, int, str]]:
        sources = sorted(path.name for path in folder.iterdir())
        return complaints(compiler, folder, *OPTIONS, *options, *sources)

    return run


def complaints(compiler: Path, folder: Path, *options: str) -> list[tuple[str, int, str]]:
    """What the compiler says, called like this in a folder."""
    command = [str(NODE), str(compiler), *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = re.findall(r"^(\S+?)\((\d+),\d+\): error (TS\d+)", done.stdout, re.MULTILINE)
    assert bool(found) == (done.returncode != 0), done.stdout + done.stderr
    return [(name, int(line), code) for name, line, code in found]
