"""The published table: README.md of this folder, written by `make packages` and held up to date by the test."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from tests.packages.joining import HERE, VERSIONS
from tests.packages.running import Both

README = HERE / "README.md"
KNOWN: dict[str, str] = tomllib.loads((HERE / "known.toml").read_text())
"""Package to why it does not do its main thing in the wasm engine."""
DOWNLOADS: dict[str, int] = tomllib.loads((HERE / "downloads.toml").read_text())

HEAD = """\
# npm packages in the wasm engine

{works} of these {all} packages load in hookd's wasm engine and do there what they do in Node {node}. They are the most
downloaded packages of pure JavaScript that somebody requires in a hook to work with data: not what only other packages
require, no tools for builds, tests and terminals, no frameworks. (`auth0`, `xmldom` and `bcryptjs` are downloaded less than
others that are not here.)

Each has a case in [cases](cases): a few lines that use it for what it is there for. The same file is run by Node, with the
packages as npm installed them, and as a hook in the wasm engine, with the packages joined as a deploy joins them; both
answer the same value, or the package does not work. Those with a server ask the same one. Versions are pinned in
[package.json](package.json); downloads are npm's, in millions a month; an image is what hookd keeps of a deployed hook and
maps into the memory of each run.

A package that is not here may well work. Written by `make packages`.

| package | version | downloads | in the wasm engine | image, kB | what does not work |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table."""

    name: str
    version: str
    downloads: int
    works: bool
    image_kb: int
    reason: str

    def __str__(self) -> str:
        works, size = "yes" if self.works else "no", self.image_kb or ""
        return f"| {self.name} | {self.version} | {self.downloads} | {works} | {size} | {self.reason} |"


def rows(done: Mapping[str, Both]) -> list[Row]:
    """Of every package, the most downloaded first."""
    return [
        Row(
            name=name,
            version=VERSIONS[name],
            downloads=millions,
            works=name not in KNOWN,
            image_kb=round(done[name].wasm.image_bytes / 1000),
            reason=KNOWN.get(name, ""),
        )
        for name, millions in DOWNLOADS.items()
    ]


def rendered(table: list[Row], node: str) -> str:
    """The whole README."""
    works = sum(row.works for row in table)
    return HEAD.format(works=works, all=len(table), node=node) + "".join(f"{row}\n" for row in table)


def published() -> list[Row]:
    """The table as it stands in the README."""
    found = re.findall(
        r"^\| (\S+) \| (\d\S*) \| (\d+) \| (yes|no) \| (\d*) \| (.*) \|$", README.read_text(), re.MULTILINE
    )
    return [
        Row(
            name=name,
            version=version,
            downloads=int(downloads),
            works=works == "yes",
            image_kb=int(size or 0),
            reason=reason,
        )
        for name, version, downloads, works, size, reason in found
    ]
