"""The modules of every case, joined as a deploy joins them; but all from one installation, and in one process.

What `runtime.bundle` does for one hook it does in three steps: find, fetch, join. The first two are the lock's here. The third is
its own script, and the answers are read as it reads them.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

from runtime.bundle.bundler import Wanted, wanted_of
from runtime.bundle.bundles import Bundle, unpack
from runtime.bundle.esbuild import BUILD_ID, bundle_of
from runtime.bundle.specifiers import required
from runtime.settings import BundleSettings
from tests.installed import BUILD, NODE, npm_packages

HERE = Path(__file__).parent
ROOM = HERE.parents[1] / "runtime/bundle/esbuild"
SETTINGS = BundleSettings()
VERSIONS: dict[str, str] = json.loads((HERE / "package.json").read_text())["dependencies"]
CASES = {name: HERE / "cases" / f"{name}.js" for name in VERSIONS}


def bundles() -> dict[str, Bundle]:
    """Case to bundle. Kept in `build/` until a case, a version or how modules are joined changes."""
    wanted = {name: wanted_of(required(case.read_text(), VERSIONS), VERSIONS) for name, case in CASES.items()}
    lock = (HERE / "package-lock.json").read_text()
    made_of = json.dumps([lock, BUILD_ID, {name: one.entries for name, one in wanted.items()}])
    kept = BUILD / f"packages-joined-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
    if not kept.is_dir():
        _join(wanted, lock, kept)
    return {name: unpack((kept / hashlib.sha256(name.encode()).hexdigest()).read_bytes()) for name in CASES}


def _join(wanted: dict[str, Wanted], lock: str, kept: Path) -> None:
    work = npm_packages(HERE).parent
    requests = {name: {"entries": one.entries, "bytes": 64 << 20} for name, one in wanted.items()}
    (work / "requests.json").write_text(json.dumps(requests))
    main = npm_packages(ROOM) / "esbuild/lib/main.js"
    command = [NODE, HERE / "joining.mjs", ROOM / "bundle.mjs", main, work]
    subprocess.run(command, check=True, timeout=300, env={"PATH": os.environ["PATH"]})
    answers = json.loads((work / "answers.json").read_text())
    made = kept.with_name(f"{kept.name}.{os.getpid()}")
    made.mkdir()
    for name, answer in answers.items():
        bundle = bundle_of(answer, lock, wanted[name].names, SETTINGS.bytes)
        (made / hashlib.sha256(name.encode()).hexdigest()).write_bytes(bundle.pack()[1])
    made.rename(kept)
