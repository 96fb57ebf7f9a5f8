from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys

import pytest

from tests.dashboard.conftest import DASHBOARD
from tests.guest.test_build import load

FIRST_LOAD = 500_000
"""Bytes that the first page takes at most, packed; the editor is not in it."""
LONGEST_FILE = 400


def first_load(artifact) -> dict[str, int]:
    """Name to packed size of what the first page takes."""
    names = json.loads((artifact / "manifest.json").read_text())["first"]
    return {name: (artifact / f"{name}.gz").stat().st_size for name in names}


def test_the_first_load_is_small(artifact):
    """The page, its script, its style and its icon. What a page alone needs comes when it is opened."""
    sizes = first_load(artifact)

    assert sum(sizes.values()) < FIRST_LOAD
    assert sum(sizes.values()) < 100_000, "well below the limit: look at what came in before raising this"


def test_the_page_loads_what_was_built_and_nothing_inline(artifact):
    """Every address in it is a file of ours; no script, no style and no handler stands in the page itself."""
    page = gzip.decompress((artifact / "index.html.gz").read_bytes()).decode()
    named = re.findall(r'(?:src|href)="/dashboard/assets/([^"]+)"', page)

    assert set(named) == first_load(artifact).keys() - {"index.html"}
    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son\w+=|https?://", page) == []


def test_names_change_with_their_content(artifact):
    """Whatever is cached for ever has a hash in its name; source maps are not served."""
    names = [file.name for file in artifact.glob("*.gz") if file.name not in {"index.html.gz", "licences.txt.gz"}]

    assert names
    assert [name for name in names if re.fullmatch(r"[\w.]+-[A-Z0-9]{8}\.(js|css|svg)\.gz", name) is None] == []


def test_whose_work_is_in_it_has_its_licence_in_it(artifact):
    """Of every package that a script is from, as its own files have it; of none that only builds."""
    packages = json.loads((artifact / "manifest.json").read_text())["packages"]
    said = gzip.decompress((artifact / "licences.txt.gz").read_bytes()).decode()
    heads = re.findall(r"={80}\n(.+)\n={80}\n", said)

    assert {"preact", "lucide", "typescript", "style-mod", "@codemirror/view", "@lezer/lr"} <= set(packages)
    assert sorted(packages) == sorted(name.rpartition(" ")[0] for head in heads for name in head.split(", "))
    assert "esbuild" not in packages
    for name in packages:
        (licence,) = (DASHBOARD / "node_modules" / name).glob("LICENSE*")
        assert licence.read_text().strip().replace("\r", "") in said, name


def test_a_package_without_a_licence_stops_the_build(tmp_path):
    """And is named."""
    package = tmp_path / "@some" / "package"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "1.2.3"}')
    build = load(DASHBOARD / "build.py")

    with pytest.raises(SystemExit, match=r"@some/package 1\.2\.3 .* no licence"):
        build.licences(["@some/package"], tmp_path)
    (package / "LICENCE.md").write_text("Do as you like.\r\n")
    assert "@some/package 1.2.3\n" in build.licences(["@some/package"], tmp_path)
    assert build.licences(["@some/package"], tmp_path).endswith("Do as you like.\n")


def test_the_examples_are_templates(artifact):
    """All of hooks/, with their scripts, in a file of their own."""
    (file,) = artifact.glob("hookd_templates-*.gz")
    text = gzip.decompress(file.read_bytes()).decode()
    hooks = [path.name for path in (DASHBOARD.parents[1] / "hooks").iterdir() if path.is_dir()]

    assert hooks
    assert [name for name in hooks if f'"{name}"' not in text] == []


def test_the_types_hold(artifact):
    """TypeScript's compiler, strictly, over all sources."""
    done = subprocess.run(
        [sys.executable, DASHBOARD / "build.py", "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_source_files_stay_small():
    """A file holds one idea, here too."""
    files = [file for file in (DASHBOARD / "src").rglob("*") if file.suffix in {".ts", ".tsx"}]

    assert files
    assert [file.name for file in files if file.read_text().count("\n") > LONGEST_FILE] == []


def test_the_lock_names_no_registry():
    """npm takes the one that it is configured for, and checks the hashes."""
    lock = json.loads((DASHBOARD / "package-lock.json").read_text())

    assert [name for name, row in lock["packages"].items() if "resolved" in row] == []
    assert [name for name, row in lock["packages"].items() if name and "integrity" not in row] == []
