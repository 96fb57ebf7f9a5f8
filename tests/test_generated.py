"""What one file says of another is true: the example configuration, the guest's manifest, the lock, .gitignore."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from pathlib import Path

from runtime.settings import Settings, parse, render_example

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def test_the_example_configuration_is_up_to_date():
    """config.example.toml is what the settings table renders."""
    expected = render_example()

    assert expected == (REPOSITORY / "config.example.toml").read_text(), "run: make example"


def test_the_example_configuration_is_a_configuration():
    """As it stands it changes nothing; with every setting taken out of its comment, it still is one."""
    text = render_example()
    whole = re.sub(r"^# (?=\w+ = |\[\[)", "", text, flags=re.MULTILINE)

    assert Settings() == parse(tomllib.loads(text), {})
    assert parse(tomllib.loads(whole), {}).server == Settings().server


def test_the_guest_fits_its_sources():
    """The manifest has the hashes of the sources and of the module as they are."""
    spec = importlib.util.spec_from_file_location("guest_build", REPOSITORY / "runtime/guest/build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    manifest = json.loads((REPOSITORY / "runtime/guest/artifact/manifest.json").read_text())

    assert build.source_hashes() == manifest["sources"], "run: make guest"
    assert build.artefact_hashes() == manifest["artefacts"]


def test_the_lock_has_every_dependency():
    """Each requirement of pyproject.toml is pinned, with hashes, and the lock names no registry."""
    lock = (REPOSITORY / ".ci/requirements.lock").read_text()
    pinned = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", lock, re.MULTILINE))
    extras = PROJECT["optional-dependencies"].values()
    wanted = [row for rows in (PROJECT["dependencies"], *extras) for row in rows if not row.startswith("hookd")]

    assert [row for row in wanted if re.split("[=>]", row)[0] not in pinned] == []
    assert [row for row in wanted if "==" in row and row.split("==")[1] != pinned[row.split("==")[0]]] == []
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "index-url" not in lock


def test_git_ignores_what_is_made():
    """Data, environments and artefacts are never committed by accident."""
    ignored = set((REPOSITORY / ".gitignore").read_text().split())

    assert {".venv/", ".hookd/", "/runtime/guest/artifact/", "node_modules/", "dist/"} <= ignored


def test_the_top_level_is_as_agreed():
    """Nothing but these, beside dot files and what git ignores."""
    found = {path.name for path in REPOSITORY.iterdir() if not path.name.startswith(".")} - {"dist", "build"}

    assert found == {"pyproject.toml", "README.md", "runtime", "hooks", "tests", "Makefile", "config.example.toml"}
