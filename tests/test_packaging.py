"""What is packed: a wheel that works without a compiler, and a source distribution that makes the same one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from runtime.sandbox.artefact import HOST
from tests.installed import engine_code

REPOSITORY = Path(__file__).parents[1]
PACKED = ["runtime", "hooks", "tests", "pyproject.toml", "README.md", "Makefile", "config.example.toml", ".gitignore"]
IGNORED = shutil.ignore_patterns("__pycache__", "node_modules")

# Runs hatchling where `importlib.metadata` knows no compiler: as on the machine of somebody who only installs.
WITHOUT_COMPILER = """
import importlib.metadata as metadata, sys
known = metadata.version
def version(name):
    if name == "ziglang":
        raise metadata.PackageNotFoundError(name)
    return known(name)
metadata.version = version
from hatchling.cli import hatchling
sys.argv = ["hatchling", "build", *sys.argv[1:]]
hatchling()
"""

RUN_A_HOOK = """
import asyncio, json, os, sys
from base64 import b64encode
import runtime
from runtime.bootstrap import open_runtime
from runtime.cli.demo import seed_body
from runtime.settings import parse

async def main():
    settings = parse({
        "storage": {"url": "sqlite:///hookd.db", "master_key": b64encode(bytes(32)).decode()},
        "sandbox": {"cache_directory": "cache"},
    }, {})
    async with open_runtime(settings) as opened:
        await opened.admin.create_hook("t", seed_body())
        request = {"client": {"id": "c"}, "scope": [], "audience": "a"}
        executed = await opened.dispatch.execute("t", "credentials-exchange", request)
    print(json.dumps({"file": runtime.__file__, "scope": executed.decision.scope}))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packed: a build never touches the repository."""
    tree = tmp_path_factory.mktemp("tree")
    for name in PACKED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=IGNORED)
        else:
            shutil.copy2(source, tree / name)
    return tree


def build(tree: Path, target: str, out: Path) -> Path:
    """The one file that hatchling makes of the tree."""
    command = [sys.executable, "-c", WITHOUT_COMPILER, "-t", target, "-d", str(out)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True)
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    return build(tree, "wheel", tmp_path_factory.mktemp("wheel"))


def names_in(wheel: Path) -> set[str]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_a_wheel_carries_the_guest_and_not_its_sources(wheel):
    """What runs is in it, with the licences of what others wrote; C, JavaScript to be compiled and tests are not."""
    names = names_in(wheel)

    assert {
        "runtime/guest/artifact/manifest.json",
        "runtime/guest/artifact/typescript.js",
        "runtime/guest/artifact/licences.txt",
        *(f"runtime/sandbox/{name}" for name in HOST),
        "runtime/dashboard/artifact/manifest.json",
        "runtime/dashboard/artifact/index.html.gz",
        "runtime/dashboard/artifact/licences.txt.gz",
        "runtime/cli/seed.js",
        "runtime/py.typed",
        "runtime/storage/schema/001_hooks.sql",
        "runtime/storage/scripts/write.lua",
        "runtime/issuer/scripts/write.lua",
        "runtime/deploy/hookd.service",
        "runtime/deploy/sqlite.yaml",
        "runtime/deploy/redis.yaml",
        "runtime/types/hookd.d.ts",
        "runtime/types/hookd-modules.d.ts",
        "runtime/templates/custom-claims/hook.js",
        "runtime/templates/custom-claims/hookd.toml",
        "runtime/templates/custom-claims/cases/adds-claim-and-scope.json",
    } <= names
    assert [name for name in names if name.startswith("runtime/guest/artifact/") and name.endswith(".wasm")] != []
    assert [
        name
        for name in names
        if name.startswith(("tests/", "hooks/", "runtime/guest/src", "runtime/guest/js", "runtime/dashboard/src"))
    ] == []
    assert {name.split("/")[0].split("-")[0] for name in names} == {"runtime", "hookd"}


def test_an_installed_wheel_runs_a_hook_without_a_compiler(wheel, tmp_path):
    """In an environment of its own, with the command on the path and the dependencies borrowed from this one."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True)
    site = venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    bare = {"PATH": str(venv / "bin"), "HOME": str(tmp_path), "HOOKD_SANDBOX_CACHE_DIRECTORY": str(tmp_path / "cache")}
    engine_code(tmp_path / "cache")
    ran = subprocess.run(
        [python, "-c", RUN_A_HOOK], cwd=tmp_path, env=bare, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert answer["scope"] == ["extra"]
    assert Path(answer["file"]).is_relative_to(venv)
    shown = subprocess.run(["hookd", "--version"], cwd=tmp_path, env=bare, capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("hookd ")
    subprocess.run(["hookd", "init", "mine", "--template", "deny-by-ip"], cwd=tmp_path, env=bare, check=True)
    subprocess.run(["hookd", "test", "mine"], cwd=tmp_path, env=bare, check=True)


def test_a_source_distribution_makes_the_same_wheel(tree, wheel, tmp_path):
    """It carries the guest beside its sources, so that nobody who installs from it compiles."""
    sdist = build(tree, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path / "unpacked")
    (unpacked,) = (tmp_path / "unpacked").iterdir()

    assert (unpacked / "runtime/guest/src/guest.c").exists()
    assert names_in(build(unpacked, "wheel", tmp_path / "again")) == names_in(wheel)


def test_nothing_private_is_packed(wheel):
    """No file names the machine that it was made on."""
    with zipfile.ZipFile(wheel) as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}

    assert [name for name, text in texts.items() if os.fsencode(REPOSITORY) + b"/" in text] == []
