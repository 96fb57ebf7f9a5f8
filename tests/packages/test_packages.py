"""A hundred npm packages do in the wasm engine what they do in Node: see README.md, which is held up to date here."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.packages.joining import CASES, HERE
from tests.packages.running import Both, run_all
from tests.packages.table import DOWNLOADS, KNOWN, README, published, rows

REPOSITORY = HERE.parents[1]
LEAST = 60


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Both]:
    """All cases, once in each engine."""
    return asyncio.run(run_all(tmp_path_factory.mktemp("packages"), list(CASES)))


@pytest.mark.parametrize("name", CASES)
def test_a_package_does_what_it_does_in_node(done: dict[str, Both], name: str):
    """The same value, or the package stands in known.toml; one that works does not stand there."""
    assert "value" in done[name].node, done[name].node
    if name in KNOWN:
        assert done[name].fault, "it works: make packages"
    else:
        assert not done[name].fault


def test_the_list():
    """A hundred, each with its case, and most of them work."""
    written = {file.relative_to(HERE / "cases").as_posix().removesuffix(".js") for file in HERE.glob("cases/**/*.js")}

    assert len(CASES) == 100
    assert set(CASES) == written == set(DOWNLOADS)
    assert set(KNOWN) <= set(CASES)
    assert len(CASES) - len(KNOWN) >= LEAST


def test_the_table_is_up_to_date(done: dict[str, Both]):
    """Its rows are what was found. Sizes may be a fifth off: each build of the guest moves them a little."""
    found, shown = rows(done), published()

    assert [replace(row, image_kb=0) for row in found] == [replace(row, image_kb=0) for row in shown], "make packages"
    assert [
        (row.name, row.image_kb, was.image_kb)
        for row, was in zip(found, shown, strict=True)
        if abs(row.image_kb - was.image_kb) > 20 + row.image_kb / 5
    ] == [], "make packages"


def test_the_readmes_numbers():
    """How many work is said at the top of the table and in the repository's README."""
    works = len(CASES) - len(KNOWN)

    assert f"\n{works} of these 100" in README.read_text()
    assert f" {works} do here what they do in Node" in (REPOSITORY / "README.md").read_text()
